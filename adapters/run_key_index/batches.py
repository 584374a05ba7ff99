"""Look-ups and claims of many keys at once: `table.py` in numpy, round by round of probing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import FREE, HEADER_SIZE, RELEASED, ROWS, SLOTS, Unusable
from .table import SLOT_SHIFT

if TYPE_CHECKING:
    from .table import Table

Words = np.ndarray[Any, np.dtype[np.uint64]]
Places = np.ndarray[Any, np.dtype[np.int64]]

_ONE = np.uint64(1)


class Batch:
    """Keys on their way through the table.

    Attributes:
        segments: The segment of each key.
    """

    def __init__(self, table: Table, digests: Sequence[bytes]) -> None:
        lanes = np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)
        self.keys: Words = lanes.astype(np.uint64, copy=False)
        product = self.keys[:, 0] * np.uint64(table.multiplier)
        hashed = product ^ (product >> np.uint64(32))
        self._slots = (hashed >> np.uint64(SLOT_SHIFT)).astype(np.int64)
        self.segments = _segments(table, hashed)
        for segment in np.unique(self.segments).tolist():
            table.trust(segment)
        self._starts = (self.segments + 1) * ROWS
        if table.displaced >= 0:
            self._starts[self.segments == table.displaced] = 0
        self.rows = rows_of(table)

    def owners(self) -> list[int]:
        """Return the owners of the keys."""
        found = np.zeros(len(self.keys), np.uint64)
        pending, keys, starts, slots = np.arange(len(self.keys)), self.keys, self._starts, self._slots
        for _ in range(SLOTS):
            seen = self.rows[starts + slots]
            same = _same(seen, keys)
            found[pending[same]] = seen[same, 2]
            further = ~same & (seen[:, 2] != FREE)
            if not further.any():
                break
            pending, keys, starts = pending[further], keys[further], starts[further]
            slots = (slots[further] + 1) % SLOTS
        found[found == RELEASED] = FREE
        owners: list[int] = (found.astype(np.int64) - 1).tolist()
        return owners

    def claim(self, offsets: Sequence[int], change: Callable[[int], None]) -> tuple[int, int]:
        """Claim the keys; return how many are owned more than before, and how many slots are used more.

        Keys that want the same slot in the same round stand in the order of the batch: the first gets
        it, and the others look at it once more, since they may be the same key.
        """
        owners: Words = np.array(offsets, np.uint64) + _ONE
        keys, starts, slots, segments = self.keys, self._starts, self._slots, self.segments
        count = used = 0
        for _ in range(2 * SLOTS):
            places = starts + slots
            seen = self.rows[places]
            free, same = seen[:, 2] == FREE, _same(seen, keys)
            vacant = free | (same & (seen[:, 2] == RELEASED))
            if vacant.any():
                candidates = np.flatnonzero(vacant)
                taken, first = np.unique(places[candidates], return_index=True)
                winners = candidates[first]
                for segment in np.unique(segments[winners]).tolist():
                    change(segment)
                self.rows[taken, :2] = keys[winners]
                self.rows[taken, 2] = owners[winners]
                count += len(winners)
                used += int(free[winners].sum())
                vacant[winners] = False
                same[winners] = True
            left = ~same | vacant
            if not left.any():
                return count, used
            keys, starts, segments, owners = keys[left], starts[left], segments[left], owners[left]
            slots = (slots[left] + ~vacant[left]) % SLOTS
        raise Unusable("a segment is full")

    def release(self, change: Callable[[int], None]) -> int:
        """Free the keys; return how many are owned less than before."""
        keys, starts, slots, segments = self.keys, self._starts, self._slots, self.segments
        count = 0
        for _ in range(SLOTS):
            places = starts + slots
            seen = self.rows[places]
            same = _same(seen, keys)
            owned = same & (seen[:, 2] != RELEASED)
            if owned.any():
                for segment in np.unique(segments[owned]).tolist():
                    change(segment)
                released = np.unique(places[owned])
                self.rows[released, 2] = RELEASED
                count += len(released)
            further = ~same & (seen[:, 2] != FREE)
            if not further.any():
                break
            keys, starts, segments = keys[further], starts[further], segments[further]
            slots = (slots[further] + 1) % SLOTS
        return count


def rows_of(table: Table) -> Words:
    """Return the table's rows as an array of n x 3 words, in place."""
    rows = (len(table.mapped) - HEADER_SIZE) // 24
    return np.frombuffer(table.mapped, np.uint64, rows * 3, HEADER_SIZE).reshape(-1, 3)


def _segments(table: Table, hashed: Words) -> Places:
    segments = (hashed & np.uint64((2 << table.level) - 1)).astype(np.int64)
    return np.where(segments < table.segments, segments, segments & ((1 << table.level) - 1))


def _same(seen: Words, keys: Words) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return where a used slot has the key."""
    same: np.ndarray[Any, np.dtype[np.bool_]] = (
        (seen[:, 0] == keys[:, 0]) & (seen[:, 1] == keys[:, 1]) & (seen[:, 2] != FREE)
    )
    return same
