"""Segments: consecutive frames in a file, their bytes as they were stored, in compressed blocks.

::

    "ttframe1"
    blocks: zlib of msgpack [[topic, state], ...]
    index:  msgpack, a `Block` for each
    length of the index, 4 bytes, little endian

The manifest has the digest of the index, the index those of the blocks; so every byte that is read is checked.
"""

from __future__ import annotations

import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO

import msgspec

from ....core.errors import DamagedArchive
from ....core.frames import EncodedFrame, Link
from .manifest import Segment, why

_MAGIC = b"ttframe1"
_LENGTH = struct.Struct("<I")

#: Bytes of frames in a block, before compression: what a reader of one event reads.
BLOCK = 256 * 1024

#: On frames, level 6 makes 2 to 4 % less of it and takes three times as long.
_LEVEL = 1

#: A frame in the order of the log, with the place after it.
Placed = tuple[EncodedFrame, Link]


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where some frames are in the file.

    Attributes:
        before: The place before the first of them.
        position: Where its bytes begin.
        size: How many there are.
        digest: BLAKE2b of them, 16 bytes.
    """

    before: Link
    position: int
    size: int
    digest: bytes


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What was written to a file.

    Attributes:
        after: The place after the last frame.
        frame_bytes: Bytes of the frames as they were stored.
        bytes: Size of the file.
        digest: Of the index.
    """

    after: Link
    frame_bytes: int
    bytes: int
    digest: str


def write_segment(path: Path, frames: Iterable[Placed], before: Link) -> Written:
    """Write *frames*, which follow *before*, to a new file; it is on the disk when this returns.

    Raises:
        OSError: It cannot be written.
    """
    with open(path, "wb") as file:
        file.write(_MAGIC)
        blocks, place, size = list[Block](), before, 0
        for rows, after in _batches(frames):
            blocks.append(_write_block(file, rows, place))
            place, size = after, size + sum(len(state) for _, state in rows)
        index = msgspec.msgpack.encode(blocks)
        file.write(index + _LENGTH.pack(len(index)))
        file.flush()
        os.fsync(file.fileno())
        _forget_cached(file)
        return Written(after=place, frame_bytes=size, bytes=file.tell(), digest=_digest(index).hex())


def _batches(frames: Iterable[Placed]) -> Iterator[tuple[list[tuple[str, bytes]], Link]]:
    """Yield the frames of each block, and the place after them."""
    rows, size, place = list[tuple[str, bytes]](), 0, None
    for stored, place in frames:
        rows.append((stored.topic, stored.state))
        size += len(stored.state)
        if size >= BLOCK:
            yield rows, place
            rows, size = [], 0
    if rows and place is not None:
        yield rows, place


def _write_block(file: IO[bytes], rows: list[tuple[str, bytes]], before: Link) -> Block:
    content = zlib.compress(msgspec.msgpack.encode(rows), _LEVEL)
    block = Block(before, file.tell(), len(content), _digest(content))
    file.write(content)
    return block


def _forget_cached(file: IO[bytes]) -> None:
    """Have the next read come from the disk, where the system can be told so."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class SegmentFile:
    """A segment, for reading.

    Args:
        path: The file.
        segment: What the manifest says of it.
        partition: Named in errors.

    Raises:
        DamagedArchive: It is missing, cannot be read, or is not what was written.
    """

    def __init__(self, path: Path, segment: Segment, partition: str) -> None:
        self.segment = segment
        self._path, self._partition = path, partition
        self._blocks = self._index()
        self._numbers = [block.before.number for block in self._blocks]
        self._offsets = [block.before.offset for block in self._blocks]

    def place(self, offset: int) -> Link:
        """Return the place before the block that has an offset of the segment."""
        return self._blocks[bisect_right(self._offsets, offset) - 1].before

    def frames_from(self, number: int) -> list[EncodedFrame]:
        """Return frame *number*, which the segment has, and those after it in its block.

        Raises:
            DamagedArchive: The block is not what was written.
        """
        block = self._blocks[bisect_right(self._numbers, number) - 1]
        first = block.before.number
        rows = self._rows(block)
        return [
            EncodedFrame(number=place, topic=topic, state=state)
            for place, (topic, state) in enumerate(rows[number - first :], number)
        ]

    def frames(self) -> Iterator[EncodedFrame]:
        """Yield all of its frames."""
        for number in self._numbers:
            yield from self.frames_from(number)

    def _index(self) -> list[Block]:
        size = self.segment.bytes
        tail = self._read(size - _LENGTH.size, _LENGTH.size, self.segment.first_frame)
        [length] = _LENGTH.unpack(tail)
        start = size - _LENGTH.size - length
        if start < len(_MAGIC):
            raise self._damaged(self.segment.first_frame, "its end is not what was written")
        content = self._read(start, length, self.segment.first_frame)
        if _digest(content).hex() != self.segment.digest:
            raise self._damaged(self.segment.first_frame, "its index is not what was written")
        return msgspec.msgpack.decode(content, type=list[Block])

    def _rows(self, block: Block) -> list[tuple[str, bytes]]:
        content = self._read(block.position, block.size, block.before.number)
        if _digest(content) != block.digest:
            what = f"its bytes {block.position} to {block.position + block.size - 1} are not what was written"
            raise self._damaged(block.before.number, what)
        return msgspec.msgpack.decode(zlib.decompress(content), type=list[tuple[str, bytes]])

    def _read(self, position: int, size: int, frame: int) -> bytes:
        try:
            with open(self._path, "rb") as file:
                content = os.pread(file.fileno(), size, position)
        except FileNotFoundError as error:
            raise self._damaged(self.segment.first_frame, "it is missing") from error
        except OSError as error:
            raise self._damaged(frame, f"it cannot be read ({why(error)})") from error
        if len(content) < size:
            raise self._damaged(frame, f"it ends before byte {position + size}")
        return content

    def _damaged(self, frame: int, what: str) -> DamagedArchive:
        return DamagedArchive(self._partition, frame=frame, file=str(self._path), what=what)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
