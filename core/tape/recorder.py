"""The recorder: puts on a tape what an evaluation reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from .limits import TapeLimits
from .tape import Tape, encode_channel

T = TypeVar("T")

#: How many different things that were not recorded are named.
_MOST_NAMED = 20

_LIMITS = TapeLimits()

_size_of = msgspec.msgpack.Encoder().encode


class Recorder:
    """Records the reads of one evaluation.

    Attributes:
        limits: How much its tape may have.
        inside: How many reads that are recorded go on just now: what they do to answer is no other read.
        at_end: What is called before the tape is made, by who records a read once it is known to be over.
    """

    replays: bool = False

    def __init__(self, limits: TapeLimits = _LIMITS) -> None:
        self.limits = limits
        self._channels: dict[str, list[tuple[Any, ...]]] = {}
        self._uncovered: dict[str, None] = {}
        self.inside = 0
        self.at_end = list[Callable[[], None]]()

    def observe(
        self,
        channel: str,
        what: str,
        subject: str,
        read: Callable[[], T],
        plain: Callable[[T], Any],
        restored: Callable[[Any], T],
    ) -> T:
        """Read, record what came of it, and return it; see `ticktrail.core.tape.current.observe`."""
        self.inside += 1
        try:
            result = read()
        except Exception as error:
            self.record(channel, what, subject, None, described(error))
            raise
        finally:
            self.inside -= 1
        self.record(channel, what, subject, plain(result))
        return result

    def record(
        self, channel: str, what: str, subject: str, result: Any, raised: list[Any] | None = None
    ) -> None:
        """Put a read on the tape."""
        row = (what, subject, result) if raised is None else (what, subject, None, raised)
        self.rows(channel).append(row)

    def rows(self, channel: str) -> list[tuple[Any, ...]]:
        """Return what a channel has so far: tuples of the fields of `Observation`, more of which may be added."""
        rows = self._channels.get(channel)
        if rows is None:
            rows = self._channels[channel] = []
        return rows

    def miss(self, what: str) -> None:
        """Note a read that is not recorded."""
        if len(self._uncovered) < _MOST_NAMED:
            self._uncovered[what] = None

    def tape(self) -> Tape:
        """Return what was recorded."""
        for finish in self.at_end:
            finish()
        channels = {name: self._encoded(rows) for name, rows in self._channels.items()}
        return Tape(self._kept(channels), tuple(self._uncovered))

    def _kept(self, channels: dict[str, bytes]) -> dict[str, bytes]:
        """Return as many channels as a tape may have, without the largest ones."""
        total = sum(map(len, channels.values()))
        while total > self.limits.tick:
            name = max(channels, key=lambda name: len(channels[name]))
            size = len(channels.pop(name))
            total -= size
            self.miss(
                f"{name}: too large, {size:,} bytes, {self.limits.tick:,} of all that a tick reads are recorded at most"
            )
        return channels

    def _encoded(self, rows: list[tuple[Any, ...]]) -> bytes:
        encoded = encode_channel(rows)
        return (
            encoded
            if len(encoded) <= self.limits.read
            else encode_channel(list(filter(self._is_small, rows)))
        )

    def _is_small(self, row: tuple[Any, ...]) -> bool:
        if len(_size_of(row)) <= self.limits.read:
            return True
        self.miss(f"{row[0]} {row[1]}: too large, {self.limits.read:,} bytes are recorded at most")
        return False


def described(error: Exception) -> list[Any]:
    """Return what an error is made of, plain: its type, and arguments that are plain."""
    arguments = [
        each if isinstance(each, (str, int, float, type(None))) else str(each) for each in error.args
    ]
    if isinstance(error, OSError) and error.filename is not None and len(arguments) == 2:
        arguments.append(str(error.filename))
    return [_name(type(error)), *arguments]


def _name(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
