"""How a tape is kept in the log: what is short in one event, what is large once, under its digest."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Container, Iterator

from ..errors import TickTrailError
from ..events import BlobStored, TapeRecorded
from .tape import Tape, digest_of


class MissingBlob(TickTrailError):
    """The log does not have what a tape names, or has something else."""


def tape_events(
    tape: Tape, stored: Container[bytes], *, tick: int, sensor: str, at: int
) -> Iterator[BlobStored | TapeRecorded]:
    """Yield the events that hold the tape of a tick; none if nothing was read.

    Args:
        stored: Digests of the blobs that the log has.
    """
    if not tape.channels and tape.complete:
        return
    for channel, digest in tape.digests.items():
        if digest not in stored:
            content = zlib.compress(tape.channels[channel])
            yield BlobStored(at=at, tick=tick, sensor=sensor, digest=digest, content=content)
    yield TapeRecorded(
        at=at,
        tick=tick,
        sensor=sensor,
        short={name: content for name, content in tape.channels.items() if name not in tape.digests},
        stored=dict(tape.digests),
        uncovered=list(tape.uncovered),
    )


def tape_of(event: TapeRecorded, blob: Callable[[bytes], BlobStored | None]) -> Tape:
    """Return the tape that an event tells of.

    Args:
        blob: Returns the event that stored what has this digest.

    Raises:
        MissingBlob: A blob is not there, or not what was stored.
    """
    channels = dict(event.short)
    for channel, digest in event.stored.items():
        channels[channel] = _content(channel, digest, blob(digest))
    return Tape(channels, tuple(event.uncovered), event.stored)


def content_of(blob: BlobStored) -> bytes:
    """Return what was stored.

    Raises:
        MissingBlob: It is not what its digest says.
    """
    try:
        content = zlib.decompress(blob.content)
    except zlib.error as error:
        raise MissingBlob(f"blob {blob.digest.hex()} is damaged: {error}") from error
    if digest_of(content) != blob.digest:
        raise MissingBlob(f"blob {blob.digest.hex()} is damaged: it is something else")
    return content


def _content(channel: str, digest: bytes, blob: BlobStored | None) -> bytes:
    if blob is None:
        raise MissingBlob(f"what the tick read of {channel} is not in the log: no blob {digest.hex()}")
    if blob.digest != digest:
        raise MissingBlob(f"what the tick read of {channel} is another blob's: {blob.digest.hex()}")
    return content_of(blob)
