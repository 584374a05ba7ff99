"""Which jobs' runs a run status sensor reacts to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .errors import CheckError
from .jobs import JobDefinition, UnresolvedAssetJobDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLocationSelector:
    """All jobs of a code location. A log has one, whatever its name."""

    location_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySelector:
    """All jobs of a repository. A log has one, whatever its name."""

    location_name: str
    repository_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSelector:
    """One job by its name, or all jobs if it gives none. A log has one code location, whatever its name."""

    location_name: str
    repository_name: str | None = None
    job_name: str | None = None


Selector: TypeAlias = (
    JobDefinition | UnresolvedAssetJobDefinition | CodeLocationSelector | RepositorySelector | JobSelector
)


def monitored_names(sensor: str, jobs: Sequence[Selector] | None) -> frozenset[str] | None:
    """Return the names of the jobs that *jobs* stand for; None for all.

    Raises:
        CheckError: One is no job and no selector.
    """
    if jobs is None:
        return None
    if not isinstance(jobs, Sequence) or isinstance(jobs, (str, bytes)):
        raise CheckError(
            f"monitored_jobs of sensor {sensor!r} is {jobs!r} ({type(jobs).__name__}): give a list of jobs"
        )
    names = [_name(sensor, job) for job in jobs]
    known = [name for name in names if name is not None]
    return frozenset(known) if known and len(known) == len(names) else None


def _name(sensor: str, job: object) -> str | None:
    """Return the one name that *job* stands for, None for all."""
    match job:
        case JobDefinition() | UnresolvedAssetJobDefinition():
            return job.name
        case JobSelector():
            return job.job_name
        case CodeLocationSelector() | RepositorySelector():
            return None
    raise CheckError(
        f"monitored_jobs of sensor {sensor!r} has {job!r} ({type(job).__name__}): give what @job or "
        "define_asset_job made, or a JobSelector"
    )
