"""What the changes of partitions that a tick asks for amount to at the head."""

from __future__ import annotations

from collections.abc import Sequence

from .events import DynamicPartitionsChanged
from .partitions_store import ChangedPartitions, DynamicPartitionsStore, PartitionsChange
from .requests import Request


def change_partitions(
    changes: Sequence[PartitionsChange],
    requests: Sequence[Request],
    partitions: DynamicPartitionsStore,
    *,
    tick: int,
    at: int,
) -> list[DynamicPartitionsChanged]:
    """Return an event for each set that is concerned.

    Keys are added whatever becomes of the run requests, as some of them may need them. They are
    deleted only if the next tick does not ask for the same once more: what was rejected because its
    partition was to go would be asked for in vain.

    Args:
        partitions: The partitions at the head.
    """
    asked_again, events = _asked_again(requests), []
    for change in changes:
        if asked_again:
            change = PartitionsChange(partitions=change.partitions, add=change.add)
        if not change.add and not change.delete:
            continue
        added, deleted, unchanged = ChangedPartitions(partitions).apply(change)
        events.append(
            DynamicPartitionsChanged(
                at=at,
                partitions=change.partitions,
                added=added,
                deleted=deleted,
                unchanged=unchanged,
                tick=tick,
            )
        )
    return events


def _asked_again(requests: Sequence[Request]) -> bool:
    """Return whether the cursor waits: something was rejected, and all that is launched has a key."""
    rejected = any(request.problem is not None for request in requests)
    return rejected and all(request.run_key or request.problem is not None for request in requests)
