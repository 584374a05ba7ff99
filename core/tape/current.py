"""Which tape the reads of this thread go to, or come from."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from .player import Player
from .recorder import Recorder

T = TypeVar("T")

#: What reads are handed to.
Reading = Recorder | Player

_current: ContextVar[Reading | None] = ContextVar("ticktrail_tape", default=None)

_playing: ContextVar[Player | None] = ContextVar("ticktrail_playing", default=None)

#: Return the tape that is played in this thread, also while its reads are covered; None if there is none.
playing: Callable[[], Player | None] = _playing.get

#: Return what reads of this thread are handed to, None outside of evaluations that are recorded or replayed.
reading: Callable[[], Reading | None] = _current.get


class under:
    """A context that hands the reads of this thread to *reads*."""

    # A class, as every tick passes through it: a generator takes three times as long.
    __slots__ = ("_before", "_played_before", "_reads")

    def __init__(self, reads: Reading | None) -> None:
        self._reads = reads

    def __enter__(self) -> None:
        self._before = _current.set(self._reads)
        self._played_before = _playing.set(self._reads) if isinstance(self._reads, Player) else None

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)
        if self._played_before is not None:
            _playing.reset(self._played_before)


def covered() -> under:
    """Return a context in which nothing is recorded: what is read in it is on the tape already, as another read."""
    return under(None)


def _same(value: Any) -> Any:
    return value


def observe(
    channel: str,
    what: str,
    subject: str,
    read: Callable[[], T],
    plain: Callable[[T], Any] = _same,
    restored: Callable[[Any], T] = _same,
) -> T:
    """Read the outside world by *read*, on the record if there is one; when a tape is played, return what it says.

    Args:
        channel: The kind of source.
        what, subject: As in `Observation`.
        read: Reads it.
        plain: Makes plain data of what came of it.
        restored: Makes what came of it of plain data.

    Raises:
        NotOnTape: A tape is played that does not have the read.
        Exception: What *read* raised, then or now.
    """
    current = _current.get()
    if current is None:
        return read()
    return current.observe(channel, what, subject, read, plain, restored)
