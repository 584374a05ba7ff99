"""The context in which a tick's sensor is evaluated."""

from __future__ import annotations

from typing import Any

from .authoring.definitions import Definitions
from .authoring.schedule_definition import ScheduleDefinition
from .authoring.sensor_context import SensorEvaluationContext
from .authoring.sensor_definition import SensorDefinition
from .sensor_state import SensorState


def tick_context(
    sensor: SensorDefinition,
    state: SensorState,
    scheduled_for: int | None,
    definitions: Definitions,
    instance: Any,
) -> SensorEvaluationContext:
    """Return a fresh context of a tick.

    Args:
        state: The sensor when the tick started.
        scheduled_for: The moment that a schedule's tick stands for (UTC, microseconds), None for sensors.
        instance: What the sensor finds in ``context.instance``.
    """
    if scheduled_for is not None and isinstance(sensor, ScheduleDefinition):
        return sensor.context_for(
            scheduled_for, sensor_name=sensor.name, definitions=definitions, instance=instance
        )
    return SensorEvaluationContext(
        sensor_name=sensor.name,
        cursor=state.cursor,
        last_run_key=state.last_run_key,
        last_tick_completion_time=_seconds(state.last_finished_tick_at),
        last_sensor_start_time=_seconds(state.last_started_at),
        definitions=definitions,
        instance=instance,
    )


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1e6
