"""Sums over a whole mapped table, segment by segment, so that they need little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.run_keys import PairSums
from .layout import BUCKET_WORDS, FREE, RELEASED, TABLE_WORDS, WIDTH

if TYPE_CHECKING:
    import numpy as np

    from .table import Table

    Words = np.ndarray[Any, np.dtype[np.uint64]]


def recount(table: Table) -> tuple[int, int]:
    """Return how many keys are owned, and how many slots are not free."""
    count = used = 0
    for segment in range(table.segments):
        keys = used_slots(table, segment)
        used += len(keys[2])
        count += int((keys[2] != RELEASED).sum())
    return count, used


def pair_sums(table: Table) -> PairSums:
    """Return the sums over all keys and their owners."""
    import numpy as np

    sums = PairSums()
    for segment in range(table.segments):
        table.checksums.trust(segment)
        keys = used_slots(table, segment)
        owned = np.flatnonzero(keys[2] != RELEASED)
        one, two, owners = (words.take(owned) for words in keys)
        owners = owners - np.uint64(1)
        first = _finalized(one ^ _finalized(two ^ _finalized(owners)))
        second = _finalized(two ^ _finalized(one ^ _finalized(owners + np.uint64(1))))
        sums.merge(PairSums(len(one), int(first.sum(dtype=np.uint64)), int(second.sum(dtype=np.uint64))))
    return sums


def used_slots(table: Table, segment: int) -> list[Words]:
    """Return copies of what the slots of a segment have that are not free: first lanes, second lanes, and owners + 1."""
    import numpy as np

    table.will_read(segment)
    buckets = np.frombuffer(table.mapping.mapped, np.uint64, TABLE_WORDS, 8 * table.start_of(segment))
    lines = buckets.reshape(-1, 3, WIDTH)
    used = np.flatnonzero(lines[:, 0] != FREE)
    places = used + used // WIDTH * (BUCKET_WORDS - WIDTH)
    return [buckets.take(places + which * WIDTH) for which in range(3)]


def _finalized(numbers: Words) -> Words:
    """Do as `core.run_keys.finalized` to each number."""
    u = numbers.dtype.type
    numbers = numbers + u(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> u(30))) * u(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> u(27))) * u(0x94D049BB133111EB)
    return numbers ^ (numbers >> u(31))
