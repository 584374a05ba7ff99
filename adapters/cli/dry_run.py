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
    from ...core.evaluation import Evaluation
    from ..definitions_file import LoadedDefinitions


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
    from ...core.evaluation import evaluate
    from ...core.moments import handled, next_moment
    from ...core.run_key_tries import in_period
    from ...core.tick_context import tick_context
    from ..instance import DagsterInstance

    sensor, instance = loaded.sensors[state.name], DagsterInstance(log, read_only="a preview stores nothing")
    begun, now, moment = clock.monotonic(), clock.now(), None
    if isinstance(sensor, ScheduleDefinition):
        moment = next_moment(state, sensor.moments, now)
    context = tick_context(sensor, state, moment, loaded.definitions, instance)
    with contextlib.redirect_stdout(sys.stderr):
        evaluation = evaluate(sensor, context, loaded.definitions)
    if isinstance(sensor, ScheduleDefinition) and moment is not None:
        evaluation = handled(evaluation, state, sensor.moments, moment)
    evaluation = in_period(evaluation, sensor.run_key_policy, now)
    return DryRun(evaluation=evaluation, duration=clock.monotonic() - begun, scheduled_for=moment)
