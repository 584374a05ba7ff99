"""When segments of a mapped table are split, and how a split that was interrupted is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .layout import HEADER_WORDS, SEGMENT_WORDS, SLOTS, TABLE_WORDS

if TYPE_CHECKING:
    from .table import Table

#: The part of the slots that is in use when a round of splits begins, and when it is complete at the latest.
_BEGIN, _COMPLETE = 0.4, 0.8


def used_before_split(table: Table) -> float:
    """Return how many slots may be in use before the next segment of this round is split."""
    return SLOTS * (_BEGIN * (1 << table.level) + (_COMPLETE - _BEGIN) * table.split)


def finish_split(table: Table) -> None:
    """Move the lower segment of the last split from the scratch segment to its place, if it is not there."""
    if table.displaced < 0:
        return
    place = HEADER_WORDS + (table.displaced + 1) * SEGMENT_WORDS
    table.words[place : place + TABLE_WORDS] = table.words[HEADER_WORDS : HEADER_WORDS + TABLE_WORDS]
    table.header.splits = table.segments
    table.address()
