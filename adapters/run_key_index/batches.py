"""Look-ups and claims of many keys at once: `table.py` in numpy, round by round of probing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import FREE, HEADER_SIZE, RELEASED, ROW_SIZE, ROWS, SLOTS
from .table import SLOT_SHIFT

if TYPE_CHECKING:
    from .table import Table

Words = np.ndarray[Any, np.dtype[np.uint64]]
Places = np.ndarray[Any, np.dtype[np.int64]]

#: How few keys are better looked up one by one than in another round.
_FEW = 32


class Batch:
    """Keys on their way through the table.

    Attributes:
        segments: The segment of each key.
    """

    def __init__(self, table: Table, digests: Sequence[bytes]) -> None:
        self._table, self._digests = table, digests
        lanes = np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)
        self._keys: Words = lanes.astype(np.uint64, copy=False)
        hashed = hashes(table, self._keys)
        self._slots = (hashed >> np.uint64(SLOT_SHIFT)).astype(np.int64)
        self.segments = _segments(table, hashed)
        table.checksums.trust_all(self.segments)
        self._starts = (self.segments + 1) * ROWS
        if table.displaced >= 0:
            self._starts[self.segments == table.displaced] = 0
        self._rows = _rows_of(table)

    def owners(self) -> list[int]:
        """Return the owners of the keys."""
        found = np.zeros(len(self._keys), np.uint64)
        pending, keys, starts, slots = np.arange(len(self._keys)), self._keys, self._starts, self._slots
        for _ in self._rounds():
            if len(pending) <= _FEW:
                break
            seen = self._rows[starts + slots]
            same = _same(seen, keys)
            found[pending[same]] = seen[same, 2]
            further = ~same & (seen[:, 2] != FREE)
            pending, keys, starts = pending[further], keys[further], starts[further]
            slots = (slots[further] + 1) % SLOTS
        found[found == RELEASED] = FREE
        owners: list[int] = (found.astype(np.int64) - 1).tolist()
        left = pending.tolist()
        for place, owner in zip(left, self._table.owners([self._digests[at] for at in left]), strict=True):
            owners[place] = owner
        return owners

    def claim(self, offsets: Sequence[int]) -> None:
        """Claim the keys.

        Keys that want the same slot in the same round stand in the order of the batch: the first gets
        it, and the others look at it once more, since they may be the same key.
        """
        owners: Words = np.array(offsets, np.uint64) + np.uint64(1)
        pending, keys, starts, slots = np.arange(len(owners)), self._keys, self._starts, self._slots
        self._table.checksums.change_all(self.segments)
        for _ in self._rounds():
            if len(pending) <= _FEW:
                break
            places = starts + slots
            seen = self._rows[places]
            free, same = seen[:, 2] == FREE, _same(seen, keys)
            vacant = free | (same & (seen[:, 2] == RELEASED))
            candidates = np.flatnonzero(vacant)
            taken, first = np.unique(places[candidates], return_index=True)
            winners = candidates[first]
            self._rows[taken, :2] = keys[winners]
            self._rows[taken, 2] = owners[pending[winners]]
            self._table.header.count += len(winners)
            self._table.header.used += int(free[winners].sum())
            vacant[winners] = False
            same[winners] = True
            left = ~same | vacant
            pending, keys, starts = pending[left], keys[left], starts[left]
            slots = (slots[left] + ~vacant[left]) % SLOTS
        rest = pending.tolist()
        self._table.claim([self._digests[at] for at in rest], [offsets[at] for at in rest])

    def release(self) -> None:
        """Free the keys."""
        pending, keys, starts, slots = np.arange(len(self._keys)), self._keys, self._starts, self._slots
        self._table.checksums.change_all(self.segments)
        for _ in self._rounds():
            if len(pending) <= _FEW:
                break
            places = starts + slots
            seen = self._rows[places]
            same = _same(seen, keys)
            released = np.unique(places[same & (seen[:, 2] != RELEASED)])
            self._rows[released, 2] = RELEASED
            self._table.header.count -= len(released)
            further = ~same & (seen[:, 2] != FREE)
            pending, keys, starts = pending[further], keys[further], starts[further]
            slots = (slots[further] + 1) % SLOTS
        self._table.release([self._digests[at] for at in pending.tolist()])

    @staticmethod
    def _rounds() -> range:
        """Return as many rounds as a segment has slots: what is left then is in a full one, which `Table.find` reports."""
        return range(SLOTS)


def hashes(table: Table, keys: Words) -> Words:
    """Return the hashes of keys from their lanes, as `Table.hash` does."""
    product = keys[:, 0] * np.uint64(table.multiplier)
    return product ^ (product >> np.uint64(32))


def _rows_of(table: Table) -> Words:
    """Return the table's rows as an array of n x 3 words, in place."""
    rows = (len(table.mapped) - HEADER_SIZE) // ROW_SIZE
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
