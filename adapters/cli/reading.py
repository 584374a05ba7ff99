"""The log of a home, for the length of a command: as it is, or as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ...core.log import EventLog
from ..home import Home
from ..past import log_at, log_until, recorded_until
from ..system import SystemClock
from .options import When
from .text import UsageError, moment

if TYPE_CHECKING:
    from ..event_log.recorder import RecorderLog

#: Eighteen digits are more than any log has events, and are still a number that everything can hold.
_POSITION = re.compile(r"[0-9]{1,18}")


class View(NamedTuple):
    """What a command that reads looks at.

    Attributes:
        log: The log, which may end earlier than the one that goes on.
        now: The moment that ages and lengths of time count back from; UTC, microseconds since the epoch.
    """

    log: EventLog
    now: int


@contextmanager
def opened(home: Home) -> Iterator[RecorderLog]:
    """Open the home's log for the length of the block."""
    log = home.log()
    try:
        yield log
    finally:
        log.close()


@contextmanager
def viewed(home: Home, when: When) -> Iterator[View]:
    """Open the home's log as it was when it is asked for, for the length of the block.

    Raises:
        UsageError: What is asked for is neither a position nor a time.
        NoSuchPosition: The log has never been there.
        NoSuchMoment: The log cannot say what was then.
    """
    now = SystemClock().now()
    with opened(home) as log:
        yield View(log, now) if when.as_of is None else view_of(log, when.as_of, now)


def view_of(log: EventLog, as_of: str, now: int) -> View:
    """Return the log as it was, see `viewed`. At a position, it was when the last event was recorded."""
    position = position_of(as_of)
    if position is not None:
        past = log_until(log, position)
        return View(past, recorded_until(past) or now)
    at = moment_not_position(as_of, now)
    return View(log_at(log, at, now), at)


def position_of(text: str) -> int | None:
    """Return the position that *text* is, None if it is none."""
    return int(text) if _POSITION.fullmatch(text.strip()) else None


def moment_not_position(text: str, now: int) -> int:
    """Return the moment that *text* names.

    Raises:
        UsageError: It is none; the text says that a position was expected as well.
    """
    try:
        return moment(text, now)
    except UsageError as error:
        raise UsageError(
            f"{text!r} is neither a position nor a moment: expected a number of events such as 1200, a length of "
            "time such as 30m, 24h, 7d, or an ISO time such as 2026-01-31T08:00"
        ) from error
