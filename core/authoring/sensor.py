"""The ``@sensor`` decorator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from .default_status import DefaultSensorStatus
from .run_key_policy import RunKeyPolicy
from .sensor_definition import SensorDefinition
from .sensor_limits import SensorLimits
from .sensor_rules import DEFAULT_TIMEOUT
from .sensor_target import TargetJob

__all__ = ["SensorDefinition", "sensor"]

SensorFunction = Callable[..., Any]


@overload
def sensor(job_name: SensorFunction) -> SensorDefinition: ...


@overload
def sensor(
    job_name: str | None = None,
    *,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    job: TargetJob | None = None,
    jobs: Sequence[TargetJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    asset_selection: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
    evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
    limits: SensorLimits | None = None,
    run_key_policy: RunKeyPolicy | None = None,
    record: bool = True,
) -> Callable[[SensorFunction], SensorDefinition]: ...


def sensor(
    job_name: str | SensorFunction | None = None,
    *,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    job: TargetJob | None = None,
    jobs: Sequence[TargetJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    asset_selection: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
    evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
    limits: SensorLimits | None = None,
    run_key_policy: RunKeyPolicy | None = None,
    record: bool = True,
) -> SensorDefinition | Callable[[SensorFunction], SensorDefinition]:
    """Make a sensor of a function; works with and without parentheses.

    At most one of *job_name*, *job*, *jobs*, *asset_selection* and *target* may be given.

    Args:
        job_name: Name of a job in the same definitions.
        name: Name of the sensor, the function's name if left out.
        minimum_interval_seconds: From one tick's start to the next one's, fractions allowed. None
            and 0 stand for 30 s, a negative number for 5 s.
        description: For people; the docstring is not taken.
        job: The job that requests are for.
        jobs: The jobs that requests are for; each request then names its own.
        default_status: The status until an operator decides otherwise.
        asset_selection: The assets that requests are about; they run in the implicit asset job.
        required_resource_keys: Resources that the function finds in ``context.resources``.
        tags: Labels of the sensor; runs do not get them.
        metadata: For people, by name.
        target: A job, or assets, which get a job of their own.
        owners: E-mail addresses and ``team:<name>``.
        evaluation_timeout_seconds: The engine gives an evaluation up after this long; ours, > 0.
        limits: What the engine lets it do; ours.
        run_key_policy: When a run key gets one more run; ours.
        record: Whether the engine records what it reads, so that its ticks can be replayed; ours.

    Raises:
        DagsterInvalidDefinitionError: The declaration contradicts itself.
        CheckError: A parameter has the wrong type.
    """
    bare = job_name if callable(job_name) else None

    def define(function: SensorFunction) -> SensorDefinition:
        return SensorDefinition(
            name,
            evaluation_fn=function,
            job_name=None if callable(job_name) else job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=asset_selection,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
            evaluation_timeout_seconds=evaluation_timeout_seconds,
            limits=limits,
            run_key_policy=run_key_policy,
            record=record,
        )

    return define if bare is None else define(bare)
