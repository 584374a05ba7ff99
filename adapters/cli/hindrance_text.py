"""What keeps a sensor from requesting runs, in words that end with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ...core.events import (
    EngineStarted,
    EngineStopped,
    SensorDefined,
    SensorImported,
    SensorQuarantined,
    SensorStatusReset,
    SensorStopped,
    TickFailed,
)
from ...projections.hindrances import Hindrance
from ..pace import pace, pace_sentence
from .describe import as_record, details
from .text import ago, local_time, one_line

_ENGINE = "start one with `ticktrail dev`"


def facts_of(sensor: str, found: Iterable[Hindrance], now: int) -> dict[str, str]:
    """Return the hindrances of a sensor in words, by their kind."""
    return {hindrance.kind: text(sensor, hindrance, now) for hindrance in found}


def text(sensor: str, hindrance: Hindrance, now: int) -> str:
    """Return a hindrance of the sensor in words."""
    return _TEXTS[hindrance.kind](sensor, hindrance, now)


def record_of(sensor: str, hindrance: Hindrance, now: int) -> dict[str, Any]:
    """Return a hindrance of the sensor for JSON."""
    event = None
    if hindrance.event is not None and hindrance.offset is not None:
        event = as_record(hindrance.offset, hindrance.event)
    told = text(sensor, hindrance, now)
    return {**msgspec.structs.asdict(hindrance), "event": event, "text": told}


def _when(at: int | None, now: int) -> str:
    return "" if at is None else f" {local_time(at)} ({ago(at, now)})"


def _retired(sensor: str, hindrance: Hindrance, now: int) -> str:
    return f"since{_when(hindrance.since, now)}: it is not in the definitions any more; bring it back, then {_ENGINE}"


def _imported(sensor: str, hindrance: Hindrance, now: int) -> str:
    return f"since{_when(hindrance.since, now)}, and in no definitions yet; start them with `ticktrail dev -f FILE`"


def _stopped(sensor: str, hindrance: Hindrance, now: int) -> str:
    event, when = hindrance.event, _when(hindrance.since, now)
    if isinstance(event, SensorStopped):
        who = f"since{when} {details(event)}"
    elif isinstance(event, SensorStatusReset):
        who = f"by its code, to which it was given back{when} {details(event)}"
    elif isinstance(event, SensorImported):
        who = f"where it was imported from{when}"
    elif isinstance(event, SensorDefined):
        who = f"by its code, loaded{when}"
    else:
        who = "by its code"
    return f"{who}; switch it on with `ticktrail sensor start {sensor}`"


def _quarantined(sensor: str, hindrance: Hindrance, now: int) -> str:
    event = hindrance.event
    why = one_line(details(event), 200) if isinstance(event, SensorQuarantined) else ""
    return (
        f"since{_when(hindrance.since, now)}, {why}; mend the code, or start it again with "
        f"`ticktrail sensor start {sensor}`"
    )


def _no_engine(sensor: str, hindrance: Hindrance, now: int) -> str:
    event, when = hindrance.event, _when(hindrance.since, now)
    if isinstance(event, EngineStopped):
        return f"none runs since{when}: {event.reason}; {_ENGINE}"
    if isinstance(event, EngineStarted):
        return f"none runs on this home; the last one began{when} in {event.where} and did not say that it stopped; {_ENGINE}"
    return f"none has ever worked on this log; {_ENGINE}"


def _in_flight(sensor: str, hindrance: Hindrance, now: int) -> str:
    tick = hindrance.offset
    return f"tick {tick} began{_when(hindrance.since, now)} and has not ended: `ticktrail tick show {tick}`"


def _never_ticked(sensor: str, hindrance: Hindrance, now: int) -> str:
    event = hindrance.event
    if not isinstance(event, SensorDefined):
        return "it was never due"
    due = pace_sentence(event) if pace(event) != "event" else "when the log tells of what it reacts to"
    return f"it was never due since it was loaded{_when(event.at, now)}: it ticks {due}"


def _put_off(sensor: str, hindrance: Hindrance, now: int) -> str:
    assert hindrance.event is not None
    return f"{details(hindrance.event)}; tick {getattr(hindrance.event, 'tick', None)}"


def _in_a_row(sensor: str, hindrance: Hindrance, now: int) -> str:
    event: Any = hindrance.event
    ticks = "1 tick" if hindrance.count == 1 else f"{hindrance.count} ticks"
    why = one_line(event.error if isinstance(event, TickFailed) else _skip_reason(event), 200)
    return (
        f"{ticks} since{_when(hindrance.since, now)}, the last one {ago(event.at, now)}: {why}; "
        f"`ticktrail tick show {event.tick}`"
    )


def _skip_reason(event: Any) -> str:
    return event.reason or ("all run keys already used" if event.repeated else "no reason given")


_TEXTS: dict[str, Callable[[str, Hindrance, int], str]] = {
    "retired": _retired,
    "imported": _imported,
    "stopped": _stopped,
    "quarantined": _quarantined,
    "no engine": _no_engine,
    "in flight": _in_flight,
    "never ticked": _never_ticked,
    "put off": _put_off,
    "failing": _in_a_row,
    "skipping": _in_a_row,
}
