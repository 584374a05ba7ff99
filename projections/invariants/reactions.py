"""Invariant 10: a sensor reacts to each event once, in the order of the log, unless its cursor is reset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import CursorReset, SensorReacted


class ReactionOrder:
    """The last event that each sensor has reacted to without an error.

    A reaction that failed may be repeated; one that did not may not.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._last: dict[str, int] = {}

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {SensorReacted: self._reacted, CursorReset: self._reset}

    def _reacted(self, offset: int, event: SensorReacted) -> None:
        if event.cause >= offset:
            self._report(offset, f"sensor {event.sensor!r} reacts to event {event.cause}, which comes later")
        last = self._last.get(event.sensor)
        if last is not None and event.cause <= last:
            again = "again" if event.cause == last else f"after it has reacted to event {last}"
            self._report(offset, f"sensor {event.sensor!r} reacts to event {event.cause} {again}")
        if event.error is None:
            self._last[event.sensor] = max(event.cause, -1 if last is None else last)

    def _reset(self, offset: int, event: CursorReset) -> None:
        self._last.pop(event.sensor, None)
