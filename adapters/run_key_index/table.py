"""The mapped table: where a key belongs, and look-ups and claims of single keys.

Linear hashing over segments: of 2**level + p segments, the first p and the last p are those that
the segments 0 to p - 1 of the last round were split into; a key's hash says by one bit more which
of the two. Within its segment a key has a home bucket, and is in the first one from there on that had
a free slot when it came.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...core.run_keys import NOBODY
from .layout import (
    BUCKET_WORDS,
    BUCKETS,
    COUNT,
    FREE,
    HEADER_WORDS,
    RELEASED,
    SEGMENT_WORDS,
    SPLITTING,
    USED,
    WIDTH,
    Header,
    Unusable,
    file_size,
)
from .table_file import TableFile

if TYPE_CHECKING:
    from .checksums import Checksums

_MASK = 2**64 - 1
#: A bucket is the upper bits of a hash, a segment the lower ones.
BUCKET_SHIFT = 64 - BUCKETS.bit_length() + 1

#: Where the second lane and the owner of a slot are, from its first lane on.
SECOND, OWNER = WIDTH, 2 * WIDTH

_lanes_of = struct.Struct("<QQ").unpack


class Table:
    """The table in a file, mapped.

    Attributes:
        header: The header, in place.
        words: The whole file as 64-bit words.
        capacity: How many segments the map has room for.
        segments: How many segments there are, the scratch one not counted.
        level, split: Of the round of splits: the segments at its beginning are 2**level, and how many
            of them are split.
        multiplier: The secret of the hash.
        displaced: The segment whose content is in the scratch segment, since a split was not finished;
            `NOBODY` for none.
        dropped: Released keys that the splits of this round have dropped, as far as this process knows.
        checksums: Who is told before a segment is looked at, or changed.

    `address`, which sets the last ones, and `checksums` are for who opens the table.
    """

    segments: int
    level: int
    split: int
    multiplier: int
    displaced: int
    checksums: Checksums

    def __init__(self, file: TableFile) -> None:
        self._file, self.dropped = file, 0
        self.map()

    def map(self) -> None:
        """Map the file as long as it is now; the map before goes with its last user.

        Raises:
            Unusable: The file is too short for a table.
        """
        size = self._file.size
        if size < file_size(1):
            raise Unusable("it is truncated" if size else "it is empty")
        self.mapped = self._file.map()
        self._look_at_map()

    def lengthen(self) -> None:
        """Map the rest of a file that was made longer; nobody else holds a part of the map."""
        self.words.release()
        # Not mapped anew, which would cost a fault per page once more.
        self.mapped.resize(self._file.size)
        self._look_at_map()

    def _look_at_map(self) -> None:
        whole = len(self.mapped) - len(self.mapped) % 8
        self.words: memoryview[int] = memoryview(self.mapped)[:whole].cast("Q")
        self.header = Header(self.mapped, self.words)
        self.capacity = (whole - file_size(0)) // (8 * SEGMENT_WORDS)

    def close(self) -> None:
        """Unmap; safe to call twice."""
        self.words.release()
        self.mapped.close()

    def address(self) -> None:
        """Take over from the header how keys are addressed; to be called after it changed."""
        splits = self.header.splits
        self.segments = splits & ~SPLITTING
        self.level = self.segments.bit_length() - 1
        self.split = self.segments - (1 << self.level)
        self.multiplier = self.header.multiplier
        self.displaced = NOBODY
        if splits & SPLITTING:
            self.displaced = self.split - 1 if self.split else (1 << self.level - 1) - 1

    def start_of(self, segment: int) -> int:
        """Return the word at which the segment begins."""
        return HEADER_WORDS + (0 if segment == self.displaced else segment + 1) * SEGMENT_WORDS

    def find(self, digest: bytes) -> tuple[int, int, int, int]:
        """Return where a key is, or would be: the word of the first lane of its slot, which is free if it is nowhere.

        Returns:
            That word, the key's segment, and its two lanes.

        Raises:
            Unusable: The segment is damaged, or full and the key is not in it.
        """
        one, two = _lanes_of(digest)
        # A lane of that number would be a free slot; keys that differ in that alone are taken for one.
        one = one or 1
        product = one * self.multiplier & _MASK
        hashed = product ^ product >> 32
        segment = hashed & ((2 << self.level) - 1)
        if segment >= self.segments:
            segment &= (1 << self.level) - 1
        self.checksums.trust(segment)
        start, bucket, words = self.start_of(segment), hashed >> BUCKET_SHIFT, self.words
        for _ in range(BUCKETS):
            place = start + BUCKET_WORDS * bucket
            lanes = words[place : place + WIDTH].tolist()
            if one in lanes:
                for slot, lane in enumerate(lanes, place):
                    if lane == one and words[slot + SECOND] == two:
                        return slot, segment, one, two
            if FREE in lanes:
                return place + lanes.index(FREE), segment, one, two
            bucket = (bucket + 1) % BUCKETS
        raise Unusable(f"segment {segment} is full")

    def owners(self, digests: Sequence[bytes]) -> list[int]:
        """Return the owners of the keys."""
        owners, words = [], self.words
        for digest in digests:
            slot = self.find(digest)[0]
            owner = words[slot + OWNER] if words[slot] != FREE else RELEASED
            owners.append(NOBODY if owner == RELEASED else owner - 1)
        return owners

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Claim keys, the first lane of each written last."""
        words, count, used = self.words, 0, 0
        for digest, offset in zip(digests, offsets, strict=True):
            slot, segment, one, two = self.find(digest)
            free = words[slot] == FREE
            if not free and words[slot + OWNER] != RELEASED:
                continue
            self.checksums.change(segment)
            words[slot + SECOND], words[slot + OWNER] = two, offset + 1
            if free:
                words[slot] = one
                used += 1
            count += 1
        words[COUNT] += count
        words[USED] += used

    def release(self, digests: Sequence[bytes]) -> None:
        """Free keys; their slots keep the digests, so that the keys behind them are still found."""
        for digest in digests:
            slot, segment, _, _ = self.find(digest)
            if self.words[slot] != FREE and self.words[slot + OWNER] != RELEASED:
                self.checksums.change(segment)
                self.words[slot + OWNER] = RELEASED
                self.header.count -= 1
