"""Origins: how a run came about, from its request back to what nothing in the log led to."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from ..core.events import (
    AnyEvent,
    CursorReset,
    CursorUpdated,
    RequestRejected,
    RequestsPutOff,
    RunKeyRepeated,
    RunKeysReleased,
    RunRequested,
    SensorDefined,
    SensorReacted,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    TickStarted,
)
from .milestones import Milestones

#: How many steps back are followed: a loop of sensors may have run for months.
MOST_STEPS = 100


class Past(Protocol):
    """What is asked of a log to go back in it."""

    def event(self, offset: int) -> AnyEvent | None:
        """Return the event at *offset*, None if the log has none there."""

    def tick(self, tick: int) -> list[tuple[int, AnyEvent]]:
        """Return the events of a tick from its start to its end, each with its offset."""

    def request_of(self, run: str, before: int) -> tuple[int, RunRequested] | None:
        """Return the request of a run, which stands before that offset; None if there is none."""

    def has(self, kind: type[CursorUpdated | TickStarted], sensor: str, start: int, stop: int) -> bool:
        """Return whether the sensor has an event of the type from offset *start* up to before *stop*."""


class Origin(msgspec.Struct, kw_only=True):
    """One step back: what asked for a run, or reported an asset. Events stand with their offsets.

    Attributes:
        request: The request of the run, None if the step is about another event of a tick.
        about: That event: the report of an asset, or what was put off; None if it is about a request.
        tick: The tick that asked or reported, from its start to its end; empty if it was no tick.
        defined: The definition of the sensor that was in force at the tick.
        replaced: What took that definition's place since: other code, or the end of the sensor; None while
            it is the current one.
        switched: How an operator had switched the sensor on, None if its code had.
        released: The release after which the run key could be requested once more.
        cursor_reset: How an operator had set the cursor that the tick began with.
        causes: The events of which one led to the tick's request; none if the tick was due by itself.
        by_place: Whether the only one of *causes* was told by its place among several.
    """

    request: tuple[int, RunRequested] | None = None
    about: tuple[int, AnyEvent] | None = None
    tick: list[tuple[int, AnyEvent]] = []
    defined: tuple[int, SensorDefined] | None = None
    replaced: tuple[int, SensorDefined | SensorRetired] | None = None
    switched: tuple[int, SensorStarted | SensorStatusReset] | None = None
    released: tuple[int, RunKeysReleased] | None = None
    cursor_reset: tuple[int, CursorReset] | None = None
    causes: list[tuple[int, AnyEvent]] = []
    by_place: bool = False

    @property
    def started(self) -> TickStarted | None:
        """The start of the tick, None if it was no tick."""
        event = self.tick[0][1] if self.tick else None
        return event if isinstance(event, TickStarted) else None


def origins(past: Past, milestones: Milestones, offset: int, request: RunRequested) -> list[Origin]:
    """Return the steps from the request at *offset* back to the first that no single event led to.

    At most `MOST_STEPS`.
    """
    step: Origin | None = _of_request(past, milestones, offset, request)
    steps = list[Origin]()
    while step is not None and len(steps) < MOST_STEPS:
        steps.append(step)
        step = _before(past, milestones, step)
    return steps


def _before(past: Past, milestones: Milestones, step: Origin) -> Origin | None:
    """Return how the one event came about that led to a step, None if there is no such event."""
    if len(step.causes) != 1:
        return None
    offset, event = step.causes[0]
    run, tick = getattr(event, "run", None), getattr(event, "tick", None)
    if run is not None:
        found = _request(past, offset, event, run)
        return None if found is None else _of_request(past, milestones, *found)
    return None if tick is None else _of_tick(past, milestones, tick, Origin(about=(offset, event)))


def _request(past: Past, offset: int, event: AnyEvent, run: str) -> tuple[int, RunRequested] | None:
    if isinstance(event, RunRequested):
        return offset, event
    cause: int | None = getattr(event, "cause", None)
    named = None if cause is None else past.event(cause)
    if cause is not None and isinstance(named, RunRequested) and named.run == run:
        return cause, named
    return past.request_of(run, offset)


def _of_request(past: Past, milestones: Milestones, offset: int, request: RunRequested) -> Origin:
    if request.tick is None:
        return Origin(request=(offset, request))
    origin = _of_tick(past, milestones, request.tick, Origin(request=(offset, request)))
    if request.sensor is not None and request.run_key:
        origin.released = milestones.release(request.sensor, request.run_key, before=offset)
    return origin


def _of_tick(past: Past, milestones: Milestones, tick: int, origin: Origin) -> Origin:
    origin.tick = past.tick(tick)
    started = origin.started
    if started is not None:
        _add_sensor(origin, milestones, tick, started)
        _add_cursor_reset(origin, past, milestones, tick, started)
        _add_causes(origin, past, milestones, tick, started)
    return origin


def _add_sensor(origin: Origin, milestones: Milestones, tick: int, started: TickStarted) -> None:
    sensor = started.sensor
    origin.defined = milestones.latest(sensor, SensorDefined, before=tick)
    origin.switched = _switched(milestones, sensor, tick)
    defined, retired = milestones.latest(sensor, SensorDefined), milestones.latest(sensor, SensorRetired)
    if defined is not None and defined[1].fingerprint != started.fingerprint:
        origin.replaced = defined
    if retired is not None and (defined is None or defined[0] < retired[0]):
        origin.replaced = retired


def _switched(
    milestones: Milestones, sensor: str, tick: int
) -> tuple[int, SensorStarted | SensorStatusReset] | None:
    both = (
        milestones.latest(sensor, SensorStarted, before=tick),
        milestones.latest(sensor, SensorStatusReset, before=tick),
    )
    return max((told for told in both if told is not None), key=lambda told: told[0], default=None)


def _add_cursor_reset(
    origin: Origin, past: Past, milestones: Milestones, tick: int, started: TickStarted
) -> None:
    reset = milestones.latest(started.sensor, CursorReset, before=tick)
    if reset is None or reset[1].after != started.cursor:
        return
    if not past.has(CursorUpdated, started.sensor, reset[0], tick):
        origin.cursor_reset = reset


def _add_causes(origin: Origin, past: Past, milestones: Milestones, tick: int, started: TickStarted) -> None:
    """Find the events that led to the request: those that were reacted to, else the one that made the sensor due."""
    acted = [event.cause for _, event in origin.tick if isinstance(event, SensorReacted) and _acted(event)]
    if len(acted) > 1 and (place := _place(origin, len(acted))) is not None:
        acted, origin.by_place = [acted[place]], True
    if not acted and started.cause is not None:
        acted = [started.cause]
    origin.causes = [(offset, event) for offset in acted if (event := past.event(offset)) is not None]
    put_off = milestones.latest(started.sensor, RequestsPutOff, before=tick)
    if not acted and put_off is not None and not past.has(TickStarted, started.sensor, put_off[0], tick):
        origin.causes = [put_off]


def _acted(event: SensorReacted) -> bool:
    return event.error is None and event.skip_reason is None


def _place(origin: Origin, count: int) -> int | None:
    """Return the request's place among the tick's, if there are as many as there were reactions to ask for them.

    Requests stand in the order of the reactions that asked for them.
    """
    kinds: Any = (RunRequested, RunKeyRepeated, RequestRejected)
    asked = [offset for offset, event in origin.tick if isinstance(event, kinds)]
    return asked.index(origin.request[0]) if origin.request is not None and len(asked) == count else None
