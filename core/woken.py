"""Sensors that events of the log have woken and that have not ticked since."""

from __future__ import annotations

import msgspec

from .authoring.sensor_result import NextTick


class _Wake(msgspec.Struct):
    first: int
    last: int


class Woken:
    """Which sensors are to tick because of an event, and which of them are held back."""

    def __init__(self) -> None:
        self._wakes: dict[str, _Wake] = {}
        self._plans: dict[int, tuple[NextTick, int]] = {}
        self._paused_until: dict[str, float] = {}

    def wake(self, sensor: str, offset: int) -> None:
        """Note that the event at *offset* wakes the sensor."""
        wake = self._wakes.setdefault(sensor, _Wake(offset, offset))
        wake.last = offset

    def cause(self, sensor: str) -> int | None:
        """Return the offset of the first event that woke the sensor, None if it is not awake."""
        wake = self._wakes.get(sensor)
        return None if wake is None else wake.first

    def begin(self, sensor: str) -> None:
        """Note that the sensor ticks now, and will see what woke it."""
        self._wakes.pop(sensor, None)
        self._paused_until.pop(sensor, None)

    def plan(self, tick: int, next_tick: NextTick, known: int) -> None:
        """Keep what the evaluation of *tick* says of the next one, until that tick's end is stored.

        Args:
            known: The offset up to which the evaluation knew the log.
        """
        self._plans[tick] = next_tick, known

    def end(self, sensor: str, tick: int) -> NextTick:
        """Return what was said of the next tick; forget the events that this one knew already.

        A tick of which nothing was used has said nothing: it is to be tried again.
        """
        next_tick, known = self._plans.pop(tick, ("retry", 0))
        wake = self._wakes.get(sensor)
        if wake is not None and wake.last < known:
            del self._wakes[sensor]
        return next_tick

    def pause(self, sensor: str, until: float) -> None:
        """Let no event wake the sensor before *until* (monotonic seconds)."""
        self._paused_until[sensor] = until

    def paused_until(self, sensor: str) -> float:
        """Return until when no event wakes the sensor (monotonic seconds); 0 if it is not paused."""
        return self._paused_until.get(sensor, 0.0)
