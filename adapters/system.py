"""The system's clock, and ids that nobody else has."""

from __future__ import annotations

import time
import uuid


class SystemClock:
    """The port `Clock` on the clock of this machine."""

    def now(self) -> int:
        """Return the calendar time: UTC, microseconds since the epoch."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes backwards."""
        return time.monotonic()


def new_run_id() -> str:
    """Return a new, random id."""
    return str(uuid.uuid4())
