"""What a sensor asks runs of: jobs, a job known by its name, or a selection of assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .asset_selection import AssetSelection, coerce_to_asset_selection
from .errors import CheckError, DagsterInvalidDefinitionError
from .jobs import JobDefinition, UnresolvedAssetJobDefinition, define_asset_job

#: What stands for a job in a declaration.
TargetJob = JobDefinition | UnresolvedAssetJobDefinition


class SensorTarget(msgspec.Struct, frozen=True):
    """One job that a sensor may ask runs of.

    Attributes:
        job_name: The job's name.
        job: The job, None when the declaration has its name only.
    """

    job_name: str
    job: TargetJob | None = None


class SensorTargets(msgspec.Struct, frozen=True):
    """All that a sensor may ask runs of: jobs or a selection, never both.

    Attributes:
        jobs: The jobs, in the order of the declaration.
        asset_selection: The assets that requests are about, None for a sensor of jobs.
    """

    jobs: tuple[SensorTarget, ...] = ()
    asset_selection: AssetSelection | None = None


def sensor_targets(
    name: str,
    what: str,
    *,
    job_name: str | None,
    job: object,
    jobs: object,
    asset_selection: Any,
    target: Any,
) -> SensorTargets:
    """Return what the parameters of a declaration, at most one of them given, amount to.

    Args:
        what: Names the declaration for people, here and below, as in ``"sensor 's'"``.

    Raises:
        DagsterInvalidDefinitionError: More than one is given.
        CheckError: One has the wrong type.
    """
    given = {
        "target": target,
        "job": job,
        "jobs": jobs,
        "job_name": job_name,
        "asset_selection": asset_selection,
    }
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise DagsterInvalidDefinitionError(
            f"{what} gives more than one of {', '.join(given)}: it gives {' and '.join(names)}, keep one"
        )
    if target is not None:
        return SensorTargets((_anonymous_or_job(name, what, target),))
    if job_name is not None:
        return SensorTargets((SensorTarget(_checked_job_name(what, job_name)),))
    if job is not None:
        return SensorTargets((job_target(what, job),))
    if jobs is not None:
        return SensorTargets(job_targets(what, jobs))
    return SensorTargets((), None if asset_selection is None else coerce_to_asset_selection(asset_selection))


def job_targets(what: str, jobs: object) -> tuple[SensorTarget, ...]:
    """Return the targets that a list of jobs stands for.

    Raises:
        CheckError: It is no list of jobs.
    """
    if not isinstance(jobs, Sequence) or isinstance(jobs, (str, bytes)):
        raise CheckError(f"jobs of {what} is {jobs!r} ({type(jobs).__name__}): give a list of jobs")
    return tuple(job_target(what, job) for job in jobs)


def job_target(what: str, job: object) -> SensorTarget:
    """Return the target that a job stands for.

    Raises:
        CheckError: It is no job.
    """
    if isinstance(job, (JobDefinition, UnresolvedAssetJobDefinition)):
        return SensorTarget(job.name, job)
    raise CheckError(
        f"{what}: {job!r} ({type(job).__name__}) is no job: give what @job or define_asset_job "
        "made; assets go into target=, names of jobs into job_name="
    )


def _anonymous_or_job(name: str, what: str, target: Any) -> SensorTarget:
    if isinstance(target, (JobDefinition, UnresolvedAssetJobDefinition)):
        return job_target(what, target)
    selection = coerce_to_asset_selection(target)
    return job_target(what, define_asset_job(f"__anonymous_asset_job_{name}", selection))


def _checked_job_name(what: str, name: object) -> str:
    if isinstance(name, str):
        return name
    raise CheckError(f"job_name of {what} is {name!r} ({type(name).__name__}): give a str")
