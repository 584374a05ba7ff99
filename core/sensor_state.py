"""The state of one sensor, and how events change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from .allowance import Recent, with_requested
from .events import (
    AnyEvent,
    CursorReset,
    CursorUpdated,
    DefaultStatus,
    RequestsPutOff,
    SensorDefined,
    SensorImported,
    SensorQuarantined,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    TickCompleted,
    TickFailed,
    TickImported,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)
from .moment_text import moment_of_text

#: What an operator last said: on, off, or as the code says.
StoredStatus = Literal["RUNNING", "STOPPED", "DECLARED_IN_CODE"]

#: How a sensor stands: switched on or off, and if on, whether it is held back; or no longer in the definitions;
#: or brought in from another system and not in them yet.
Standing = Literal["RUNNING", "STOPPED", "QUARANTINED", "RETIRED", "IMPORTED"]

#: How a tick ended; ``STARTED`` while it has not.
TickStatus = Literal["STARTED", "SUCCESS", "SKIPPED", "FAILURE", "INTERRUPTED"]

#: The kind of a schedule: its ticks are for moments, and its cursor is the last one it has handled.
SCHEDULE = "SCHEDULE"


class SensorState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the log says of one sensor up to some offset.

    Times are UTC, microseconds since the epoch.

    Attributes:
        name: The sensor's name.
        defined: Whether the current definitions hold the sensor.
        kind: Sort of sensor, such as ``"STANDARD"``.
        interval: Seconds from one tick's start to the next one's.
        default_status: The status written in code.
        stored_status: What an operator last said.
        fingerprint: Digest of the code last seen, empty if it was never in the definitions.
        cursor: As the sensor or an operator last left it.
        last_run_key: Last key of the latest tick that had any, kept over skips.
        last_started_at: When the sensor was last switched on; None if it never was.
        last_tick_at: Start of the latest tick, whatever became of it.
        last_finished_tick_at: Start of the latest tick that was completed, skipped or failed.
        open_tick: Id of the tick in flight.
        open_tick_at: Start of the tick in flight.
        consecutive_failures: Failed ticks since the last one that did not fail.
        cursor_reset: Offset of the latest `CursorReset`.
        last_tick: Id of the latest tick.
        last_status: How the latest ended tick ended.
        cron_schedule: When a schedule ticks, None for sensors.
        timezone: Whose clock *cron_schedule* goes by, None for sensors.
        moments_after: A schedule's moments up to this time do not count, as they were before it was
            switched on or changed; None when an operator has since said by the cursor which ones do.
        recent: How many new runs it asked for in the last hour.
        put_off_since: Id of the tick that began to put requests off, None if the last ended tick did not.
        put_off: Id of the latest tick that put requests off.
        quarantined: Offset of its `SensorQuarantined`, None while it is not.
        python: The version of Python that evaluates it, None if that was not noted.
    """

    name: str
    defined: bool = False
    kind: str = "STANDARD"
    interval: float = 30.0
    default_status: DefaultStatus = "STOPPED"
    stored_status: StoredStatus = "DECLARED_IN_CODE"
    fingerprint: str = ""
    cursor: str | None = None
    last_run_key: str | None = None
    last_started_at: int | None = None
    last_tick_at: int | None = None
    last_finished_tick_at: int | None = None
    open_tick: int | None = None
    open_tick_at: int | None = None
    consecutive_failures: int = 0
    cursor_reset: int | None = None
    last_tick: int | None = None
    last_status: TickStatus | None = None
    cron_schedule: str | None = None
    timezone: str | None = None
    moments_after: int | None = None
    recent: Recent = ()
    put_off_since: int | None = None
    put_off: int | None = None
    quarantined: int | None = None
    python: str | None = None

    @property
    def status(self) -> DefaultStatus:
        """Whether the sensor is on: what the operator said, else what the code says."""
        return self.default_status if self.stored_status == "DECLARED_IN_CODE" else self.stored_status

    @property
    def running(self) -> bool:
        """Whether the sensor is on, in the definitions, and not quarantined."""
        return self.defined and self.status == "RUNNING" and self.quarantined is None

    @property
    def standing(self) -> Standing:
        """How it stands, for people."""
        if not self.defined:
            return "RETIRED" if self.fingerprint else "IMPORTED"
        held = self.status == "RUNNING" and self.quarantined is not None
        return "QUARANTINED" if held else self.status


def evolve(state: SensorState, offset: int, event: AnyEvent) -> SensorState:
    """Fold one event of this sensor in. Pure; events that do not change a state return it as is.

    Args:
        offset: Where the event stands in the log.
    """
    step = _STEPS.get(type(event))
    return state if step is None else step(state, offset, event)


def with_cursor(state: SensorState, cursor: str | None, *, at: int, offset: int) -> SensorState:
    """Return the state as it would be if an operator set the cursor at *offset*."""
    reset = CursorReset(at=at, sensor=state.name, actor="", before=state.cursor, after=cursor)
    return evolve(state, offset, reset)


def _defined(state: SensorState, offset: int, event: SensorDefined) -> SensorState:
    after = replace(
        state,
        defined=True,
        kind=event.kind,
        interval=event.interval,
        default_status=event.default_status,
        fingerprint=event.fingerprint,
        cron_schedule=event.cron_schedule,
        timezone=event.timezone,
        python=event.python,
    )
    if event.fingerprint != state.fingerprint:
        after = _released(after)
    if not state.defined or _when(state) != _when(after):
        after = replace(after, moments_after=event.at if event.kind == SCHEDULE else None)
    return _switched(state, after, event.at)


