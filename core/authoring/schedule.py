"""The ``@schedule`` decorator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .default_status import DefaultScheduleStatus
from .schedule_definition import ScheduleDefinition
from .sensor_limits import SensorLimits
from .sensor_rules import DEFAULT_TIMEOUT
from .sensor_target import TargetJob


def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    tags_fn: Callable[..., Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    should_execute: Callable[..., Any] | None = None,
    execution_timezone: str | None = None,
    description: str | None = None,
    job: TargetJob | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    required_resource_keys: set[str] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
    evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
    limits: SensorLimits | None = None,
    record: bool = True,
    **unsupported: Any,
) -> Callable[[Callable[..., Any]], ScheduleDefinition]:
    """Make a schedule of a function that says what a moment asks for.

    The function takes the context, or nothing, and resources by annotation. It returns or yields
    `RunRequest`s, or returns a `SkipReason`, run config for one run, or None for none. `ScheduleDefinition`
    tells the parameters.

    Args:
        name: The function's name if left out.

    Raises:
        DagsterInvalidDefinitionError: The declaration contradicts itself, or there is no such time
            zone, or *cron_schedule* names no moments.
        CheckError: A parameter has the wrong type, or there is no target.
    """

    def define(function: Callable[..., Any]) -> ScheduleDefinition:
        return ScheduleDefinition(
            getattr(function, "__name__", "") if name is None else name,
            cron_schedule=cron_schedule,
            job_name=job_name,
            tags=tags,
            tags_fn=tags_fn,
            metadata=metadata,
            should_execute=should_execute,
            execution_timezone=execution_timezone,
            execution_fn=function,
            description=description,
            job=job,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            target=target,
            owners=owners,
            evaluation_timeout_seconds=evaluation_timeout_seconds,
            limits=limits,
            record=record,
            **unsupported,
        )

    return define
