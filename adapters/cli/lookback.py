"""Going back in a log: single events, ticks and requests, found without reading it from its start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core.events import (
    AnyEvent,
    BlobStored,
    CursorUpdated,
    RunKeyImported,
    RunRequested,
    TickEnd,
    TickImported,
    TickStarted,
)
from ...core.lean_events import KIND_OF, RequestedKey, wanted_of
from ...core.log import EventLog
from ...projections.fold import chosen

#: Events that are looked through first for the request of a run; then twice as many, and so on.
_NEAR = 10_000

_ALL = frozenset(KIND_OF.values())
_OF_TICKS = frozenset(kind for kind in _ALL if "tick" in kind.__struct_fields__) | {TickStarted, TickImported}
_REQUESTS = frozenset({RunRequested, RequestedKey})


class Lookback:
    """The `Past` of one log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def event(self, offset: int) -> AnyEvent | None:
        """Return the event at *offset*, None if the log has none there."""
        return next((event for _, event in self._between(offset, offset + 1, _ALL)), None)

    def tick(self, tick: int) -> list[tuple[int, AnyEvent]]:
        """Return the events of a tick from its start to its end, each with its offset."""
        events = list[tuple[int, AnyEvent]]()
        for offset, event in self._between(tick, None, _OF_TICKS):
            if offset == tick or getattr(event, "tick", None) == tick:
                events.append((offset, event))
                if isinstance(event, TickEnd | TickImported):
                    break
        return events

    def imported_tick(self, key: RunKeyImported) -> tuple[int, TickImported] | None:
        """Return the tick that asked for the run of an imported key, None if it was not imported with it or before."""
        for offset, event in self._between(0, None, frozenset({TickImported})):
            if (event.source, event.origin) == (key.source, key.origin_tick):
                return offset, event
        return None

    def request_of(self, run: str, before: int) -> tuple[int, RunRequested] | None:
        """Return the request of a run, which stands before that offset; None if there is none."""
        width, stop = _NEAR, before
        while stop > 0:
            start = max(stop - width, 0)
            for offset, event in self._between(start, stop, _REQUESTS):
                if event.run == run:
                    request = self.event(offset)
                    assert isinstance(request, RunRequested)
                    return offset, request
            stop, width = start, 2 * width
        return None

    def blob(self, digest: bytes, before: int) -> BlobStored | None:
        """Return what was stored under a digest before that offset, None if nothing was."""
        width, stop = _NEAR, before
        while stop > 0:
            start = max(stop - width, 0)
            for _, event in self._between(start, stop, frozenset({BlobStored})):
                if event.digest == digest:
                    found: BlobStored = event
                    return found
            stop, width = start, 2 * width
        return None

    def has(self, kind: type[CursorUpdated | TickStarted], sensor: str, start: int, stop: int) -> bool:
        """Return whether the sensor has an event of the type from offset *start* up to before *stop*."""
        return any(event.sensor == sensor for _, event in self._between(start, stop, frozenset({kind})))

    def _between(self, start: int, stop: int | None, wanted: frozenset[type]) -> Iterator[tuple[int, Any]]:
        if start >= 0:
            for frame in self._log.read(start, stop, wanted=wanted_of([wanted])):
                yield from chosen(frame.first_offset, frame.events, wanted)
