"""A hash table in some segments of the file: where a key belongs, and look-ups and claims of single keys.

The segments of a round of linear hashing: of 2**level + p segments, the first p and the last p are those
that the segments 0 to p - 1 of the last round were split into; a key's hash says by one bit more which of
the two. Within its segment a key has a home bucket, and is in the first one from there on that had a free
slot when it came.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from mmap import MADV_WILLNEED, PAGESIZE
from typing import TYPE_CHECKING

from ...core.run_keys import NOBODY
from .layout import (
    BUCKET_WORDS,
    BUCKETS,
    FREE,
    HEADER_WORDS,
    RELEASED,
    SEGMENT_SIZE,
    SEGMENT_WORDS,
    WIDTH,
    Header,
    Unusable,
)
from .mapping import Mapping

if TYPE_CHECKING:
    from .checksums import Checksums

_MASK = 2**64 - 1
#: A bucket is the upper bits of a hash, a segment the lower ones.
BUCKET_SHIFT = 64 - BUCKETS.bit_length() + 1

#: Where the second lane and the owner of a slot are, from its first lane on.
SECOND, OWNER = WIDTH, 2 * WIDTH

_lanes_of = struct.Struct("<QQ").unpack


class Table:
    """A hash table.

    Attributes:
        mapping: The file.
        segments: How many segments there are.
        level: There were 2**level of them when this round of splits began.
        first: The segment of the file that is the table's segment 0.
        gap_at, gap: From which segment on so many of the file's are somebody else's.
        count, used: The words of the header that have the number of owned keys, and of slots not free.
        displaced: The segment whose content is in the scratch segment, since a split was not finished;
            `NOBODY` for none.
        checksums: Who is told before a segment is looked at, or changed; set by who opens the table.
    """

    segments: int
    level: int
    checksums: Checksums

    def __init__(self, mapping: Mapping, *, first: int, count: int, used: int) -> None:
        self.mapping, self.first, self.count, self.used = mapping, first, count, used
        self.gap_at, self.gap = 2**63, 0
        self.multiplier, self.displaced = mapping.header.multiplier, NOBODY

    @property
    def header(self) -> Header:
        """The header, in place."""
        return self.mapping.header

    def place_of(self, segment: int) -> int:
        """Return the word at which the segment begins when no split is under way."""
        return HEADER_WORDS + SEGMENT_WORDS * (
            self.first + segment + (self.gap if segment >= self.gap_at else 0)
        )

    def start_of(self, segment: int) -> int:
        """Return the word at which the segment begins now."""
        return HEADER_WORDS if segment == self.displaced else self.place_of(segment)

    def will_read(self, segment: int) -> None:
        """Have the system read the whole segment at once if it is not in memory."""
        start = 8 * self.start_of(segment)
        begin = start - start % PAGESIZE
        self.mapping.mapped.madvise(MADV_WILLNEED, begin, start + SEGMENT_SIZE - begin)

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
        start, bucket, words = self.start_of(segment), hashed >> BUCKET_SHIFT, self.mapping.words
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
        owners, words = [], self.mapping.words
        for digest in digests:
            slot = self.find(digest)[0]
            owner = words[slot + OWNER] if words[slot] != FREE else RELEASED
            owners.append(NOBODY if owner == RELEASED else owner - 1)
        return owners

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Claim keys, the first lane of each written last."""
        words, count, used = self.mapping.words, 0, 0
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
        words[self.count] += count
        words[self.used] += used

    def release(self, digests: Sequence[bytes]) -> None:
        """Free keys; their slots keep the digests, so that the keys behind them are still found."""
        words = self.mapping.words
        for digest in digests:
            slot, segment, _, _ = self.find(digest)
            if words[slot] != FREE and words[slot + OWNER] != RELEASED:
                self.checksums.change(segment)
                words[slot + OWNER] = RELEASED
                words[self.count] -= 1
