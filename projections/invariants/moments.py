"""Invariant 11: a schedule handles its moments once and in order, unless its cursor is reset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import CursorReset, CursorUpdated, TickStarted
from ...core.moment_text import moment_text


class MomentOrder:
    """The moment of each schedule's latest tick, and the last one that was handled.

    A tick that did not leave its moment in the cursor, as it was cut off, has not handled it.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._latest: dict[str, tuple[int, int]] = {}
        self._handled: dict[str, int] = {}

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {TickStarted: self._started, CursorUpdated: self._updated, CursorReset: self._reset}

    def _started(self, offset: int, event: TickStarted) -> None:
        moment = event.scheduled_for
        if moment is None:
            return
        handled = self._handled.get(event.sensor)
        if handled is not None and moment <= handled:
            again = "again" if moment == handled else f"after it has handled {moment_text(handled)}"
            self._report(offset, f"schedule {event.sensor!r} evaluates {moment_text(moment)} {again}")
        self._latest[event.sensor] = (offset, moment)

    def _updated(self, offset: int, event: CursorUpdated) -> None:
        tick, moment = self._latest.get(event.sensor, (None, 0))
        if tick == event.tick:
            self._handled[event.sensor] = moment

    def _reset(self, offset: int, event: CursorReset) -> None:
        self._handled.pop(event.sensor, None)
