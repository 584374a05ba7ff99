"""Partitions along two dimensions, such as a day and a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Self

from ..partitions_store import DynamicPartitionsStore
from .errors import CheckError, DagsterInvalidDefinitionError
from .partitions import PARTITION_TAG, PartitionsDefinition, StaticPartitionsDefinition
from .time_partitions import TimeWindow, TimeWindowPartitions

#: What stands between the keys of the dimensions.
SEPARATOR = "|"


class MultiPartitionKey(str):
    """The key of a partition along several dimensions: their keys, in the order of their names.

    Attributes:
        keys_by_dimension: The key of each dimension, by the dimension's name.
    """

    keys_by_dimension: Mapping[str, str]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> Self:
        """Join the keys.

        Raises:
            CheckError: It is no mapping of str to str.
        """
        if not isinstance(keys_by_dimension, Mapping) or not all(
            isinstance(name, str) and isinstance(key, str) for name, key in keys_by_dimension.items()
        ):
            raise CheckError(
                f"a MultiPartitionKey is made of {keys_by_dimension!r}: give a mapping of str to str"
            )
        ordered = dict(sorted(keys_by_dimension.items()))
        made = super().__new__(cls, SEPARATOR.join(ordered.values()))
        made.keys_by_dimension = ordered
        return made

    def __getnewargs__(self) -> tuple[Mapping[str, str]]:  # type: ignore[override]
        return (self.keys_by_dimension,)


class MultiPartitionsDefinition(PartitionsDefinition):
    """One partition for each pair of keys of two dimensions.

    Attributes:
        partitions_defs: The dimensions by name, in the order of their names.
    """

    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition]) -> None:
        """Keep the dimensions.

        Raises:
            CheckError: It is no mapping of str to partitions.
            DagsterInvalidDefinitionError: There are not two, or they cannot be told apart in a key.
        """
        if not isinstance(partitions_defs, Mapping) or not all(
            isinstance(name, str) and isinstance(part, PartitionsDefinition)
            for name, part in partitions_defs.items()
        ):
            raise CheckError(
                f"MultiPartitionsDefinition got {partitions_defs!r}: give a mapping from names of dimensions "
                "to partitions definitions"
            )
        if len(partitions_defs) != 2:
            raise DagsterInvalidDefinitionError(
                f"MultiPartitionsDefinition takes two dimensions, got {len(partitions_defs)}"
            )
        self.partitions_defs = dict(sorted(partitions_defs.items()))
        for name, part in self.partitions_defs.items():
            _check_dimension(name, part)

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[MultiPartitionKey]:
        """Return every pair of keys; those of the dimension whose name comes last change fastest."""
        lists = [
            part.get_partition_keys(current_time, dynamic_partitions_store)
            for part in self.partitions_defs.values()
        ]
        return [self._key(keys) for keys in product(*lists)]

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a partition of that key."""
        keys = partition_key.split(SEPARATOR)
        return len(keys) == len(self.partitions_defs) and all(
            part.has_partition_key(key, current_time, dynamic_partitions_store)
            for key, part in zip(keys, self.partitions_defs.values(), strict=True)
        )

    def get_first_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> MultiPartitionKey | None:
        """Return the first key, None if a dimension has none yet."""
        store = dynamic_partitions_store
        return self._key_if_whole([p.get_first_partition_key(current_time, store) for p in self._parts()])

    def get_last_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> MultiPartitionKey | None:
        """Return the last key, None if a dimension has none yet."""
        store = dynamic_partitions_store
        return self._key_if_whole([p.get_last_partition_key(current_time, store) for p in self._parts()])

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Return the window of the one dimension in time.

        Raises:
            CheckError: Not exactly one of the dimensions is in time.
            DagsterUnknownPartitionError: The key has not the form of one.
        """
        in_time = [name for name, part in self.partitions_defs.items() if _is_in_time(part)]
        if len(in_time) != 1:
            raise CheckError(f"{len(in_time)} dimensions of {self!r} are in time: one must be")
        part = self.partitions_defs[in_time[0]]
        assert isinstance(part, TimeWindowPartitions)
        return part.time_window_for_partition_key(
            self.key_from_text(partition_key).keys_by_dimension[in_time[0]]
        )

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """Return the tag of the whole key, and one for each dimension."""
        keys = self.key_from_text(partition_key).keys_by_dimension
        dimensions = {f"{PARTITION_TAG}/{name}": key for name, key in keys.items()}
        return {**super().get_tags_for_partition_key(partition_key), **dimensions}

    def key_from_text(self, text: str) -> MultiPartitionKey:
        """Return the key that *text* stands for, which must have all parts."""
        return self._key(text.split(SEPARATOR))

    def _parts(self) -> Sequence[PartitionsDefinition]:
        return list(self.partitions_defs.values())

    def _key(self, keys: Sequence[str]) -> MultiPartitionKey:
        if len(keys) != len(self.partitions_defs):
            raise CheckError(
                f"{SEPARATOR.join(keys)!r} is no key of {self!r}: give one key for each of "
                f"{', '.join(self.partitions_defs)}, joined by {SEPARATOR!r}"
            )
        return MultiPartitionKey(dict(zip(self.partitions_defs, keys, strict=True)))

    def _key_if_whole(self, keys: Sequence[str | None]) -> MultiPartitionKey | None:
        whole = [key for key in keys if key is not None]
        return self._key(whole) if len(whole) == len(keys) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MultiPartitionsDefinition) and self.partitions_defs == other.partitions_defs

    def __hash__(self) -> int:
        return hash(tuple(self.partitions_defs.items()))

    def __repr__(self) -> str:
        return f"MultiPartitionsDefinition({self.partitions_defs!r})"


def _check_dimension(name: str, part: PartitionsDefinition) -> None:
    if isinstance(part, MultiPartitionsDefinition):
        raise DagsterInvalidDefinitionError(f"dimension {name!r} has dimensions itself: give one without")
    keys = part.get_partition_keys() if isinstance(part, StaticPartitionsDefinition) else ()
    joined = next((key for key in keys if SEPARATOR in key), None)
    if joined is not None or SEPARATOR in (part.fmt if isinstance(part, TimeWindowPartitions) else ""):
        raise DagsterInvalidDefinitionError(
            f"keys of the dimension {name!r} contain {SEPARATOR!r}, which joins the dimensions: use another sign"
        )


def _is_in_time(part: PartitionsDefinition) -> bool:
    return isinstance(part, TimeWindowPartitions)
