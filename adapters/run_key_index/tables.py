"""The tables of an index as one: the main table, and the recent one as soon as the main one is large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...core.run_keys import NOBODY, PairSums
from .checksums import Checksums
from .main_table import MainTable
from .mapping import Mapping
from .recent_table import RecentTable, wipe
from .sums import pair_sums, recount
from .table import Table

#: From how many keys on numpy is faster.
FEW = 64


class Tables:
    """The tables in a file.

    No key is owned in both, but while keys are moved from the recent table to the main one.

    Args:
        mapping: The file.
        trusted: Whether no segment has to be verified.

    Attributes:
        main: The main table.
        recent: The recent table, None as long as there is none.
    """

    def __init__(self, mapping: Mapping, *, trusted: bool) -> None:
        self.main = MainTable(mapping)
        self.main.checksums = Checksums(self.main, trusted=trusted)
        self.recent: RecentTable | None = None
        if self.is_large:
            self._see_recent(mapping, trusted=trusted)

    @property
    def is_large(self) -> bool:
        """Whether the main table has so many segments that there is a recent one."""
        return self.main.segments >= self.main.gap_at + self.main.gap

    def grow(self) -> None:
        """Split the main table's next segment, for which the file has room; have a recent table if it is large then."""
        from .splits import split

        split(self.main)
        if self.recent is None:
            self._touch_recent(self.main.segments - self.main.gap_at - 1)
            if self.is_large:
                self._see_recent(self.main.mapping, trusted=True).checksums.begin()

    def _touch_recent(self, segment: int) -> None:
        """Have the system find memory for a segment of the recent table to come, all at once would take long."""
        if 0 <= segment < self.main.gap:
            wipe(RecentTable(self.main.mapping), segment)

    def _see_recent(self, mapping: Mapping, *, trusted: bool) -> RecentTable:
        self.recent = RecentTable(mapping)
        self.recent.checksums = Checksums(self.recent, trusted=trusted)
        return self.recent

    def __iter__(self) -> Iterator[Table]:
        """Yield those that there are."""
        yield self.main
        if self.recent is not None:
            yield self.recent

    def owners(self, digests: Sequence[bytes]) -> list[int]:
        """Return the owners of the keys, or `NOBODY`."""
        owners = _owners(self.main, digests)
        if self.recent is not None:
            left = _nobodys(owners)
            for key, owner in zip(left, _owners(self.recent, [digests[key] for key in left]), strict=True):
                owners[key] = owner
        return owners

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Claim the keys, for which there is room; of equal ones the first gets it."""
        if self.recent is None:
            return _claim(self.main, digests, offsets)
        new = _nobodys(_owners(self.main, digests))
        _claim(self.recent, [digests[key] for key in new], [offsets[key] for key in new])

    def release(self, digests: Sequence[bytes]) -> None:
        """Free the keys."""
        for table in self:
            _release(table, digests)

    def find_changed(self) -> None:
        """Take over from a writer that was killed what it had changed, and count what there is."""
        for table in self:
            table.checksums.find_changed()
            words = table.mapping.words
            words[table.count], words[table.used] = recount(table)

    def keep_checksums(self) -> None:
        """Compute the checksums of all that changed."""
        for table in self:
            table.checksums.keep()

    def count(self) -> int:
        """Return how many keys are owned."""
        return sum(table.mapping.words[table.count] for table in self)

    def pair_sums(self) -> PairSums:
        """Return the sums over all keys and their owners."""
        sums = PairSums()
        for table in self:
            sums.merge(pair_sums(table))
        return sums


def _nobodys(owners: Sequence[int]) -> list[int]:
    return [key for key, owner in enumerate(owners) if owner == NOBODY]


def _owners(table: Table, digests: Sequence[bytes]) -> list[int]:
    if len(digests) < FEW:
        return table.owners(digests)
    from .batches import Batch, lanes_of

    return Batch(table, lanes_of(digests)).owners()


def _claim(table: Table, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
    if len(digests) < FEW:
        return table.claim(digests, offsets)
    from .batches import Batch, lanes_of

    Batch(table, lanes_of(digests)).claim(offsets)


def _release(table: Table, digests: Sequence[bytes]) -> None:
    if len(digests) < FEW:
        return table.release(digests)
    from .batches import Batch, lanes_of

    Batch(table, lanes_of(digests)).release()
