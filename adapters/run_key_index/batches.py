"""Look-ups and claims of many keys at once: `table.py` in numpy, bucket after bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import (
    BUCKET_WORDS,
    BUCKETS,
    FREE,
    HEADER_SIZE,
    HEADER_WORDS,
    RELEASED,
    SEGMENT_BUCKETS,
    TABLE_WORDS,
    WIDTH,
)
from .table import BUCKET_SHIFT, OWNER, SECOND

if TYPE_CHECKING:
    from .main_table import MainTable
    from .table import Table

#: The two lanes of each key.
Lanes = np.ndarray[Any, np.dtype[np.uint64]]
Words = np.ndarray[Any, np.dtype[np.uint64]]
Places = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

#: How few keys are better looked up one by one than in another round.
_FEW = 16

#: Times a word that has a one in its k-th byte alone, this has k in its last byte.
_BYTE = np.uint64(sum(k << 8 * (7 - k) for k in range(WIDTH)))
_LAST_BYTE, _ONE = np.uint64(56), np.uint64(1)


class Batch:
    """Keys on their way through the table.

    A key that has but its first lane in common with another one, which somebody must have made so, is left to
    the table, which looks at one key at a time; so are the last few.

    Attributes:
        segments: The segment of each key.
    """

    def __init__(self, table: Table, lanes: Lanes) -> None:
        self._table, self._lanes = table, lanes
        self._one: Words = np.maximum(lanes[:, 0], _ONE)
        self._two: Words = lanes[:, 1].astype(np.uint64)
        hashed = hashes(table, self._one)
        self.segments = _segments(table, hashed)
        table.checksums.trust_all(self.segments)
        self._starts = _starts(table, self.segments)
        self._homes = (hashed >> np.uint64(BUCKET_SHIFT)).astype(np.int64)
        mapped = table.mapping.mapped
        buckets = (len(mapped) - HEADER_SIZE) // (8 * BUCKET_WORDS)
        self._words: Words = np.frombuffer(mapped, np.uint64, buckets * BUCKET_WORDS, HEADER_SIZE)

    def owners(self) -> list[int]:
        """Return the owners of the keys."""
        found, left = np.zeros(len(self._one), np.uint64), list[int]()
        for seen in self._rounds(left):
            found[seen.known] = self._words[seen.slots + OWNER]
        found[found == RELEASED] = 0
        owners: list[int] = (found.astype(np.int64) - 1).tolist()
        for key, owner in zip(left, self._table.owners(self._digests(left)), strict=True):
            owners[key] = owner
        return owners

    def claim(self, offsets: Sequence[int] | Words) -> None:
        """Claim the keys; of equal ones in the batch the first gets it."""
        owners: Words = np.array(offsets, np.uint64) + _ONE
        table, left = self._table, list[int]()
        self._table.checksums.change_all(self.segments)
        for seen in self._rounds(left):
            came_back, came = self._put_back(seen, owners), self._put(seen, owners)
            table.mapping.words[table.count] += came_back + came
            table.mapping.words[table.used] += came
        self._write()
        left.sort()
        table.claim(self._digests(left), [int(offsets[key]) for key in left])

    def release(self) -> None:
        """Free the keys."""
        left = list[int]()
        self._table.checksums.change_all(self.segments)
        for seen in self._rounds(left):
            slots = np.unique(seen.slots)
            owned = int((self._words[slots + OWNER] != RELEASED).sum())
            self._table.mapping.words[self._table.count] -= owned
            self._words[slots + OWNER] = RELEASED
        self._table.release(self._digests(left))

    def _write(self) -> None:
        """Write what was claimed to the table, if it is not there yet."""

    def _digests(self, keys: Sequence[int]) -> list[bytes]:
        return [self._lanes[key].tobytes() for key in keys]

    def _put_back(self, seen: _Seen, owners: Words) -> int:
        """Give keys that were released to their first claimers; return how many these are."""
        released = self._words[seen.slots + OWNER] == RELEASED
        if not released.any():
            return 0
        slots, first = np.unique(seen.slots[released], return_index=True)
        self._words[slots + OWNER] = owners[seen.known[released][first]]
        return len(slots)

    def _put(self, seen: _Seen, owners: Words) -> int:
        """Put keys that are nowhere into free slots, each written as a whole; return how many.

        Of keys that find the same slot the first gets it, and the others look once more: they may be that key.
        """
        # Of several values for one place the last one stays.
        keys, slots = seen.new[::-1], seen.free_slots[::-1]
        self._words[slots + SECOND] = keys
        first = self._words[slots + SECOND] == keys.astype(np.uint64)
        keys, slots = keys[first], slots[first]
        self._words[slots + SECOND] = self._two[keys]
        self._words[slots + OWNER] = owners[keys]
        self._words[slots] = self._one[keys]
        seen.once_more = seen.new[~first[::-1]]
        return len(keys)

    def _rounds(self, left: list[int]) -> Iterator[_Seen]:
        """Yield what keys find in their buckets, then what those do that have to look further.

        Args:
            left: Gets the keys that the table is to look at one by one.
        """
        keys, buckets = np.arange(len(self._one)), self._homes
        for _ in range(2 * BUCKETS):
            if len(keys) <= _FEW:
                break
            seen = _Seen(keys, (self._starts[keys] + buckets) * BUCKET_WORDS, self._words, self._one[keys])
            other = self._words[seen.slots + SECOND] != self._two[seen.known]
            if other.any():
                left += seen.known[other].tolist()
                seen.known, seen.slots = seen.known[~other], seen.slots[~other]
            yield seen
            further = np.flatnonzero(seen.full)
            again = np.searchsorted(keys, seen.once_more)
            stays = np.concatenate([further, again])
            stays.sort()
            moved = seen.full[stays]
            keys, buckets = keys[stays], (buckets[stays] + moved) % BUCKETS
        left += keys.tolist()


class CopiedBatch(Batch):
    """A batch for few segments of the main table, many keys for each: these are copied, and written back as a whole."""

    def __init__(self, table: MainTable, lanes: Lanes) -> None:
        super().__init__(table, lanes)
        self._main, self._copied = table, np.unique(self.segments)
        copies = np.empty((len(self._copied), TABLE_WORDS), np.uint64)
        for copy, segment in zip(copies, self._copied.tolist(), strict=True):
            start = table.start_of(segment) - HEADER_WORDS
            copy[:] = self._words[start : start + TABLE_WORDS]
        self._words = copies.reshape(-1)
        self._starts = np.searchsorted(self._copied, self.segments) * BUCKETS

    def _write(self) -> None:
        """Write segment after segment, by way of the scratch one: a process may be killed in the middle."""
        table = self._main
        for copy, segment in zip(self._words.reshape(-1, TABLE_WORDS), self._copied.tolist(), strict=True):
            table.mapping.write(HEADER_WORDS, copy.data)
            table.displace(segment, table.segments)
            table.put_back()


class _Seen:
    """What keys find in their buckets. Slots are the words of their first lanes.

    Attributes:
        known: The keys that are there, in *slots*; by the first lane only, at first.
        new: The keys that are nowhere, as there is a free slot, and the first such of *free_slots*.
        full: Of each key, whether it is neither.
        once_more: Those of the new ones that are to look at the same bucket again.
    """

    def __init__(self, keys: Places, places: Places, words: Words, ones: Words) -> None:
        lanes = words.reshape(-1, WIDTH).take(places // WIDTH, axis=0)
        # Eight truth values are a word.
        equal = (lanes == ones[:, None]).view(np.uint64)[:, 0]
        free = (lanes == FREE).view(np.uint64)[:, 0]
        hit, room = equal != 0, free != 0
        known, new = np.flatnonzero(hit), np.flatnonzero(room & ~hit)
        self.known, self.slots = keys[known], places[known] + _first_byte(equal[known])
        self.new, self.free_slots = keys[new], places[new] + _first_byte(free[new])
        self.full: Flags = ~(hit | room)
        self.once_more: Places = keys[:0]


def _first_byte(words: Words) -> Places:
    """Return the number of the first byte of each word that is one; none is zero."""
    lowest = words & (~words + _ONE)
    return (lowest * _BYTE >> _LAST_BYTE).astype(np.int64)


def lanes_of(digests: Sequence[bytes]) -> Lanes:
    """Return the lanes of keys."""
    return np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)


def hashes(table: Table, ones: Words) -> Words:
    """Return the hashes of keys from their first lanes, as `Table.find` does."""
    product = ones * np.uint64(table.multiplier)
    return product ^ (product >> np.uint64(32))


def _segments(table: Table, hashed: Words) -> Places:
    segments = (hashed & np.uint64((2 << table.level) - 1)).astype(np.int64)
    return np.where(segments < table.segments, segments, segments & ((1 << table.level) - 1))


def _starts(table: Table, segments: Places) -> Places:
    """Return the bucket of the file at which each segment begins, as `Table.start_of` does."""
    starts = segments + table.first
    if table.segments > table.gap_at:
        starts += table.gap * (segments >= table.gap_at)
    if table.displaced >= 0:
        starts[segments == table.displaced] = 0
    return starts * SEGMENT_BUCKETS
