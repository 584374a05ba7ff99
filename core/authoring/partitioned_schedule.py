"""Schedules that follow the partitions of a job: each tick asks for the latest partition that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from .default_status import DefaultScheduleStatus
from .errors import CheckError, DagsterInvalidDefinitionError
from .jobs import UnresolvedAssetJobDefinition
from .multi_partitions import MultiPartitionKey, MultiPartitionsDefinition
from .partitions import PartitionsDefinition, StaticPartitionsDefinition
from .run_request import RunRequest, SkipReason
from .schedule_context import ScheduleEvaluationContext
from .schedule_definition import ScheduleDefinition
from .sensor_target import TargetJob, job_target
from .time_partitions import (
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitions,
    WeeklyPartitionsDefinition,
)

_NO_PARTITIONS = "The job's PartitionsDefinition has no partitions"


class UnresolvedPartitionedSchedule(msgspec.Struct, frozen=True):
    """A schedule of an asset job whose partitions are known once there are definitions.

    Attributes:
        name: Of the schedule.
        job: The job.
        declared: The parameters of `build_schedule_from_partitioned_job`.
    """

    name: str
    job: UnresolvedAssetJobDefinition
    declared: dict[str, Any]

    @property
    def target_jobs(self) -> list[TargetJob]:
        """The job, for the definitions to resolve."""
        return [self.job]

    def resolve(self, partitions: PartitionsDefinition | None) -> ScheduleDefinition:
        """Return the schedule for a job with these partitions.

        Raises:
            CheckError: There are none, or none that a schedule can follow.
            DagsterInvalidDefinitionError: The times do not fit the partitions.
        """
        return _schedule(self.name, self.job, partitions, **self.declared)


def build_schedule_from_partitioned_job(
    job: TargetJob,
    description: str | None = None,
    name: str | None = None,
    minute_of_hour: int | None = None,
    hour_of_day: int | None = None,
    day_of_week: int | None = None,
    day_of_month: int | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    tags: Mapping[str, str] | None = None,
    cron_schedule: str | None = None,
    execution_timezone: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
) -> ScheduleDefinition | UnresolvedPartitionedSchedule:
    """Make a schedule that asks for each partition of *job* when it is over.

    For partitions in time, it ticks when one ends, or later at the time given. With a fixed list of
    partitions each tick asks for all of them. Of two dimensions, one in time and one a list, each tick
    asks for the latest of the one with all of the other.

    Args:
        name: ``<job>_schedule`` if left out.
        minute_of_hour: 0 to 59.
        hour_of_day: 0 to 23; not for hours.
        day_of_week: 0 (Sunday) to 6; for weeks.
        day_of_month: 1 to 31; for months.
        tags: Labels of the schedule, and tags of the runs.
        cron_schedule: When to tick; for a fixed list of partitions, and only for that.
        execution_timezone: Whose clock *cron_schedule* goes by.

    Returns:
        The schedule; for an asset job that has its partitions from its assets, what `Definitions`
        makes the schedule of.

    Raises:
        CheckError: The job has no partitions, or none that a schedule can follow.
        DagsterInvalidDefinitionError: The times do not fit the partitions.
    """
    own_name = f"{job_target('build_schedule_from_partitioned_job', job).job_name}_schedule"
    declared: dict[str, Any] = {
        "times": (minute_of_hour, hour_of_day, day_of_week, day_of_month),
        "cron_schedule": cron_schedule,
        "execution_timezone": execution_timezone,
        "description": description,
        "default_status": default_status,
        "tags": tags,
        "metadata": metadata,
        "owners": owners,
    }
    name = own_name if name is None else name
    if isinstance(job, UnresolvedAssetJobDefinition) and job.partitions_def is None:
        return UnresolvedPartitionedSchedule(name, job, declared)
    return _schedule(name, job, job.partitions_def, **declared)


def _schedule(
    name: str,
    job: TargetJob,
    partitions: PartitionsDefinition | None,
    *,
    times: tuple[int | None, ...],
    cron_schedule: str | None,
    execution_timezone: str | None,
    tags: Mapping[str, str] | None,
    **declared: Any,
) -> ScheduleDefinition:
    if partitions is None:
        raise CheckError(
            f"schedule {name!r}: The provided job is not partitioned, {job.name!r}: give it partitions"
        )
    in_time = _part_in_time(name, partitions)
    own_times = [time for time in times if time is not None]
    if (cron_schedule is not None or execution_timezone is not None) and (in_time or own_times):
        raise CheckError(
            f"schedule {name!r}: Cannot provide cron_schedule or execution_timezone together with times of day, or "
            "for partitions in time: those say when it ticks"
        )
    if in_time is not None:
        cron_schedule, execution_timezone = _cron(name, in_time, *times), in_time.timezone
    elif cron_schedule is None:
        raise CheckError(
            f"schedule {name!r}: a fixed list of partitions requires a cron schedule: give cron_schedule="
        )
    return ScheduleDefinition(
        name,
        job=job,
        cron_schedule=cron_schedule,
        execution_timezone=execution_timezone,
        execution_fn=_asking_for_latest(partitions, tags),
        tags=tags,
        **declared,
    )


def _part_in_time(name: str, partitions: PartitionsDefinition) -> TimeWindowPartitions | None:
    """Return what says when the schedule ticks, None if a cron expression does."""
    if isinstance(partitions, TimeWindowPartitions):
        return partitions
    if isinstance(partitions, StaticPartitionsDefinition):
        return None
    if isinstance(partitions, MultiPartitionsDefinition):
        parts = list(partitions.partitions_defs.values())
        in_time = [part for part in parts if isinstance(part, TimeWindowPartitions)]
        if len(in_time) == 1 and any(isinstance(part, StaticPartitionsDefinition) for part in parts):
            return in_time[0]
    raise DagsterInvalidDefinitionError(
        f"schedule {name!r}: it cannot follow {partitions!r}: it takes partitions in time, a fixed list, or one of "
        "both as the dimensions of a MultiPartitionsDefinition"
    )


def _cron(
    name: str,
    partitions: TimeWindowPartitions,
    minute: int | None,
    hour: int | None,
    day_of_week: int | None,
    day_of_month: int | None,
) -> str:
    """Return the cron expression of the ends of the partitions, or of the time after them that is given."""
    given = {"hour_of_day": hour, "day_of_week": day_of_week, "day_of_month": day_of_month}
    takes = {HourlyPartitionsDefinition: (), WeeklyPartitionsDefinition: ("hour_of_day", "day_of_week")}
    allowed = takes.get(type(partitions), ("hour_of_day",))
    if isinstance(partitions, MonthlyPartitionsDefinition):
        allowed = ("hour_of_day", "day_of_month")
    for parameter, value in given.items():
        if value is not None and parameter not in allowed:
            raise CheckError(f"schedule {name!r}: Cannot set {parameter} with {type(partitions).__name__}")
    own = {field: getattr(partitions, f"{field}_offset", None) for field in ("minute", "hour", "day")}
    at = f"{own['minute'] if minute is None else minute} {own['hour'] if hour is None else hour}"
    if isinstance(partitions, HourlyPartitionsDefinition):
        return f"{own['minute'] if minute is None else minute} * * * *"
    if isinstance(partitions, WeeklyPartitionsDefinition):
        return f"{at} * * {own['day'] if day_of_week is None else day_of_week}"
    if isinstance(partitions, MonthlyPartitionsDefinition):
        return f"{at} {own['day'] if day_of_month is None else day_of_month} * *"
    return f"{at} * * *"


def _asking_for_latest(
    partitions: PartitionsDefinition, tags: Mapping[str, str] | None
) -> Callable[[ScheduleEvaluationContext], list[RunRequest] | SkipReason]:
    def ask_for_latest(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
        keys = _latest_keys(partitions, context.scheduled_execution_time)
        requests = [RunRequest(run_key=key, partition_key=key, tags=tags) for key in keys]
        return requests or SkipReason(_NO_PARTITIONS)

    return ask_for_latest


def _latest_keys(partitions: PartitionsDefinition, at: datetime) -> list[str]:
    if isinstance(partitions, TimeWindowPartitions):
        last = partitions.get_last_partition_key(at)
        return [] if last is None else [last]
    if isinstance(partitions, MultiPartitionsDefinition):
        (first, firsts), (second, seconds) = (
            (name, _latest_keys(part, at)) for name, part in partitions.partitions_defs.items()
        )
        return [MultiPartitionKey({first: one, second: other}) for one in firsts for other in seconds]
    return list(partitions.get_partition_keys(at))
