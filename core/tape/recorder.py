"""The recorder: puts on a tape what an evaluation reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ..plain_data import storable_text
from .limits import TapeLimits
from .tape import Tape, channel_head, digest_of

T = TypeVar("T")

#: Bytes up to which a channel is kept in the log as it is, not by its digest.
_SHORT = 64

#: How many different things that were not recorded are named.
_MOST_NAMED = 20

_encode_into = msgspec.msgpack.Encoder().encode_into


class _Channel:
    """The reads of one kind of source, encoded as they come: a sensor may make ten thousands.

    Attributes:
        count: How many they are.
        content: Them, one after the other.
    """

    __slots__ = ("content", "count")

    def __init__(self) -> None:
        self.count, self.content = 0, bytearray()


_NOTHING, _LIMITS = Tape(), TapeLimits()


class Recorder:
    """Records the reads of one evaluation.

    Args:
        last: The sensor's last tape: what has not changed since is neither copied nor hashed again.

    Attributes:
        limits: How much its tape may have.
        inside: How many reads that are recorded go on just now: what they do to answer is no other read.
        at_end: What is called before the tape is made, by who records a read once it is known to be over.
    """

    replays: bool = False

    def __init__(self, last: Tape = _NOTHING, limits: TapeLimits = _LIMITS) -> None:
        self._last, self.limits = last, limits
        self._channels: dict[str, _Channel] = {}
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
        """Put a read on the tape, as its answer is now: what the sensor makes of that later does not change it."""
        kept = self._channels.get(channel)
        if kept is None:
            kept = self._channels[channel] = _Channel()
        content = kept.content
        before = len(content)
        if before > self.limits.tick:
            return
        row = (what, subject, result) if raised is None else (what, subject, None, raised)
        try:
            _encode_into(row, content, -1)
        # Names that are no text, numbers that are too large: the read was made, and the tick goes on without it.
        except Exception as error:  # noqa: BLE001
            del content[before:]
            self.miss(f"{what} {subject}: it cannot be kept, {error}")
            return
        if len(content) - before > self.limits.read:
            del content[before:]
            self.miss(f"{what} {subject}: too large, {self.limits.read:,} bytes are recorded at most")
            return
        kept.count += 1

    def miss(self, what: str) -> None:
        """Note a read that is not recorded."""
        if len(self._uncovered) < _MOST_NAMED:
            self._uncovered[storable_text(what)] = None

    def tape(self) -> Tape:
        """Return what was recorded."""
        for finish in self.at_end:
            finish()
        channels, digests = dict[str, bytes](), dict[str, bytes]()
        self._leave_out_the_largest()
        for name, channel in self._channels.items():
            if channel.count:
                channels[name] = content = self._encoded(name, channel)
                if len(content) > _SHORT:
                    same = content is self._last.channels.get(name)
                    digests[name] = self._last.digests[name] if same else digest_of(content)
        return Tape(channels, tuple(self._uncovered), digests)

    def _encoded(self, name: str, channel: _Channel) -> bytes:
        """Return a channel as it is stored: the last tape's content itself if it is the same."""
        head, last = channel_head(channel.count), self._last.channels.get(name, b"")
        size = len(head) + len(channel.content)
        if len(last) == size and last.startswith(head) and last.endswith(channel.content):
            return last
        return head + channel.content

    def _leave_out_the_largest(self) -> None:
        """Leave out channels until the others are no more than a tape may have."""
        sizes = {name: len(channel.content) for name, channel in self._channels.items()}
        while sum(sizes.values()) > self.limits.tick:
            name = max(sizes, key=sizes.__getitem__)
            del sizes[name], self._channels[name]
            self.miss(
                f"{name}: too large, {self.limits.tick:,} bytes of all that a tick reads are recorded at most"
            )


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
