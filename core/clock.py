"""Time as the core sees it: handed in, never asked for."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Two readings of time: the calendar's, for the log, and one that never steps, for waiting."""

    def now(self) -> int:
        """Return the calendar time: UTC, microseconds since the epoch. May step either way."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes backwards."""
