"""The mapped table: where a key belongs, and look-ups and claims of single keys.

Linear hashing over segments: of 2**level + p segments, the first p and the last p are those that
the segments 0 to p - 1 of the last round were split into; a key's hash says by one bit more which
of the two. Within its segment a key is found by linear probing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...core.run_keys import NOBODY
from .layout import (
    FREE,
    HEADER_WORDS,
    RELEASED,
    SEGMENT_WORDS,
    SLOTS,
    SPLITTING,
    Header,
    Unusable,
    file_size,
)
from .table_file import TableFile

if TYPE_CHECKING:
    from .checksums import Checksums

_MASK = 2**64 - 1
#: A slot is the upper bits of a hash, a segment the lower ones.
SLOT_SHIFT = 64 - SLOTS.bit_length() + 1

lanes_of = struct.Struct("<QQ").unpack


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

    def segment_of(self, hashed: int) -> int:
        """Return the segment that a key with that hash belongs to."""
        segment = hashed & ((2 << self.level) - 1)
        return segment if segment < self.segments else segment & ((1 << self.level) - 1)

    def hash(self, lane: int) -> int:
        """Return the hash of a key from the first lane of its digest."""
        product = lane * self.multiplier & _MASK
        return product ^ product >> 32

    def find(self, one: int, two: int) -> tuple[int, int]:
        """Return the word of the owner of a key's slot, or of the free slot where it would be; and its segment.

        Raises:
            Unusable: The segment is damaged, or full and the key is not in it.
        """
        hashed = self.hash(one)
        segment = self.segment_of(hashed)
        self.checksums.trust(segment)
        start, slot, words = self.start_of(segment), hashed >> SLOT_SHIFT, self.words
        for _ in range(SLOTS):
            place = start + 3 * slot
            if words[place + 2] == FREE or (words[place] == one and words[place + 1] == two):
                return place + 2, segment
            slot = (slot + 1) % SLOTS
        raise Unusable(f"segment {segment} is full")

    def owners(self, digests: Sequence[bytes]) -> list[int]:
        """Return the owners of the keys."""
        owners = []
        for digest in digests:
            owner = self.words[self.find(*lanes_of(digest))[0]]
            owners.append(NOBODY if owner == RELEASED else owner - 1)
        return owners

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Claim keys, each owner written last."""
        words, header = self.words, self.header
        for digest, offset in zip(digests, offsets, strict=True):
            one, two = lanes_of(digest)
            place, segment = self.find(one, two)
            before = words[place]
            if before not in (FREE, RELEASED):
                continue
            self.checksums.change(segment)
            if before == FREE:
                words[place - 2], words[place - 1] = one, two
                header.used += 1
            words[place] = offset + 1
            header.count += 1

    def release(self, digests: Sequence[bytes]) -> None:
        """Free keys; their slots keep the digests, so that the keys behind them are still found."""
        for digest in digests:
            place, segment = self.find(*lanes_of(digest))
            if self.words[place] not in (FREE, RELEASED):
                self.checksums.change(segment)
                self.words[place] = RELEASED
                self.header.count -= 1
