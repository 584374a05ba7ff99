"""Partitions: the parts that an asset or a job is made in, each with a key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ..host import host
from ..partitions_store import DynamicPartitionsStore
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterUnknownPartitionError

#: Run tag that holds the partition key of a run.
PARTITION_TAG = "dagster/partition"

#: What no partition key may contain: it stands for something in ranges, or breaks lines of text.
_FORBIDDEN = ("...", "\a", "\b", "\f", "\n", "\r", "\t", "\v", "\0")


class PartitionKeyRange(NamedTuple):
    """Partitions that follow each other.

    Attributes:
        start: Key of the first one.
        end: Key of the last one, itself included.
    """

    start: str
    end: str


class PartitionsDefinition(ABC):
    """The parts that an asset or a job is made in. Definitions are equal by value.

    Keys may depend on the time: where ``current_time`` is None, it is the clock's. Those of dynamic
    partitions are kept in a store, which is an instance as a rule; others need none.
    """

    @abstractmethod
    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return all keys, in order."""

    @abstractmethod
    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a partition of that key."""

    @abstractmethod
    def get_first_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the first key, None if there is none yet."""

    @abstractmethod
    def get_last_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the last key, None if there is none yet."""

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return the keys from the first to the last of the range.

        Raises:
            DagsterUnknownPartitionError: One of the two does not exist.
        """
        for key in partition_key_range:
            self.validate_partition_key(key, None, dynamic_partitions_store)
        keys = list(self.get_partition_keys(None, dynamic_partitions_store))
        return keys[keys.index(partition_key_range.start) : keys.index(partition_key_range.end) + 1]

    def validate_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> None:
        """Check that there is a partition of that key.

        Raises:
            DagsterUnknownPartitionError: There is none.
        """
        if not self.has_partition_key(partition_key, current_time, dynamic_partitions_store):
            known = self.describe_keys(current_time, dynamic_partitions_store)
            raise DagsterUnknownPartitionError(f"there is no partition {partition_key!r}: {known}")

    def describe_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str:
        """Return a few of the keys in a sentence, for people."""
        first = self.get_first_partition_key(current_time, dynamic_partitions_store)
        last = self.get_last_partition_key(current_time, dynamic_partitions_store)
        return "there are no keys yet" if first is None else f"keys go from {first!r} to {last!r}"

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """Return the tags that tell of the partition on its run."""
        return {PARTITION_TAG: str.__str__(partition_key)}

    def key_from_text(self, text: str) -> str:
        """Return the key that *text* stands for, as steps see it."""
        return text


class StaticPartitionsDefinition(PartitionsDefinition):
    """A fixed list of partitions."""

    def __init__(self, partition_keys: Sequence[str]) -> None:
        """Keep the keys, in this order.

        Raises:
            CheckError: It is no list of str.
            DagsterInvalidDefinitionError: A key is there twice, or contains what keys may not.
        """
        if not isinstance(partition_keys, Sequence) or isinstance(partition_keys, (str, bytes)):
            raise CheckError(f"partition_keys is {partition_keys!r}: give a list of str")
        for key in partition_keys:
            check_key(key)
        # An index as well as a list: asking for one of many keys must not walk all of them.
        self._keys = {str.__str__(key): None for key in partition_keys}
        if len(self._keys) < len(partition_keys):
            twice = [key for number, key in enumerate(partition_keys) if key in partition_keys[:number]]
            raise DagsterInvalidDefinitionError(f"the partition key {twice[0]!r} is there twice: keep one")

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return the keys as they were given."""
        return list(self._keys)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a partition of that key."""
        return partition_key in self._keys

    def get_first_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the first key, None if the list is empty."""
        return next(iter(self._keys), None)

    def get_last_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the last key, None if the list is empty."""
        return next(reversed(self._keys), None)

    def describe_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str:
        """Return up to ten of the keys in a sentence."""
        return described_keys(list(self._keys))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StaticPartitionsDefinition) and list(self._keys) == list(other._keys)

    def __hash__(self) -> int:
        return hash(tuple(self._keys))

    def __repr__(self) -> str:
        return f"StaticPartitionsDefinition({list(self._keys)!r})"


def checked_partitions(value: object, what: str) -> PartitionsDefinition | None:
    """Return *value*.

    Args:
        what: What has the partitions, for the message, such as ``"asset 'a'"``.

    Raises:
        CheckError: It is neither a partitions definition nor None.
    """
    if value is None or isinstance(value, PartitionsDefinition):
        return value
    raise CheckError(
        f"partitions_def of {what} is {value!r} ({type(value).__name__}): give a partitions definition, "
        "such as StaticPartitionsDefinition([...]) or DailyPartitionsDefinition(start_date=...)"
    )


def checked_options(what: str, limits: Mapping[str, tuple[object, int, int]]) -> None:
    """Check whole numbers: by name, the number and what it may be at least and at most.

    Raises:
        CheckError: One is no int.
        DagsterInvalidDefinitionError: One is out of its limits.
    """
    for name, (value, low, high) in limits.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise CheckError(f"{name} of {what} is {value!r} ({type(value).__name__}): give an int")
        if not low <= value <= high:
            raise DagsterInvalidDefinitionError(f"{name} of {what} is {value}: it must be in {low} to {high}")


def current_moment() -> datetime:
    """Return the clock's time, in UTC."""
    return datetime.fromtimestamp(host().clock.now() / 1e6, UTC)


def described_keys(keys: Sequence[str]) -> str:
    """Return up to ten of the keys in a sentence, for people."""
    shown = ", ".join(keys[:10])
    if not shown:
        return "there are no keys"
    more = len(keys) - 10
    return f"keys are {shown}" + (f" and {more} more" if more > 0 else "")


def check_key(key: object, what: str = "partition key") -> None:
    """Check that *key* is a text that can be the key of a partition.

    Raises:
        CheckError: It is no str.
        DagsterInvalidDefinitionError: It contains what keys may not.
    """
    if not isinstance(key, str):
        raise CheckError(f"the {what} {key!r} is a {type(key).__name__}: keys are str")
    found = next((part for part in _FORBIDDEN if part in key), None)
    if found is not None:
        raise DagsterInvalidDefinitionError(f"the {what} {key!r} contains {found!r}: leave that out")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise DagsterInvalidDefinitionError(
            f"the {what} {key!r} is not valid text (UTF-8): escape what is not"
        ) from error


def made_partition(partitions_def: PartitionsDefinition | None, run_tags: Mapping[str, str]) -> str | None:
    """Return which partition of an asset a run makes: None for an asset without partitions."""
    return None if partitions_def is None else run_tags.get(PARTITION_TAG)
