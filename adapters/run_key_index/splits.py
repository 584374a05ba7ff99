"""Splits: how the table grows by one segment at a time, at a pace that follows its load."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from .layout import FREE, HEADER_WORDS, RELEASED, SEGMENT_WORDS, SLOTS, SPLITTING

if TYPE_CHECKING:
    import numpy as np

    from .table import Table

#: The part of the slots that is in use when a round of splits begins, and when it is complete at the latest.
_BEGIN, _COMPLETE = 0.6, 0.72


def splits_due(table: Table, used: int) -> int:
    """Return how many segments of this round still have to be split for *used* slots."""
    round_size = 1 << table.level
    progress = (used / (SLOTS * round_size) - _BEGIN) / (_COMPLETE - _BEGIN)
    return min(ceil(progress * round_size), round_size) - table.split


def split(table: Table) -> int:
    """Split the next segment of the round; the file has room for one more. Released keys are dropped.

    At every moment of it each key is found, by `Table.address`: the new upper segment becomes part of
    the table in the same store that says that the lower one is in the scratch segment.

    Returns:
        How many slots are used less than before.
    """
    lower, upper = table.split, table.segments
    rows = _rows(table, table.start_of(lower))
    used = rows[rows[:, 2] != FREE]
    kept = used[used[:, 2] != RELEASED]
    hashed = _hashes(table, kept)
    goes_up = (hashed >> (hashed.dtype.type(table.level))) & hashed.dtype.type(1) == 1
    _fill(table, HEADER_WORDS, kept[~goes_up], hashed[~goes_up])
    _fill(table, table.start_of(upper), kept[goes_up], hashed[goes_up])
    table.header.splits = (upper + 1) | SPLITTING
    table.address()
    finish_split(table)
    return len(used) - len(kept)


def finish_split(table: Table) -> None:
    """Move the lower segment of the last split from the scratch segment to its place, if it is not there."""
    if table.displaced < 0:
        return
    place = HEADER_WORDS + (table.displaced + 1) * SEGMENT_WORDS
    table.words[place : place + 3 * SLOTS] = table.words[HEADER_WORDS : HEADER_WORDS + 3 * SLOTS]
    table.header.splits = table.segments
    table.address()


def _rows(table: Table, start: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    import numpy as np

    return np.frombuffer(table.mapped, np.uint64, 3 * SLOTS, 8 * start).reshape(-1, 3)


def _hashes(table: Table, rows: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    import numpy as np

    product = rows[:, 0] * np.uint64(table.multiplier)
    return product ^ (product >> np.uint64(32))


def _fill(
    table: Table,
    start: int,
    rows: np.ndarray[Any, np.dtype[np.uint64]],
    hashed: np.ndarray[Any, np.dtype[np.uint64]],
) -> None:
    """Write a segment that holds just these rows, as if they had been claimed one by one."""
    import numpy as np

    from .table import SLOT_SHIFT

    segment = _rows(table, start)
    segment[:] = 0
    homes = (hashed >> np.uint64(SLOT_SHIFT)).astype(np.int64)
    order = np.argsort(homes, kind="stable")
    slots, order = _probed(homes[order], order)
    segment[slots] = rows[order]


def _probed(homes: Any, order: Any) -> tuple[Any, Any]:
    """Return the slots that linear probing gives to keys, from their homes in ascending order.

    Those that run over the segment's end go on at its beginning, where they push others further.
    """
    import numpy as np

    over = 0
    while True:
        # The last *over* keys begin at slot 0, before all others.
        around = np.concatenate([np.zeros(over, np.int64), homes[: len(homes) - over]])
        turned = np.concatenate([order[len(order) - over :], order[: len(order) - over]])
        places = np.arange(len(around))
        slots = places + np.maximum.accumulate(around - places)
        beyond = int((slots >= SLOTS).sum())
        if not beyond:
            return slots, turned
        over += beyond
