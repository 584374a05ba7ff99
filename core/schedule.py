"""When each sensor is due: a heap of moments, one live entry per sensor."""

from __future__ import annotations

import heapq


class Schedule:
    """The due moments of sensors, on the monotonic clock (seconds)."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        self._entries: dict[str, tuple[float, int, str]] = {}
        self._count = 0

    def set(self, sensor: str, due: float) -> None:
        """Make *sensor* due at *due*, in place of any earlier moment set for it."""
        self._count += 1
        self._entries[sensor] = entry = (due, self._count, sensor)
        heapq.heappush(self._heap, entry)

    def drop(self, sensor: str) -> None:
        """Take *sensor* off the schedule; does nothing when it is not on it."""
        self._entries.pop(sensor, None)

    def next_due(self) -> float | None:
        """Return the earliest moment at which a sensor is due, None if none is scheduled."""
        self._discard_replaced()
        return self._heap[0][0] if self._heap else None

    def due(self, now: float, limit: int) -> list[str]:
        """Return up to *limit* sensors due at *now*, the longest due first; they stay scheduled."""
        taken: list[tuple[float, int, str]] = []
        while len(taken) < limit and (first := self.next_due()) is not None and first <= now:
            taken.append(heapq.heappop(self._heap))
        for entry in taken:
            heapq.heappush(self._heap, entry)
        return [sensor for _, _, sensor in taken]

    def _discard_replaced(self) -> None:
        heap, entries = self._heap, self._entries
        while heap and entries.get(heap[0][2]) is not heap[0]:
            heapq.heappop(heap)
