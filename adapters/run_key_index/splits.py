"""Splits: how the table grows by one segment, in numpy. When that is due: `pace.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .batches import Places, Words, hashes
from .layout import FREE, HEADER_WORDS, RELEASED, SLOTS, SPLITTING
from .pace import finish_split
from .table import SLOT_SHIFT

if TYPE_CHECKING:
    from .table import Table


def split(table: Table) -> None:
    """Split the next segment of the round; the file has room for one more. Released keys are dropped.

    At every moment of it each key is found, by `Table.address`: the new upper segment becomes part of
    the table in the same store that says that the lower one is in the scratch segment.
    """
    lower, upper, header = table.split, table.segments, table.header
    table.checksums.trust(lower)
    table.checksums.change(lower)
    rows = _rows(table, table.start_of(lower))
    used = rows[rows[:, 2] != FREE]
    kept = used[used[:, 2] != RELEASED]
    hashed = hashes(table, kept)
    goes_up = (hashed & np.uint64(1 << table.level)) != 0
    _fill(table, HEADER_WORDS, kept[~goes_up], hashed[~goes_up])
    _fill(table, table.start_of(upper), kept[goes_up], hashed[goes_up])
    header.splits = (upper + 1) | SPLITTING
    table.address()
    table.checksums.append()
    finish_split(table)
    header.used -= len(used) - len(kept)
    table.dropped = table.dropped + len(used) - len(kept) if table.split else 0


def _rows(table: Table, start: int) -> Words:
    return np.frombuffer(table.mapped, np.uint64, 3 * SLOTS, 8 * start).reshape(-1, 3)


def _fill(table: Table, start: int, rows: Words, hashed: Words) -> None:
    """Write a segment that holds just these rows, as if they had been claimed one by one."""
    # Sixteen bits are sorted in linear time.
    homes = (hashed >> np.uint64(SLOT_SHIFT)).astype(np.uint16)
    order = np.argsort(homes, kind="stable")
    slots, order = _probed(homes[order].astype(np.int64), order)
    segment = np.zeros((SLOTS, 3), np.uint64)
    segment[slots] = rows[order]
    _rows(table, start)[:] = segment


def _probed(homes: Places, order: Places) -> tuple[Places, Places]:
    """Return the slots that linear probing gives to keys, from their homes in ascending order.

    Those that run over the segment's end go on at its beginning, where they push others further.

    Args:
        order: The numbers of the keys; they are returned in the order of the slots.
    """
    over = 0
    while True:
        # The last *over* keys begin at slot 0, before all others.
        within = len(homes) - over
        around = np.concatenate([np.zeros(over, np.int64), homes[:within]])
        places = np.arange(len(around))
        slots = places + np.maximum.accumulate(around - places)
        beyond = int((slots >= SLOTS).sum())
        if not beyond:
            return slots, np.concatenate([order[within:], order[:within]])
        over += beyond
