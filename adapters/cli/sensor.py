"""``ticktrail sensor``: what there is, switching, cursors."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter
from msgspec.structs import asdict, replace

from ...core.events import (
    AnyEvent,
    CursorReset,
    SensorQuarantined,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
)
from ...core.log import EventLog
from ...core.sensor_state import SensorState
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..home import Home
from ..identity import actor as current_actor
from ..pace import pace
from .operator import Decide, Outcome, UnknownName, act
from .options import CODE, COMMON, WHEN, Code, Common, When, load, open_for_action
from .output import Output
from .plan_target import cursor_of
from .preview import preview
from .reading import opened, viewed
from .text import UsageError, ago, cursor_text, local_time, one_line

app = App(name="sensor", help="List, switch and preview sensors and schedules, and move their cursors.")
app.command(preview)

Name = Annotated[str, Parameter(help="Name of the sensor.")]
Reason = Annotated[str | None, Parameter(help="Why, for whoever reads the log later.")]
Actor = Annotated[str | None, Parameter(help="Who acts; the operating system's user@host by default.")]


@app.command(name="list")
def list_(*, code: Code = CODE, when: When = WHEN, common: Common = COMMON) -> int:
    """List the sensors and schedules with their status, latest tick and cursor.

    The log is believed; what the definitions say of a sensor counts more if they are named, or
    while no engine runs that has loaded them. Of what was, the log alone tells.
    """
    if when.as_of is not None and code.named() is not None:
        raise UsageError(
            "give one of --as-of and definitions (-f, -m), not both: of what was, the log alone tells"
        )
    home, out, states = common.open(), Output(json=common.json), SensorStates()
    with viewed(home, when) as (log, now):
        fold(log, states)
        rows = {name: states.get(name) for name in states.names()}
        if when.as_of is None:
            rows |= _as_in_code(home, code, rows, out)
        held = [_quarantine(log, rows[name]) for name in sorted(rows) if rows[name].standing == "QUARANTINED"]
    if out.json:
        out.records(_sensor_record(rows[name]) for name in sorted(rows))
        return 0
    out.table(
        ["SENSOR", "STATUS", "SET BY", "EVERY#", "LAST TICK", "RESULT", "FAILED#", "CURSOR"],
        (_row(rows[name], now) for name in sorted(rows)),
        wide="CURSOR",
    )
    for event in held:
        out.note(
            f"{event.sensor} is quarantined since {local_time(event.at)}, after {event.failures} failed ticks in a row: "
            f"{one_line(event.error, 200)}; mend the code, or start it again with `ticktrail sensor start {event.sensor}`",
            "yellow",
        )
    if not rows:
        out.note("no sensors: neither the log nor the definitions have any")
    return 0


@app.command
def start(
    name: Name,
    /,
    *,
    reason: Reason = None,
    actor: Actor = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Switch a sensor on; a running engine begins to tick it at once, a schedule at its next moment."""
    who = actor or current_actor()

    def decide(state: SensorState, now: int) -> AnyEvent | None:
        if state.status == "RUNNING" and state.quarantined is None:
            return None
        return SensorStarted(at=now, sensor=name, actor=who, reason=reason)

    return _switch("start", name, who, decide, code, common)


