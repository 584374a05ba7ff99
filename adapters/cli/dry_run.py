"""One evaluation of a sensor with its effects off."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.clock import Clock
from ...core.log import EventLog
from ...core.sensor_state import SensorState

if TYPE_CHECKING:
    from ...core.authoring.schedule_definition import ScheduleDefinition
    from ...core.evaluation import Evaluation
    from ..definitions_file import LoadedDefinitions
    from ..instance import DagsterInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What came of it.

    Attributes:
        duration: Wall time of the evaluation in seconds.
        scheduled_for: The moment that a schedule was evaluated for, which may not have come yet; None for
            sensors. UTC, microseconds since the epoch.
    """

    evaluation: Evaluation
    duration: float
    scheduled_for: int | None = None


def dry_run(loaded: LoadedDefinitions, state: SensorState, log: EventLog, clock: Clock) -> DryRun:
    """Evaluate the sensor as it would be in *state*; a schedule for its next moment. Nothing is stored or launched.

    What the user's code prints goes to standard error.
    """
    from ...core.authoring.schedule_definition import ScheduleDefinition
    from ...core.run_key_tries import in_period
    from ..instance import DagsterInstance

    sensor, instance = loaded.sensors[state.name], DagsterInstance(log, read_only="a preview stores nothing")
    begun = clock.monotonic()
    with contextlib.redirect_stdout(sys.stderr):
        if isinstance(sensor, ScheduleDefinition):
            evaluation, moment = _of_schedule(loaded, sensor, state, instance, clock.now())
        else:
            evaluation, moment = _of_sensor(loaded, state, instance), None
    evaluation = in_period(evaluation, sensor.run_key_policy, clock.now())
    return DryRun(evaluation=evaluation, duration=clock.monotonic() - begun, scheduled_for=moment)


def _of_sensor(loaded: LoadedDefinitions, state: SensorState, instance: DagsterInstance) -> Evaluation:
    from ...core.authoring.sensor_context import SensorEvaluationContext
    from ...core.evaluation import evaluate

    context = SensorEvaluationContext(
        sensor_name=state.name,
        cursor=state.cursor,
        last_run_key=state.last_run_key,
        last_tick_completion_time=_seconds(state.last_finished_tick_at),
        last_sensor_start_time=_seconds(state.last_started_at),
        definitions=loaded.definitions,
        instance=instance,
    )
    return evaluate(loaded.sensors[state.name], context, loaded.definitions)


def _of_schedule(
    loaded: LoadedDefinitions,
    schedule: ScheduleDefinition,
    state: SensorState,
    instance: DagsterInstance,
    now: int,
) -> tuple[Evaluation, int]:
    from ...core.evaluation import evaluate
    from ...core.moments import handled, next_moment, passed_over

    moment = next_moment(state, schedule.moments, now)
    context = schedule.context_for(
        moment, sensor_name=schedule.name, definitions=loaded.definitions, instance=instance
    )
    evaluation = evaluate(schedule, context, loaded.definitions)
    return handled(evaluation, state, moment, passed_over(state, schedule.moments, moment)), moment


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1e6
