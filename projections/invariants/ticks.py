"""Invariant 2: the outcome of a tick is one append, and nothing of it follows its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...core.events import (
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    BlobStored,
    CursorUpdated,
    DynamicPartitionsChanged,
    RequestRejected,
    RequestsPutOff,
    RunKeyRepeated,
    RunKeysReleased,
    RunRequested,
    SensorReacted,
    TapeRecorded,
    TickCompleted,
    TickFailed,
    TickInterrupted,
    TickLogged,
    TickSkipped,
    TickStarted,
)

_ENDS = frozenset({TickSkipped, TickFailed, TickCompleted, TickInterrupted})

#: What the outcome of a tick consists of, if it carries a tick's id.
_PARTS = _ENDS | {
    TickLogged,
    RunRequested,
    RunKeyRepeated,
    RunKeysReleased,
    RequestRejected,
    CursorUpdated,
    AssetMaterialized,
    AssetObserved,
    DynamicPartitionsChanged,
    SensorReacted,
    RequestsPutOff,
    BlobStored,
    TapeRecorded,
}


class _Outcome(msgspec.Struct):
    """What was read so far of an outcome.

    Attributes:
        append: Recording time and writer of its frames, which all frames of one append share.
        decisions: How many of its events change anything; log lines do not.
        allowed: How many runs it may ask for, None if it put none off.
        moved: Whether it moves the cursor.
    """

    tick: int
    append: tuple[int, str]
    requested: int = 0
    repeated: int = 0
    reacted: int = 0
    decisions: int = 0
    allowed: int | None = None
    moved: bool = False


class TickOutcomes:
    """The open ticks, and the outcome that is being read.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._sensor_of_open: dict[int, str] = {}
        self._outcome: _Outcome | None = None
        self._torn_ticks: set[int] = set()

    def see(self, offset: int, event: AnyEvent, append: tuple[int, str]) -> None:
        """Take in the next event of the log, whatever it is.

        Args:
            append: Recording time and writer of the event's frame.
        """
        kind = type(event)
        tick: int | None = event.tick if kind in _PARTS else None  # type: ignore[union-attr]
        if tick is not None:
            self._part(offset, kind, tick, event, append)
            return
        if self._outcome is not None:
            self._torn(offset, f"a {kind.__name__} lies inside it")
        if kind is TickStarted:
            self._sensor_of_open[offset] = event.sensor  # type: ignore[union-attr, assignment]

    def end(self, head: int) -> None:
        """Note that the log ends before offset *head*."""
        if self._outcome is not None:
            self._torn(head - 1, "the log ends inside it")

    def _part(self, offset: int, kind: type, tick: int, event: Any, append: tuple[int, str]) -> None:
        if self._outcome is not None and self._outcome.tick != tick:
            self._torn(offset, f"a {kind.__name__} of tick {tick} lies inside it")
        sensor = self._sensor_of_open.get(tick)
        if sensor is None:
            self._report(offset, f"a {kind.__name__} belongs to tick {tick}, which is not open")
            return
        if getattr(event, "sensor", sensor) != sensor:
            self._report(offset, f"a {kind.__name__} of sensor {event.sensor!r} is in a tick of {sensor!r}")
        if self._outcome is None:
            self._outcome = _Outcome(tick=tick, append=append)
        elif self._outcome.append != append:
            self._torn(offset, "it goes on in another append")
            self._outcome = _Outcome(tick=tick, append=append)
        if kind in _ENDS:
            self._ended(offset, event, self._outcome)
        else:
            outcome = self._outcome
            outcome.requested += kind is RunRequested
            outcome.repeated += kind is RunKeyRepeated
            outcome.reacted += kind is SensorReacted
            outcome.decisions += kind is not TickLogged
            outcome.moved |= kind is CursorUpdated
            if kind is RequestsPutOff:
                outcome.allowed = event.limit

    def _ended(self, offset: int, event: Any, outcome: _Outcome) -> None:
        if event.tick in self._torn_ticks:
            self._torn_ticks.discard(event.tick)
        elif isinstance(event, TickCompleted | TickSkipped):
            requested = event.requested if isinstance(event, TickCompleted) else 0
            self._count(offset, event.tick, "requested runs", requested, outcome.requested)
            self._count(offset, event.tick, "repeated run keys", event.repeated, outcome.repeated)
            self._count(offset, event.tick, "reactions", event.reacted, outcome.reacted)
        elif isinstance(event, TickFailed):
            self._count(offset, event.tick, "reactions", event.reacted, outcome.reacted)
        elif isinstance(event, TickInterrupted) and outcome.decisions:
            self._report(offset, f"tick {event.tick} is interrupted after a part of its outcome")
        if outcome.allowed is not None:
            self._limited(offset, event.tick, outcome, outcome.allowed)
        del self._sensor_of_open[event.tick]
        self._outcome = None

    def _limited(self, offset: int, tick: int, outcome: _Outcome, allowed: int) -> None:
        if outcome.requested > allowed:
            self._report(offset, f"tick {tick} requests {outcome.requested} runs, {allowed} were allowed")
        if outcome.moved:
            self._report(offset, f"tick {tick} puts requests off, and moves the cursor over them")

    def _count(self, offset: int, tick: int, things: str, told: int, found: int) -> None:
        if told != found:
            self._report(offset, f"the end of tick {tick} tells of {told} {things}, the log holds {found}")

    def _torn(self, offset: int, why: str) -> None:
        assert self._outcome is not None
        self._report(offset, f"the outcome of tick {self._outcome.tick} is torn: {why}")
        self._torn_ticks.add(self._outcome.tick)
        self._outcome = None