@app.command
def stop(
    name: Name,
    /,
    *,
    reason: Reason = None,
    actor: Actor = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Switch a sensor off; a tick in flight asks for no runs any more, the cursor is kept."""
    who = actor or current_actor()

    def decide(state: SensorState, now: int) -> AnyEvent | None:
        if state.status == "STOPPED":
            return None
        return SensorStopped(at=now, sensor=name, actor=who, reason=reason)

    return _switch("stop", name, who, decide, code, common)


@app.command
def reset(
    name: Name,
    /,
    *,
    reason: Reason = None,
    actor: Actor = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Give a sensor back to the status written in its code; cursor and run keys are kept."""
    who = actor or current_actor()

    def decide(state: SensorState, now: int) -> AnyEvent | None:
        if state.stored_status == "DECLARED_IN_CODE" and state.quarantined is None:
            return None
        return SensorStatusReset(at=now, sensor=name, actor=who, reason=reason)

    return _switch("reset", name, who, decide, code, common)


@app.command
def cursor(
    name: Name,
    /,
    *,
    set_: Annotated[
        str | None,
        Parameter(
            name="--set",
            allow_leading_hyphen=True,
            help="Make this the cursor; an empty text is a cursor too.",
        ),
    ] = None,
    clear: Annotated[bool, Parameter(help="Leave the sensor without a cursor.", show_default=False)] = False,
    reason: Reason = None,
    actor: Actor = None,
    code: Code = CODE,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Show a sensor's cursor, or change it; the next tick gets the new one.

    Run keys are not touched: what was launched for a key is not launched again. The cursor of a schedule
    is the last moment that it has handled: set back, the latest moments since are evaluated again.
    """
    if set_ is not None and clear:
        raise UsageError("give one of --set and --clear, not both")
    if set_ is None and not clear:
        return _show_cursor(name, when, common)
    if when.as_of is not None:
        raise UsageError("give one of --as-of and --set or --clear, not both: what was cannot be changed")
    who = actor or current_actor()

    def decide(state: SensorState, now: int) -> AnyEvent | None:
        after = cursor_of(state, set_)
        # With a tick in flight the same cursor is set once more: else the tick's own would replace it.
        if state.cursor == after and state.open_tick is None:
            return None
        return CursorReset(at=now, sensor=name, actor=who, before=state.cursor, after=after, reason=reason)

    outcome = _act(name, who, decide, code, common)
    out = Output(json=common.json)
    if out.json:
        before, after = outcome.before.cursor, outcome.after.cursor
        out.record({"sensor": name, "offset": outcome.offset, "before": before, "after": after})
    elif outcome.offset is None:
        out.line(f"cursor of {name} is {cursor_text(outcome.after.cursor, 200)} already")
    else:
        before_text, after_text = (cursor_text(s.cursor, 200) for s in (outcome.before, outcome.after))
        out.line(f"cursor of {name}: {before_text} → {after_text}")
    return 0


def _show_cursor(name: str, when: When, common: Common) -> int:
    states = SensorStates()
    with viewed(common.open(), when) as view:
        fold(view.log, states)
    if name not in states:
        raise UnknownName("sensor", name, states.names())
    out, cursor = Output(json=common.json), states.get(name).cursor
    if out.json:
        out.record({"sensor": name, "cursor": cursor})
    elif cursor is None:
        out.note(f"{name} has no cursor")
    else:
        out.line(cursor)
        if not cursor:
            out.note(f"the cursor of {name} is an empty text")
    return 0


def _act(name: str, actor: str, decide: Decide, code: Code, common: Common) -> Outcome:
    home = open_for_action(common, code)
    with opened(home) as log:
        return act(home, log, code, name, actor, decide)


def _switch(action: str, name: str, actor: str, decide: Decide, code: Code, common: Common) -> int:
    outcome = _act(name, actor, decide, code, common)
    before, after, out = outcome.before, outcome.after, Output(json=common.json)
    if out.json:
        out.record(
            {"sensor": name, "offset": outcome.offset, "before": before.standing, "after": after.standing}
        )
        return 0
    if outcome.offset is None:
        why = "follows its code already, and is" if action == "reset" else "is already"
        out.line(f"{name} {why} {after.status}")
        return 0
    out.line(
        f"{name}: {before.standing} → {after.standing}" + (", as its code says" if action == "reset" else "")
    )
    if after.status == "RUNNING" and common.open().engine() is None:
        out.note("no engine runs on this home: the sensor ticks when `ticktrail dev` does")
    return 0


def _as_in_code(home: Home, code: Code, known: dict[str, SensorState], out: Output) -> dict[str, SensorState]:
    """Return the sensors of the definitions as they will be once an engine has loaded them."""
    source = code.named()
    if source is None and home.engine() is None:
        source = home.definitions
    if source is None:
        return {}
    from ..definitions_file import DefinitionsError

    try:
        loaded = load(source)
    except DefinitionsError as error:
        if code.named() is not None:
            raise
        out.note(f"the definitions cannot be loaded, the log alone is shown: {error}", "yellow")
        return {}
    return {
        sensor.name: replace(
            known.get(sensor.name) or SensorState(name=sensor.name),
            quarantined=_still_quarantined(known.get(sensor.name), loaded.fingerprints[sensor.name]),
            defined=True,
            kind=sensor.kind,
            interval=sensor.interval_seconds,
            default_status=sensor.default_status.value,
            fingerprint=loaded.fingerprints[sensor.name],
            cron_schedule=sensor.cron_text,
            timezone=sensor.timezone,
        )
        for sensor in loaded.sensors.values()
    }


def _still_quarantined(state: SensorState | None, fingerprint: str) -> int | None:
    """Return the quarantine that other code will lift once an engine has loaded it."""
    return state.quarantined if state is not None and state.fingerprint == fingerprint else None


def _sensor_record(state: SensorState) -> dict[str, Any]:
    return {"sensor": state.name, "status": state.standing, **asdict(state)}


def _quarantine(log: EventLog, state: SensorState) -> SensorQuarantined:
    """Return the event that quarantined the sensor."""
    offset = state.quarantined
    assert offset is not None
    (event,) = (event for frame in log.read(offset, offset + 1) for event in frame.events)
    assert isinstance(event, SensorQuarantined)
    return event


def _row(state: SensorState, now: int) -> list[str]:
    set_by = "code" if state.stored_status == "DECLARED_IN_CODE" else "operator"
    result = "STARTED" if state.open_tick is not None else state.last_status or "-"
    return [
        state.name,
        state.standing,
        set_by,
        pace(state),
        ago(state.last_tick_at, now),
        result,
        str(state.consecutive_failures or "-"),
        cursor_text(state.cursor, 40),
    ]
