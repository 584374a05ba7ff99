"""The contents of `Definitions`, resolved: every job, sensor and asset by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from .asset_graph import AssetGraph
from .asset_key import AssetKey
from .asset_selection import AssetSelection
from .asset_spec import AssetSpec
from .assets import AssetsDefinition
from .errors import DagsterInvalidDefinitionError, DagsterInvalidSubsetError, DagsterInvariantViolationError
from .job_definition import checked_job
from .jobs import JobDefinition, UnresolvedAssetJobDefinition
from .partitioned_schedule import UnresolvedPartitionedSchedule
from .resource_scope import missing_resource
from .schedule_definition import ScheduleDefinition
from .sensor_definition import SensorDefinition

#: The job that makes all assets; there is one whenever there are assets.
ASSET_JOB = "__ASSET_JOB"

#: Name of the one repository.
REPOSITORY = "__repository__"

Named = TypeVar("Named", JobDefinition, SensorDefinition, ScheduleDefinition)

_SCHEDULES = (ScheduleDefinition, UnresolvedPartitionedSchedule)
_Declared = SensorDefinition | UnresolvedPartitionedSchedule


class RepositoryDefinition:
    """All definitions of one `Definitions`, resolved and checked against each other.

    Attributes:
        name: Always ``"__repository__"``.
        assets: Who makes the assets, each after those it is made from.
        all_sensors: The sensors and schedules by name, in the order given.
        jobs: The jobs by name: those given, those that sensors target, and the implicit one.
        resources: What steps and sensors find in ``context.resources``.
    """

    name = REPOSITORY

    def __init__(
        self,
        assets: Iterable[AssetsDefinition | AssetSpec],
        jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition],
        sensors: Iterable[SensorDefinition],
        resources: Mapping[str, object],
        schedules: Iterable[ScheduleDefinition | UnresolvedPartitionedSchedule] = (),
    ) -> None:
        """Resolve the jobs and check all names.

        Raises:
            DagsterInvalidDefinitionError: A name is there twice, something named is not there, or
                the assets form a cycle.
            DagsterInvalidConfigError: A job's own run config does not fit it.
        """
        self.asset_graph = AssetGraph(assets)
        self.resources = dict(resources)
        declared = _by_name((*sensors, *schedules))
        self.jobs = self._resolved_jobs(jobs, declared.values())
        self.all_sensors = {name: self._resolved_sensor(sensor) for name, sensor in declared.items()}
        for sensor in self.all_sensors.values():
            self._check_target_jobs(sensor)
            self._check_target_assets(sensor)
            self._check_resources(sensor)
        for job in self.jobs.values():
            job.check_resources()

    @property
    def assets(self) -> list[AssetsDefinition]:
        """Who makes the assets, each after those it is made from."""
        return list(self.asset_graph.definitions)

    @property
    def sensors(self) -> dict[str, SensorDefinition]:
        """The sensors by name, in the order given."""
        return {n: s for n, s in self.all_sensors.items() if not isinstance(s, ScheduleDefinition)}

    @property
    def schedules(self) -> dict[str, ScheduleDefinition]:
        """The schedules by name, in the order given."""
        return {n: s for n, s in self.all_sensors.items() if isinstance(s, ScheduleDefinition)}

    @property
    def schedule_defs(self) -> list[ScheduleDefinition]:
        """The schedules, in the order given."""
        return list(self.schedules.values())

    @property
    def asset_keys(self) -> frozenset[AssetKey]:
        """The keys of the assets that can be made here."""
        return self.asset_graph.keys

    @property
    def job_names(self) -> list[str]:
        """The names of all jobs, the implicit one included."""
        return list(self.jobs)

    def get_job(self, name: str) -> JobDefinition:
        """Return the job of that name.

        Raises:
            DagsterInvariantViolationError: There is none.
        """
        return _named(self.jobs, name, "job")

    def get_sensor_def(self, name: str) -> SensorDefinition:
        """Return the sensor of that name.

        Raises:
            DagsterInvariantViolationError: There is none.
        """
        return _named(self.sensors, name, "sensor")

    def get_schedule_def(self, name: str) -> ScheduleDefinition:
        """Return the schedule of that name.

        Raises:
            DagsterInvariantViolationError: There is none.
        """
        return _named(self.schedules, name, "schedule")

    def has_schedule_def(self, name: str) -> bool:
        """Return whether there is a schedule of that name."""
        return name in self.schedules

    def has_job(self, name: str) -> bool:
        """Return whether there is a job of that name."""
        return name in self.jobs

    def has_sensor_def(self, name: str) -> bool:
        """Return whether there is a sensor of that name."""
        return name in self.sensors

    def get_all_jobs(self) -> list[JobDefinition]:
        """Return all jobs, the implicit one included."""
        return list(self.jobs.values())

    def _resolved_jobs(
        self, jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition], sensors: Iterable[_Declared]
    ) -> dict[str, JobDefinition]:
        targeted = [job for sensor in sensors for job in sensor.target_jobs]
        given: dict[str, JobDefinition | UnresolvedAssetJobDefinition] = {}
        for job in (*jobs, *targeted):
            if job.name == ASSET_JOB:
                raise DagsterInvalidDefinitionError(f"the job name {ASSET_JOB!r} is reserved: rename the job")
            if given.setdefault(job.name, job) is not job:
                raise DagsterInvalidDefinitionError(
                    f"Duplicate definition found for job {job.name!r}: two different jobs have that name, rename one"
                )
        resolved = {name: self._resolved(job) for name, job in given.items()}
        if self.asset_graph.keys:
            implicit = UnresolvedAssetJobDefinition(name=ASSET_JOB, selection=AssetSelection.all())
            resolved[ASSET_JOB] = implicit.resolve(self.asset_graph, self.resources, mixed_partitions=True)
        return resolved

    def _resolved(self, job: JobDefinition | UnresolvedAssetJobDefinition) -> JobDefinition:
        if isinstance(job, UnresolvedAssetJobDefinition):
            return job.resolve(self.asset_graph, self.resources)
        return checked_job(job.with_resources(self.resources))

    def _resolved_sensor(self, sensor: _Declared) -> SensorDefinition:
        if isinstance(sensor, UnresolvedPartitionedSchedule):
            return sensor.resolve(self.jobs[sensor.job.name].partitions_def)
        return sensor

    def _check_resources(self, sensor: SensorDefinition) -> None:
        for key in sorted(sensor.required_resource_keys):
            if key not in self.resources:
                raise missing_resource(key, sensor.what, self.resources)

    def _check_target_assets(self, sensor: SensorDefinition) -> None:
        if sensor.asset_selection is None:
            return
        try:
            self.asset_graph.definitions_of(sensor.asset_selection.resolve(self.asset_graph))
        except DagsterInvalidSubsetError as error:
            raise DagsterInvalidDefinitionError(
                f"asset_selection of sensor {sensor.name!r}: {error}"
            ) from error

    def _check_target_jobs(self, sensor: SensorDefinition) -> None:
        unknown = [name for name in sensor.target_job_names if name not in self.jobs]
        if unknown:
            raise DagsterInvalidDefinitionError(
                f"{sensor.what} targets the job {unknown[0]!r}, which is not among the jobs: "
                f"{', '.join(self.jobs) or 'none'}; add it to Definitions(jobs=[...])"
            )


def _by_name(sensors: Iterable[_Declared]) -> dict[str, _Declared]:
    found: dict[str, _Declared] = {}
    for sensor in sensors:
        other = found.setdefault(sensor.name, sensor)
        if other is not sensor:
            kinds = {_plural(sensor), _plural(other)}
            raise DagsterInvalidDefinitionError(
                f"Duplicate definition found for {sensor.name!r}: two different {' or '.join(sorted(kinds))} have "
                "that name, rename one"
            )
    return found


def _plural(sensor: _Declared) -> str:
    return "schedules" if isinstance(sensor, _SCHEDULES) else "sensors"


def _named(definitions: Mapping[str, Named], name: str, what: str) -> Named:
    found = definitions.get(name)
    if found is None:
        raise DagsterInvariantViolationError(
            f"there is no {what} {name!r}, known are: {', '.join(definitions) or 'none'}"
        )
    return found
