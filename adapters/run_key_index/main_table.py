"""The main table: it grows by splits, see `pace.py` and `splits.py`."""

from __future__ import annotations

from ...core.run_keys import NOBODY
from .layout import COUNT, DISPLACED_SHIFT, HEADER_WORDS, TABLE_WORDS, USED, recent_segments
from .mapping import Mapping
from .table import Table


class MainTable(Table):
    """The table of all keys, but for those that came last, if there is a recent one.

    Attributes:
        split: How many segments of this round are split.
        dropped: Released keys that the splits of this round have dropped, as far as this process knows.
    """

    split: int

    def __init__(self, mapping: Mapping) -> None:
        super().__init__(mapping, first=1, count=COUNT, used=USED)
        self.gap_at = mapping.header.direct
        self.gap = recent_segments(self.gap_at)
        self.dropped = 0
        self.address()

    def address(self) -> None:
        """Take over from the header how keys are addressed; to be called after it changed."""
        splits = self.header.splits
        self.segments = self.header.segments
        self.level = self.segments.bit_length() - 1
        self.split = self.segments - (1 << self.level)
        self.displaced = (splits >> DISPLACED_SHIFT) - 1

    def displace(self, segment: int, segments: int) -> None:
        """Say, in one store, that the scratch segment has the content of this one, and how many segments there are."""
        self.header.splits = segments | (segment + 1) << DISPLACED_SHIFT
        self.address()

    def put_back(self) -> None:
        """Write the displaced segment to its place, if there is one."""
        if self.displaced == NOBODY:
            return
        scratch = self.mapping.words[HEADER_WORDS : HEADER_WORDS + TABLE_WORDS]
        self.mapping.write(self.place_of(self.displaced), scratch)
        self.displace(NOBODY, self.segments)
