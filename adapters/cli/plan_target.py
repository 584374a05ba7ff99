"""The cursor that a reset goes back to."""

from __future__ import annotations

from ...core.errors import TickTrailError
from ...core.log import EventLog
from ...core.moment_text import moment_of_text, moment_text
from ...core.sensor_state import SCHEDULE, SensorState
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..past import log_at
from .text import UsageError
from .tick import started_tick


def cursor_of(state: SensorState, text: str | None) -> str | None:
    """Return the cursor that an operator names for the sensor; that of a schedule is a moment.

    Raises:
        UsageError: It has to be a moment and is none.
    """
    if state.kind != SCHEDULE or text is None:
        return text
    moment = moment_of_text(text)
    if moment is None:
        raise UsageError(
            f"{state.name} is a schedule, its cursor is the last moment that it has handled: give a time such as "
            f"2026-01-31T06:00+00:00, not {text!r}"
        )
    return moment_text(moment)


def cursor_before(log: EventLog, sensor: str, tick: int) -> str | None:
    """Return the cursor as it was before a tick: the one that the tick was handed.

    Raises:
        TickTrailError: There is no such tick, or it is another sensor's.
    """
    started = started_tick(log, tick)
    if started.sensor != sensor:
        raise TickTrailError(
            f"tick {tick} is one of {started.sensor}, not of {sensor}: see `ticktrail tick list {sensor}`"
        )
    return started.cursor


def cursor_at(log: EventLog, sensor: str, at: int, now: int) -> str | None:
    """Return the cursor as it was at a time (UTC, microseconds since the epoch).

    Raises:
        NoSuchMoment: The log cannot say what was then.
    """
    states = SensorStates()
    fold(log_at(log, at, now), states)
    return states.get(sensor).cursor
