"""Splits: how the table grows by one segment, in numpy. When that is due: `pace.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .batches import Places, Words, hashes
from .layout import BUCKET_WORDS, HEADER_WORDS, RELEASED, SLOTS, TABLE_WORDS, WIDTH
from .sums import used_slots
from .table import BUCKET_SHIFT

if TYPE_CHECKING:
    from .main_table import MainTable


def split(table: MainTable) -> None:
    """Split the next segment of the round; the file has room for one more. Released keys are dropped.

    At every moment of it each key is found, by `Table.address`: the new upper segment becomes part of
    the table in the same store that says that the lower one is in the scratch segment.
    """
    lower, upper, header = table.split, table.segments, table.header
    table.checksums.trust(lower)
    table.checksums.change(lower)
    used = used_slots(table, lower)
    kept = np.flatnonzero(used[2] != RELEASED)
    dropped = len(used[2]) - len(kept)
    keys = [words.take(kept) for words in used]
    hashed = hashes(table, keys[0])
    goes_up = (hashed & np.uint64(1 << table.level)) != 0
    for start, there in ((HEADER_WORDS, ~goes_up), (table.start_of(upper), goes_up)):
        chosen = np.flatnonzero(there)
        _fill(table, start, [words.take(chosen) for words in keys], hashed.take(chosen))
    table.displace(lower, upper + 1)
    table.checksums.append()
    table.put_back()
    header.used -= dropped
    table.dropped = table.dropped + dropped if table.split else 0


def _fill(table: MainTable, start: int, keys: list[Words], hashed: Words) -> None:
    """Write a segment that holds just these keys, as if they had been claimed one by one."""
    # Sixteen bits are sorted in linear time.
    homes = (hashed >> np.uint64(BUCKET_SHIFT)).astype(np.uint16)
    order = np.argsort(homes, kind="stable")
    slots, order = _probed(homes.take(order).astype(np.int64) * WIDTH, order)
    # Where its first lane is: a bucket has the lanes and owners of its slots one after the other.
    places = slots + slots // WIDTH * (BUCKET_WORDS - WIDTH)
    segment = np.zeros(TABLE_WORDS, np.uint64)
    for which, words in enumerate(keys):
        segment[places + which * WIDTH] = words.take(order)
    table.mapping.write(start, segment.data)


def _probed(homes: Places, order: Places) -> tuple[Places, Places]:
    """Return slots for keys, from the first slots of their homes in ascending order: each gets the next one there.

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
