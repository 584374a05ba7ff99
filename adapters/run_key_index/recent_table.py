"""The recent table: keys that came last, on their way to a large main table.

A key's slot in a large table is on a page of its own, which has to be made writable, and written to the
disk, for that one key. So new keys go to a small table first, whose pages have many of them. When it is
filled as far as it should be, its next segment is drained: a segment of it has the keys of just a few
segments of the main table, so that several get to each page of those.

At every moment of it each key is found with its owner: one that is in both tables has the same in both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .layout import (
    DRAINING,
    RECENT_COUNT,
    RECENT_USED,
    RELEASED,
    SLOTS,
    TABLE_WORDS,
    recent_segments,
)
from .mapping import Mapping
from .table import Table

if TYPE_CHECKING:
    from .main_table import MainTable

#: The part of its slots that is in use before it is drained.
_FILLED = 0.3

_NOTHING = memoryview(bytes(8 * TABLE_WORDS)).cast("Q")


class RecentTable(Table):
    """The table of the keys that came last; it has always as many segments."""

    def __init__(self, mapping: Mapping) -> None:
        direct = mapping.header.direct
        super().__init__(mapping, first=1 + direct, count=RECENT_COUNT, used=RECENT_USED)
        self.segments = recent_segments(direct)
        self.level = self.segments.bit_length() - 1

    def has_room(self, keys: int) -> bool:
        """Return whether so many keys can come without anything being drained before."""
        used = self.header.recent_used
        return not used or used + keys <= _FILLED * self.segments * SLOTS


def drain(recent: RecentTable, main: MainTable, make_room: Callable[[int], None]) -> None:
    """Move the keys of the recent table's next segment to the main table.

    Args:
        recent: The one.
        main: The other.
        make_room: Makes room in the main table for so many keys.
    """
    import numpy as np

    from .batches import CopiedBatch
    from .sums import used_slots

    segment = recent.header.drain % recent.segments
    recent.checksums.trust(segment)
    used = used_slots(recent, segment)
    owned = np.flatnonzero(used[2] != RELEASED)
    one, two, owners = (words.take(owned) for words in used)
    make_room(len(owned))
    # The map may be a longer one now, with a header of its own.
    header = recent.header
    # From here on a writer that opens the index after a kill does it all once more.
    header.drain = segment | DRAINING
    if len(owned):
        CopiedBatch(main, np.stack([one, two], axis=1)).claim(owners - np.uint64(1))
    recent.checksums.change(segment)
    wipe(recent, segment)
    header.recent_count -= len(owned)
    header.recent_used -= len(used[2])
    header.drain = (segment + 1) % recent.segments


def wipe(recent: RecentTable, segment: int) -> None:
    """Empty a segment."""
    start = recent.place_of(segment)
    recent.mapping.words[start : start + TABLE_WORDS] = _NOTHING


def finish_drain(recent: RecentTable, main: MainTable, make_room: Callable[[int], None]) -> None:
    """Drain the segment whose draining was not finished, if there is one; the keys are counted."""
    if recent.header.drain & DRAINING:
        drain(recent, main, make_room)
