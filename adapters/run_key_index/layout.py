"""How the file of a mapped run-key index is laid out.

::

    page 0                  the header
    segment 0               scratch: where the new content of a segment is put before it is written to its place
    segment 1, 2, ...       the main table
    `direct` + 1, ...       the recent table, a quarter as many, if the main one has more than `direct` segments
    ...                     the rest of the main table

A segment is `BUCKETS` buckets and a place for its checksum. A bucket is `WIDTH` slots, each for a key:
first the first lanes of their digests, which are one line of a processor's cache, then the second
lanes, then the owners' offsets + 1, or `RELEASED`. A slot whose first lane is `FREE` holds nothing;
that lane is written last. Words are of 64 bits, in the machine's order, and each is written by one
store, so that a process that is killed leaves the old one or the new one.
"""

from __future__ import annotations

import struct
import zlib
from mmap import mmap

MAGIC = b"ttrunkey"
VERSION = 4

HEADER_SIZE = 4096
WIDTH = 8
BUCKETS = 2048
SLOTS = BUCKETS * WIDTH
#: Sizes in 64-bit words.
HEADER_WORDS = HEADER_SIZE // 8
BUCKET_WORDS = 3 * WIDTH
TABLE_WORDS = BUCKETS * BUCKET_WORDS
#: The checksum has as much room as a bucket, so that all buckets begin with a line of the cache.
SEGMENT_BUCKETS = BUCKETS + 1
SEGMENT_WORDS = SEGMENT_BUCKETS * BUCKET_WORDS
SEGMENT_SIZE = 8 * SEGMENT_WORDS

FREE = 0
RELEASED = 2**64 - 1

#: Where in the word that has the number of segments the one is, plus 1, whose content is in the scratch segment.
DISPLACED_SHIFT = 32
SEGMENTS_MASK = (1 << DISPLACED_SHIFT) - 1

#: Flag in the word that has the recent table's next segment to be drained: that is under way.
DRAINING = 1 << 63

#: How many segments the main table has before there is room for a recent one, which is in use from 5/4 as many on:
#: some 17,000,000 keys.
DIRECT = 2048

DIRTY, CLEAN = 0, 1

#: Words of the header that every claim of a single key looks at, without the detour of a `Header`.
STATE, CHECKPOINT, COUNT, USED, MARKED, RECENT_COUNT, RECENT_USED, SEQUENCE = 8, 10, 11, 12, 13, 22, 23, 25

#: Magic, version, slots per segment, multiplier; and the checksum of those.
_FIXED = struct.Struct("=8sIIQ")
_CHECKSUM = struct.Struct("=I")
_STATE = slice(64, 72)


