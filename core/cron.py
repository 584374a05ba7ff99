"""Cron schedules as the core sees them: which moment comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from .errors import TickTrailError

#: From a moment to the next one of a schedule, which is later; both UTC, microseconds since the epoch.
Moments = Callable[[int], int]


class CronError(TickTrailError):
    """A cron expression says nothing, or names a moment that never comes."""


class Cron(Protocol):
    """Reads cron expressions. Promises: tests/adapters/test_cron.py."""

    def __call__(self, expressions: Sequence[str], timezone: str) -> Moments:
        """Return the moments at which the clocks of *timezone* show what one of *expressions* says.

        A moment that several of them name comes once.

        Args:
            expressions: Each of five fields (minute, hour, day of month, month, day of week), or an
                alias such as ``"@daily"``.
            timezone: Name of a time zone that is there.

        Raises:
            CronError: One of them cannot be read, or names no moment.
        """
