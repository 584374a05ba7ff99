"""Which partitions of an asset are made from a partition of another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import DagsterInvalidDefinitionError
from .partitions import PartitionsDefinition
from .time_partitions import TimeWindowPartitions


def downstream_partition_keys(
    partition_key: str, origin: PartitionsDefinition, target: PartitionsDefinition, store: Any
) -> Sequence[str]:
    """Return the keys of *target* that are made from the partition *partition_key* of *origin*.

    Partitions in time go by the time that they have in common, others by equal keys.

    Args:
        store: Where keys of dynamic partitions are found, None if there are none.

    Raises:
        DagsterInvalidDefinitionError: The two have nothing in common to go by.
    """
    if isinstance(origin, TimeWindowPartitions) and isinstance(target, TimeWindowPartitions):
        window = origin.time_window_for_partition_key(partition_key)
        keys = target.get_partition_keys()
        windows = ((key, target.time_window_for_partition_key(key)) for key in keys)
        return [key for key, other in windows if other.start < window.end and window.start < other.end]
    if target.has_partition_key(partition_key, dynamic_partitions_store=store):
        return [partition_key]
    raise DagsterInvalidDefinitionError(
        f"the partition {partition_key!r} of {origin!r} has no counterpart in {target!r}: choose the partitions "
        "to request yourself"
    )
