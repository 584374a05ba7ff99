"""One step of a run's origin in words: its title, its events with what they mean for it, and the root."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.events import (
    AnyEvent,
    CursorReset,
    CursorUpdated,
    RequestsPutOff,
    RunKeysReleased,
    SensorDefined,
    SensorReacted,
    TickEnd,
    TickLogged,
    TickStarted,
)
from ...core.sensor_state import SCHEDULE
from ...projections.origins import Origin
from ..pace import pace_sentence
from .describe import details, subject
from .run_id import SHORT
from .text import cursor_text, local_time

#: Event, offset, and what it means for the step.
Told = tuple[int, AnyEvent, str]

#: Log lines of one tick that are shown.
MOST_LINES = 20


def title(step: Origin) -> str:
    """Return what the step is about as a sentence."""
    tick = f"tick {step.tick[0][0]} of {subject(step.tick[0][1])}" if step.tick else ""
    if step.request is None:
        assert step.about is not None
        about = step.about[1]
        put_off = isinstance(about, RequestsPutOff)
        return f"{'run requests were put off' if put_off else f'{subject(about)} was reported'} by {tick}"
    _, request = step.request
    asker = tick or (request.actor or "nobody that the log names")
    return f"run {request.run[:SHORT]} of {request.job} was requested by {asker}"


def told(step: Origin) -> list[Told]:
    """Return the events of a step in the order of the log."""
    events = {offset: (offset, event, note) for offset, event, note in _told(step)}
    return [events[offset] for offset in sorted(events)]


def left_out(step: Origin) -> int:
    """Return how many log lines of the tick are not shown."""
    return max(sum(isinstance(event, TickLogged) for _, event in step.tick) - MOST_LINES, 0)


def root(step: Origin) -> str:
    """Return what began it all, given the last step."""
    parts = [_began(step)]
    if step.released is not None:
        parts.append(f"{_who(step.released[1])} had released its run key")
    if step.cursor_reset is not None:
        reset = step.cursor_reset[1]
        parts.append(f"{_who(reset)} had set the cursor to {cursor_text(reset.after, 60)}")
    return "; ".join(parts)


def _who(event: CursorReset | RunKeysReleased) -> str:
    return event.actor + (f" ({event.reason})" if event.reason else "")


def _told(step: Origin) -> Iterator[Told]:
    if step.defined is not None:
        yield *step.defined, _code(step)
    if step.switched is not None:
        yield *step.switched, ""
    if step.released is not None:
        yield *step.released, "so this run key could be requested once more"
    if step.cursor_reset is not None:
        yield *step.cursor_reset, "so the tick began there"
    for offset, event in step.causes:
        yield offset, event, "so it ticked again" if isinstance(event, RequestsPutOff) else ""
    if step.about is not None:
        yield *step.about, ""
    yield from _told_by_tick(step)
    if step.request is not None:
        yield *step.request, ""


def _told_by_tick(step: Origin) -> Iterator[Told]:
    lines, causes = 0, {offset for offset, _ in step.causes}
    for offset, event in step.tick:
        if isinstance(event, TickStarted):
            yield offset, event, _due(step, event)
        elif isinstance(event, TickLogged):
            lines += 1
            if lines <= MOST_LINES:
                yield offset, event, ""
        elif isinstance(event, SensorReacted):
            if event.cause in causes:
                yield offset, event, "told by its place among the tick's events" if step.by_place else ""
        elif isinstance(event, CursorUpdated | RequestsPutOff | TickEnd):
            yield offset, event, ""


def _code(step: Origin) -> str:
    if step.replaced is None:
        return "still the current code"
    offset, event = step.replaced
    if isinstance(event, SensorDefined):
        return f"since {local_time(event.at)} replaced by code {event.fingerprint[:SHORT]}, see {offset}"
    return f"retired since {local_time(event.at)}, see {offset}"


def _due(step: Origin, event: TickStarted) -> str:
    if event.cause is not None:
        return f"woken by event {event.cause}"
    if event.scheduled_for is not None or step.defined is None or step.causes:
        return ""
    return f"due {pace_sentence(step.defined[1])}"


def _began(step: Origin) -> str:
    started = step.started
    if started is None:
        return "nobody that the log names" if step.request is None else _by_hand(step)
    if len(step.causes) > 1:
        return f"one of the {len(step.causes)} events that the tick reacted to; the log does not say which"
    if step.causes:
        offset, event = step.causes[0]
        return f"event {offset}: {type(event).__name__} {subject(event)} {details(event)}".rstrip()
    if started.scheduled_for is not None:
        cron = "" if step.defined is None else f" ({step.defined[1].cron_schedule})"
        return f"the moment {local_time(started.scheduled_for)} of the schedule {started.sensor}{cron}"
    pace = (
        ""
        if step.defined is None or step.defined[1].kind == SCHEDULE
        else f": it ticks {pace_sentence(step.defined[1])}"
    )
    return f"{started.sensor} was due{pace}"


def _by_hand(step: Origin) -> str:
    assert step.request is not None
    return f"{step.request[1].actor or 'somebody that the log does not name'} asked for it"