def recent_segments(direct: int) -> int:
    """Return how many segments the recent table has, a power of two like *direct*."""
    return max(direct // 4, 1)


def file_size(segments: int, direct: int) -> int:
    """Return the size of a file whose main table has that many segments."""
    recent = recent_segments(direct) if segments > direct else 0
    return HEADER_SIZE + (1 + segments + recent) * SEGMENT_SIZE


def segments_in(size: int, direct: int) -> int:
    """Return how many segments of the main table a file of *size* bytes has room for."""
    segments = (size - HEADER_SIZE) // SEGMENT_SIZE - 1
    return segments if segments <= direct else max(direct, segments - recent_segments(direct))


class Unusable(Exception):
    """The file is no index that can be gone on with; the text says why, for people."""


class NewerVersion(Exception):
    """A newer release wrote the file; the argument is its version."""


class _Word:
    """A 64-bit field of the header."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __get__(self, header: Header, _: type | None = None) -> int:
        return header.words[self.place]

    def __set__(self, header: Header, value: int) -> None:
        header.words[self.place] = value


class _Bytes:
    """Sixteen bytes of the header."""

    def __init__(self, place: int) -> None:
        self.part = slice(place * 8, place * 8 + 16)

    def __get__(self, header: Header, _: type | None = None) -> bytes:
        return header.mapped[self.part]

    def __set__(self, header: Header, value: bytes) -> None:
        header.mapped[self.part] = value


class Header:
    """The header page, in place.

    Attributes:
        state: `CLEAN` if everything was saved and nothing was changed since.
        sequence: Odd while the table is being changed.
        splits: Number of the main table's segments, and which one is displaced.
        checkpoint: The index's.
        count: How many keys of the main table are owned; not trusted after a crash.
        used: How many slots of the main table are not free; not trusted after a crash.
        recent_count, recent_used: Those of the recent table.
        marked: The checkpoint that *mark* is of, not greater than *checkpoint*.
        mark: Tells the log from others, see `mark_of`.
        boot: Which start of the machine the writer lived in, or zeros.
        device, inode: Of the file, so that a copy is known as one.
        direct: How many segments the main table has before there is room for a recent one; a power of two.
        drain: The recent table's segment that is drained next, and maybe `DRAINING`.
    """

    state, splits, checkpoint = _Word(STATE), _Word(9), _Word(CHECKPOINT)
    count, used = _Word(COUNT), _Word(USED)
    marked, mark, boot = _Word(MARKED), _Bytes(14), _Bytes(16)
    device, inode = _Word(18), _Word(19)
    direct, drain = _Word(20), _Word(21)
    recent_count, recent_used = _Word(RECENT_COUNT), _Word(RECENT_USED)
    _END = 24 * 8
    sequence = _Word(SEQUENCE)

    def __init__(self, mapped: mmap, words: memoryview[int]) -> None:
        self.mapped, self.words = mapped, words

    def make(self, multiplier: int, direct: int) -> None:
        """Write the header of an empty index."""
        self.mapped[:HEADER_SIZE] = bytes(HEADER_SIZE)
        fixed = _FIXED.pack(MAGIC, VERSION, SLOTS, multiplier)
        self.mapped[: _FIXED.size + _CHECKSUM.size] = fixed + _CHECKSUM.pack(zlib.crc32(fixed))
        self.splits, self.direct = 1, direct

    @property
    def multiplier(self) -> int:
        """The secret by which keys are spread over the table: who sends keys cannot pile them up."""
        multiplier: int = _FIXED.unpack_from(self.mapped)[3]
        return multiplier

    @property
    def segments(self) -> int:
        """Number of the main table's segments."""
        return self.splits & SEGMENTS_MASK

    def seal(self) -> None:
        """Mark the index as saved, under a checksum: in one store, the checksum is there before."""
        _CHECKSUM.pack_into(self.mapped, self._END, self._checksum())
        self.state = CLEAN

    def _checksum(self) -> int:
        content = bytearray(self.mapped[: self._END])
        content[_STATE] = bytes(8)
        return zlib.crc32(content)

    def check(self, size: int) -> None:
        """Look whether this is the header of an index, in a file of *size* bytes.

        Raises:
            Unusable: It is not, or is damaged.
            NewerVersion: It says that a newer release wrote it.
        """
        fixed = self.mapped[: _FIXED.size]
        magic, version, slots, _ = _FIXED.unpack(fixed)
        if magic != MAGIC:
            raise Unusable("it is no index of run keys")
        if _CHECKSUM.unpack_from(self.mapped, _FIXED.size)[0] != zlib.crc32(fixed):
            raise Unusable("its header is damaged")
        if version > VERSION:
            raise NewerVersion(version)
        if (version, slots) != (VERSION, SLOTS):
            raise Unusable(f"it has version {version}, this release reads {VERSION}")
        if self.state not in (DIRTY, CLEAN) or self.marked > self.checkpoint or not self.segments:
            raise Unusable("its header is damaged")
        if self.direct.bit_count() != 1:
            raise Unusable("its header is damaged")
        if self.state == CLEAN and _CHECKSUM.unpack_from(self.mapped, self._END)[0] != self._checksum():
            raise Unusable("its header is damaged")
        if size < file_size(self.segments, self.direct):
            raise Unusable("it is truncated")