def _when(state: SensorState) -> tuple[str, str | None, str | None]:
    return state.kind, state.cron_schedule, state.timezone


def _retired(state: SensorState, offset: int, event: SensorRetired) -> SensorState:
    return replace(state, defined=False)


def _started(state: SensorState, offset: int, event: SensorStarted) -> SensorState:
    if state.status == "RUNNING" and state.quarantined is None:
        return state
    return _switched(state, _released(replace(state, stored_status="RUNNING")), event.at)


def _released(state: SensorState) -> SensorState:
    """Lift the quarantine, if there is one: failures count anew."""
    return state if state.quarantined is None else replace(state, quarantined=None, consecutive_failures=0)


def _quarantined(state: SensorState, offset: int, event: SensorQuarantined) -> SensorState:
    return replace(state, quarantined=offset)


def _put_off(state: SensorState, offset: int, event: RequestsPutOff) -> SensorState:
    since = event.tick if state.put_off_since is None else state.put_off_since
    return replace(state, put_off=event.tick, put_off_since=since)


def _stopped(state: SensorState, offset: int, event: SensorStopped) -> SensorState:
    return state if state.status == "STOPPED" else replace(state, stored_status="STOPPED")


def _status_reset(state: SensorState, offset: int, event: SensorStatusReset) -> SensorState:
    return _switched(state, _released(replace(state, stored_status="DECLARED_IN_CODE")), event.at)


def _switched(before: SensorState, after: SensorState, at: int) -> SensorState:
    """Note the time when a change has switched the sensor on."""
    on = after.status == "RUNNING" and before.status == "STOPPED"
    if not on:
        return after
    since = at if after.kind == SCHEDULE else after.moments_after
    return replace(after, last_started_at=at, moments_after=since)


def _cursor_reset(state: SensorState, offset: int, event: CursorReset) -> SensorState:
    # What is asked for from here on is no more what was put off: repeats of it are worth a note.
    after = replace(state, cursor=event.after, cursor_reset=offset, put_off_since=None)
    if state.kind != SCHEDULE:
        return after
    return replace(after, moments_after=event.at if moment_of_text(event.after) is None else None)


def _tick_started(state: SensorState, offset: int, event: TickStarted) -> SensorState:
    return replace(state, open_tick=offset, open_tick_at=event.at, last_tick=offset, last_tick_at=event.at)


def _cursor_updated(state: SensorState, offset: int, event: CursorUpdated) -> SensorState:
    return replace(state, cursor=event.after)


def _skipped(state: SensorState, offset: int, event: TickSkipped) -> SensorState:
    return _ended(state, "SKIPPED", 0, event.last_run_key, state.recent)


def _completed(state: SensorState, offset: int, event: TickCompleted) -> SensorState:
    recent = with_requested(state.recent, event.requested, event.at)
    return _ended(state, "SUCCESS", 0, event.last_run_key, recent)


def _failed(state: SensorState, offset: int, event: TickFailed) -> SensorState:
    # What failed were reactions to single events; the sensor itself goes on.
    failures = state.consecutive_failures + (0 if event.reacted else 1)
    return _ended(state, "FAILURE", failures, None, with_requested(state.recent, event.requested, event.at))


def _ended(
    state: SensorState, status: TickStatus, failures: int, run_key: str | None, recent: Recent
) -> SensorState:
    return replace(
        state,
        open_tick=None,
        open_tick_at=None,
        last_finished_tick_at=state.open_tick_at,
        consecutive_failures=failures,
        last_run_key=state.last_run_key if run_key is None else run_key,
        last_status=status,
        recent=recent,
        put_off_since=state.put_off_since if state.put_off == state.open_tick else None,
    )


def _interrupted(state: SensorState, offset: int, event: TickInterrupted) -> SensorState:
    return replace(state, open_tick=None, open_tick_at=None, last_status="INTERRUPTED")


def _imported(state: SensorState, offset: int, event: SensorImported) -> SensorState:
    after = replace(
        state,
        cursor=event.after,
        stored_status=event.status,
        last_run_key=event.last_run_key,
        put_off_since=None,
    )
    return _switched(state, after, event.at)


def _tick_imported(state: SensorState, offset: int, event: TickImported) -> SensorState:
    """Take it for the latest tick if it is: what was imported once may be followed by older ones."""
    if state.last_tick_at is not None and event.started_at < state.last_tick_at:
        return state
    return replace(
        state,
        last_tick=offset,
        last_tick_at=event.started_at,
        last_finished_tick_at=event.started_at,
        last_status=event.status,
    )


_STEPS: dict[type, Callable[[SensorState, int, Any], SensorState]] = {
    SensorDefined: _defined,
    SensorRetired: _retired,
    SensorStarted: _started,
    SensorStopped: _stopped,
    SensorStatusReset: _status_reset,
    CursorReset: _cursor_reset,
    TickStarted: _tick_started,
    CursorUpdated: _cursor_updated,
    TickSkipped: _skipped,
    TickCompleted: _completed,
    TickFailed: _failed,
    TickInterrupted: _interrupted,
    SensorQuarantined: _quarantined,
    RequestsPutOff: _put_off,
    SensorImported: _imported,
    TickImported: _tick_imported,
}

#: The types of event that change a state; others that carry a sensor's name only tell of its ticks.
CHANGING = frozenset(_STEPS)
