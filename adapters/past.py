"""The log as it was: the position that a moment stands for, and the log up to there.

A position is a number of events: at position N the log holds the events at the offsets below N, so it
is what stood just before the event at offset N came. A moment stands for the position behind the last
event that was recorded at it or before.
"""

from __future__ import annotations

from ..core.errors import TickTrailError
from ..core.log import EventLog
from ..core.moment_text import moment_text
from .event_log.prefix import PrefixLog

#: Events that are looked at between two steps back, when the position of a moment is searched.
_STRIDE = 50_000

_NOTHING: frozenset[type] = frozenset()


class NoSuchPosition(TickTrailError):
    """The log has never been at that position."""

    def __init__(self, position: int, head: int) -> None:
        super().__init__(
            f"the log has never been at position {position}, it has {head} events: give a position from 0 to {head}"
        )
        self.position, self.head = position, head


class NoSuchMoment(TickTrailError):
    """The log cannot say what was at that moment: it had not begun, or the moment has not come yet."""

    def __init__(self, moment: int, why: str) -> None:
        super().__init__(f"the log knows nothing of {moment_text(moment)}: {why}")
        self.moment = moment


def log_until(log: EventLog, position: int) -> PrefixLog:
    """Return the log as it was at a position.

    Raises:
        NoSuchPosition: It is negative, or beyond the head.
    """
    head = log.head()
    if not 0 <= position <= head:
        raise NoSuchPosition(position, head)
    return PrefixLog(log, position)


def log_at(log: EventLog, moment: int, now: int) -> PrefixLog:
    """Return the log as it was at a moment.

    Args:
        moment: UTC, microseconds since the epoch.
        now: The present, likewise.

    Raises:
        NoSuchMoment: It is before the first event, or after *now*.
    """
    if moment > now:
        raise NoSuchMoment(moment, f"it is to come, now is {moment_text(now)}; give an earlier time")
    position = position_at(log, moment)
    if position == 0:
        begun = next(log.read(0, 1, wanted=_NOTHING), None)
        why = "it has no events yet" if begun is None else f"it begins at {moment_text(begun.recorded_at)}"
        raise NoSuchMoment(moment, f"{why}; give a later time, or position 0 for the empty log")
    return PrefixLog(log, position)


def recorded_until(log: EventLog) -> int | None:
    """Return when the last event of the log was recorded, None if there is none."""
    head = log.head()
    last = next(log.read(head - 1, head, wanted=_NOTHING), None) if head else None
    return None if last is None else last.recorded_at


def position_at(log: EventLog, moment: int) -> int:
    """Return the position behind the last event that was recorded at *moment* or before, 0 if none was.

    Goes back from the head, since clocks of several writers may differ, so that times are not quite in order.
    """
    stop = log.head()
    while stop:
        start = max(stop - _STRIDE, 0)
        frames = log.read(start, stop, wanted=_NOTHING)
        ends = [frame.next_offset for frame in frames if frame.recorded_at <= moment]
        if ends:
            return ends[-1]
        stop = start
    return 0
