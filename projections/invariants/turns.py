"""Invariant 5: a sensor's ticks take turns, none in quarantine; each cursor follows from the one before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import (
    CursorReset,
    CursorUpdated,
    SensorDefined,
    SensorImported,
    SensorQuarantined,
    SensorStarted,
    SensorStatusReset,
    TickCompleted,
    TickFailed,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)


class Turns:
    """The open tick, the cursor and the quarantine of each sensor.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._open: dict[str, int] = {}
        self._cursors: dict[str, str | None] = {}
        self._code: dict[str, str] = {}
        self._quarantined: dict[str, int] = {}

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {
            TickStarted: self._started,
            TickSkipped: self._ended,
            TickFailed: self._ended,
            TickCompleted: self._ended,
            TickInterrupted: self._ended,
            CursorUpdated: self._cursor_changed,
            CursorReset: self._cursor_changed,
            SensorImported: self._cursor_changed,
            SensorDefined: self._defined,
            SensorQuarantined: self._held,
            SensorStarted: self._released,
            SensorStatusReset: self._released,
        }

    def _defined(self, offset: int, event: SensorDefined) -> None:
        if self._code.get(event.sensor) != event.fingerprint:
            self._quarantined.pop(event.sensor, None)
        self._code[event.sensor] = event.fingerprint

    def _held(self, offset: int, event: SensorQuarantined) -> None:
        self._quarantined[event.sensor] = offset

    def _released(self, offset: int, event: SensorStarted | SensorStatusReset) -> None:
        self._quarantined.pop(event.sensor, None)

    def _started(self, offset: int, event: TickStarted) -> None:
        if (tick := self._open.get(event.sensor)) is not None:
            self._report(offset, f"a tick of sensor {event.sensor!r} starts while its tick {tick} is open")
        if (since := self._quarantined.get(event.sensor)) is not None:
            self._report(offset, f"sensor {event.sensor!r} ticks although it is quarantined since {since}")
        self._open[event.sensor] = offset
        self._expect_cursor(offset, event.sensor, event.cursor, "the tick is handed")

    def _ended(self, offset: int, event: TickSkipped | TickFailed | TickCompleted | TickInterrupted) -> None:
        if self._open.get(event.sensor) == event.tick:
            del self._open[event.sensor]

    def _cursor_changed(self, offset: int, event: CursorUpdated | CursorReset | SensorImported) -> None:
        self._expect_cursor(offset, event.sensor, event.before, "the change starts from")
        self._cursors[event.sensor] = event.after

    def _expect_cursor(self, offset: int, sensor: str, told: str | None, role: str) -> None:
        cursor = self._cursors.get(sensor)
        if told != cursor:
            self._report(
                offset, f"{role} cursor {_short(told)} of sensor {sensor!r}, which was {_short(cursor)}"
            )


def _short(cursor: str | None) -> str:
    return repr(cursor) if cursor is None or len(cursor) <= 60 else f"{cursor[:60]!r}…"
