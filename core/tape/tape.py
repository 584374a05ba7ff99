"""The tape as a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec


class Observation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One read of the outside world.

    Attributes:
        what: What was asked, such as ``"listdir"``.
        subject: Of what, such as a path; ``""`` where there is only one.
        result: The answer, plain data; bytes may be in it.
        raised: In its place, the type of the error that was raised and what that was made of.
    """

    what: str
    subject: str
    result: Any = None
    raised: Sequence[Any] | None = None


_decode = msgspec.msgpack.Decoder(list[Observation]).decode


def channel_head(count: int) -> bytes:
    """Return what the encoded observations of a channel begin with, so that they are a msgpack array."""
    if count < 16:
        return bytes([0x90 | count])
    return b"\xdc" + count.to_bytes(2) if count < 1 << 16 else b"\xdd" + count.to_bytes(4)


def digest_of(content: bytes) -> bytes:
    """Return the 16 bytes that stand for a content."""
    # Of the hashes that nobody can make collide, the one that processors have instructions for.
    return sha256(content).digest()[:16]


class Tape(msgspec.Struct, frozen=True):
    """All that one evaluation read, as far as it was recorded.

    Attributes:
        channels: The observations of each kind of source, such as ``"files"`` and ``"clock"``, encoded: in the order
            in which they were made.
        uncovered: What was read and not recorded, a line each; none if the tape is complete.
        digests: The `digest_of` channels that take more room than that, by their names.
    """

    channels: Mapping[str, bytes] = {}
    uncovered: Sequence[str] = ()
    digests: Mapping[str, bytes] = {}

    @property
    def complete(self) -> bool:
        """Whether all reads are on the tape."""
        return not self.uncovered

    def observations(self, channel: str) -> Sequence[Observation]:
        """Return a channel's observations.

        Raises:
            msgspec.MsgspecError: The channel is damaged.
        """
        stored = self.channels.get(channel)
        return () if stored is None else _decode(stored)

    def all(self) -> Iterator[tuple[str, Observation]]:
        """Yield the observations of all channels with the channel's name; raises as `observations` does."""
        for channel in self.channels:
            for observation in self.observations(channel):
                yield channel, observation
