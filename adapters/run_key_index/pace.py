"""When segments of a mapped table are split, and how a split that was interrupted is finished."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from .layout import HEADER_WORDS, SEGMENT_WORDS, SLOTS, TABLE_WORDS

if TYPE_CHECKING:
    from .table import Table

#: The part of the slots that is in use when a round of splits begins, and when it is complete at the latest.
_BEGIN, _COMPLETE = 0.66, 0.8


def splits_due(table: Table, used: int) -> int:
    """Return how many segments of this round still have to be split for *used* slots."""
    round_size = 1 << table.level
    progress = (used / (SLOTS * round_size) - _BEGIN) / (_COMPLETE - _BEGIN)
    return min(ceil(progress * round_size), round_size) - table.split


def finish_split(table: Table) -> None:
    """Move the lower segment of the last split from the scratch segment to its place, if it is not there."""
    if table.displaced < 0:
        return
    place = HEADER_WORDS + (table.displaced + 1) * SEGMENT_WORDS
    table.words[place : place + TABLE_WORDS] = table.words[HEADER_WORDS : HEADER_WORDS + TABLE_WORDS]
    table.header.splits = table.segments
    table.address()
