"""Definitions: everything that one file or module defines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .asset_spec import AssetSpec
from .assets import AssetsDefinition
from .errors import CheckError, DagsterInvalidDefinitionError
from .jobs import JobDefinition, UnresolvedAssetJobDefinition
from .metadata import normalize_metadata
from .partitioned_schedule import UnresolvedPartitionedSchedule
from .repository import RepositoryDefinition
from .resources import checked_resources, joined_resources
from .schedule_definition import ScheduleDefinition
from .sensor_definition import SensorDefinition


class Definitions:
    """Assets, jobs, sensors and resources that belong together; exactly one per file or module.

    The kinds of the parts are checked when it is built, whether they fit together when it is first
    used, since until then it may be merged with others that they refer to.

    Attributes:
        assets: As given.
        jobs: As given; `get_all_jobs` has all of them.
        sensors: As given.
        schedules: As given.
        resources: What steps and sensors find in ``context.resources``, by name.
        metadata: For people, by name.
    """

    def __init__(
        self,
        assets: Iterable[AssetsDefinition | AssetSpec] | None = None,
        schedules: Iterable[ScheduleDefinition | UnresolvedPartitionedSchedule] | None = None,
        sensors: Iterable[SensorDefinition] | None = None,
        jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: Any = None,
        loggers: Mapping[str, Any] | None = None,
        asset_checks: Iterable[Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the parts.

        Raises:
            DagsterInvalidDefinitionError: A part is of the wrong kind or not supported yet.
        """
        _refuse(executor=executor, loggers=loggers, asset_checks=asset_checks)
        self.assets = _parts(
            assets, "assets", (AssetsDefinition, AssetSpec), "what @asset made or an AssetSpec"
        )
        self.sensors = _parts(sensors, "sensors", (SensorDefinition,), "what @sensor made")
        self.schedules = _parts(
            schedules,
            "schedules",
            (ScheduleDefinition, UnresolvedPartitionedSchedule),
            "what @schedule or build_schedule_from_partitioned_job made",
        )
        self.jobs = _parts(
            jobs, "jobs", (JobDefinition, UnresolvedAssetJobDefinition), "what @job or define_asset_job made"
        )
        self.resources = checked_resources(resources, "Definitions")
        self.metadata = normalize_metadata(metadata)
        self._repository: RepositoryDefinition | None = None

    @classmethod
    def merge(cls, *def_sets: Definitions) -> Definitions:
        """Put several together; what is in more than one of them is there once.

        Names and keys that stand for different things are refused when the result is first used. Of
        metadata under one name the last counts.

        Raises:
            CheckError: Something is no `Definitions`.
            DagsterInvariantViolationError: Two of them have different resources of one name.
        """
        for index, part in enumerate(def_sets):
            if not isinstance(part, Definitions):
                raise CheckError(f"Definitions.merge takes Definitions objects, argument {index} is {part!r}")
        return cls(
            assets=_each_once(part.assets for part in def_sets),
            sensors=_each_once(part.sensors for part in def_sets),
            schedules=_each_once(part.schedules for part in def_sets),
            jobs=_each_once(part.jobs for part in def_sets),
            resources=joined_resources([part.resources for part in def_sets]),
            metadata={name: value for part in def_sets for name, value in part.metadata.items()},
        )

    @staticmethod
    def validate_loadable(defs: Definitions) -> None:
        """Resolve *defs*, as loading it does.

        Raises:
            CheckError: *defs* is no `Definitions`.
            DagsterInvalidDefinitionError: As `get_repository_def`.
            DagsterInvalidConfigError: As `get_repository_def`.
        """
        if not isinstance(defs, Definitions):
            raise CheckError(f"validate_loadable takes a Definitions object, got {defs!r}")
        defs.get_repository_def()

    def get_repository_def(self) -> RepositoryDefinition:
        """Return everything, resolved; the other getters resolve it too.

        Raises:
            DagsterInvalidDefinitionError: A name is there twice, something named is not there, or the
                assets form a cycle.
            DagsterInvalidConfigError: A job's own run config does not fit it.
        """
        if self._repository is None:
            self._repository = RepositoryDefinition(
                self.assets, self.jobs, self.sensors, self.resources, self.schedules
            )
        return self._repository

    def get_job_def(self, name: str) -> JobDefinition:
        """Return the job of that name: given, targeted by a sensor, or ``"__ASSET_JOB"``.

        Raises:
            DagsterInvariantViolationError: There is none.
        """
        return self.get_repository_def().get_job(name)

    def has_job_def(self, name: str) -> bool:
        """Return whether there is a job of that name."""
        return self.get_repository_def().has_job(name)

    def get_all_jobs(self) -> list[JobDefinition]:
        """Return all jobs: those given, those that sensors target, and the implicit one."""
        return self.get_repository_def().get_all_jobs()

    def get_sensor_def(self, name: str) -> SensorDefinition:
        """Return the sensor of that name.

        Raises:
            DagsterInvariantViolationError: There is none.
        """
        return self.get_repository_def().get_sensor_def(name)

    def get_schedule_def(self, name: str) -> ScheduleDefinition:
        """Return the schedule of that name.

        Raises:
            DagsterInvariantViolationError: There is none.
        """
        return self.get_repository_def().get_schedule_def(name)


def _each_once(parts: Iterable[list[Any]]) -> list[Any]:
    return list({id(one): one for part in parts for one in part}.values())


def _refuse(**unsupported: Any) -> None:
    for name, value in unsupported.items():
        if value is not None and value != [] and value != {} and value != ():
            raise DagsterInvalidDefinitionError(f"Definitions: {name} are not supported yet, leave them out")


def _parts(values: Any, name: str, kinds: tuple[type, ...], expected: str) -> list[Any]:
    if values is None:
        return []
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise DagsterInvalidDefinitionError(f"Definitions: {name} must be a list, got {values!r}")
    parts = list(values)
    for index, part in enumerate(parts):
        if not isinstance(part, kinds) or (name == "sensors" and isinstance(part, ScheduleDefinition)):
            raise DagsterInvalidDefinitionError(
                f"Definitions: {name}[{index}] must be {expected}, got {part!r} ({type(part).__name__})"
            )
    return parts
