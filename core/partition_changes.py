"""What the changes of partitions that a tick asks for amount to at the head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .events import DynamicPartitionsChanged
from .partitions_store import ChangedPartitions, DynamicPartitionsStore, PartitionsChange


def without_deletions(changes: Sequence[PartitionsChange]) -> list[PartitionsChange]:
    """Return what a tick asks for that will ask again.

    Keys are added whatever becomes of the run requests, as some of them may need them. What was
    rejected because its partition was to go would be asked for in vain once the partition is gone.
    """
    return [PartitionsChange(partitions=change.partitions, add=change.add) for change in changes]


def changed_partitions(
    changes: Iterable[PartitionsChange], partitions: DynamicPartitionsStore, *, tick: int, at: int
) -> Iterator[DynamicPartitionsChanged]:
    """Yield an event for each set of which something is asked.

    Args:
        partitions: The partitions at the head.
    """
    for change in changes:
        if change.add or change.delete:
            changed = ChangedPartitions(partitions).apply(change)
            yield DynamicPartitionsChanged(
                at=at, partitions=change.partitions, tick=tick, **changed._asdict()
            )
