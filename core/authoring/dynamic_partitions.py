"""Partitions that come and go while the engine runs, and the requests to add and to delete some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..partitions_store import DynamicPartitionsStore, PartitionsChange
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvariantViolationError
from .partitions import PartitionsDefinition, check_key, described_keys


@dataclass(frozen=True, slots=True)
class _PartitionsRequest:
    """Keys of one set of dynamic partitions.

    Attributes:
        partitions_def_name: Name of the set.
        partition_keys: The keys.
    """

    partitions_def_name: str
    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        """Check the name and the keys.

        Raises:
            CheckError: The name is no str, or the keys are no list of str.
            DagsterInvalidDefinitionError: One contains what keys may not.
        """
        name, keys = self.partitions_def_name, self.partition_keys
        what = f"{type(self).__name__} for {name!r}"
        object.__setattr__(self, "partitions_def_name", _checked_name(name))
        if not isinstance(keys, Sequence) or isinstance(keys, (str, bytes)):
            raise CheckError(f"partition_keys of {what} is {keys!r}: give a list of str")
        for key in keys:
            check_key(key)
        object.__setattr__(self, "partition_keys", [str.__str__(key) for key in keys])

    __hash__ = None  # type: ignore[assignment]


class AddDynamicPartitionsRequest(_PartitionsRequest):
    """Asks for keys to be added to a set of dynamic partitions; those that are there stay as they are."""


class DeleteDynamicPartitionsRequest(_PartitionsRequest):
    """Asks for keys to be deleted from a set of dynamic partitions; those that are not there are passed over."""


class DynamicPartitionsDefinition(PartitionsDefinition):
    """Partitions whose keys are kept by the instance, under the name of the set.

    Attributes:
        name: Name of the set; all definitions of one name share the keys.
    """

    def __init__(self, partition_fn: Callable[..., object] | None = None, name: str | None = None) -> None:
        """Take the name.

        Raises:
            CheckError: The name is no str.
            DagsterInvalidDefinitionError: There is no name, it contains what keys may not, or
                *partition_fn*, which the reference has deprecated, is given.
        """
        if partition_fn is not None:
            raise DagsterInvalidDefinitionError(
                "DynamicPartitionsDefinition: the parameter 'partition_fn' is not supported: give name=, and add "
                "keys in SensorResult(dynamic_partitions_requests=[...])"
            )
        if name is None:
            raise DagsterInvalidDefinitionError("DynamicPartitionsDefinition has no name: give name=")
        self.name = _checked_name(name)

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return all keys, in the order in which they were added."""
        return list(self._needed(dynamic_partitions_store).get_dynamic_partitions(self.name))

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a partition of that key."""
        return self._needed(dynamic_partitions_store).has_dynamic_partition(self.name, partition_key)

    def get_first_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the key that was added first, None if there is none."""
        return next(iter(self.get_partition_keys(current_time, dynamic_partitions_store)), None)

    def get_last_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the key that was added last, None if there is none."""
        return next(reversed(self.get_partition_keys(current_time, dynamic_partitions_store)), None)

    def describe_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str:
        """Return up to ten of the keys in a sentence."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return f"{described_keys(keys)} in the dynamic partitions {self.name!r}"

    def build_add_request(self, partition_keys: Sequence[str]) -> AddDynamicPartitionsRequest:
        """Return what asks for the keys to be added, for `SensorResult`."""
        return AddDynamicPartitionsRequest(self.name, partition_keys)

    def build_delete_request(self, partition_keys: Sequence[str]) -> DeleteDynamicPartitionsRequest:
        """Return what asks for the keys to be deleted, for `SensorResult`."""
        return DeleteDynamicPartitionsRequest(self.name, partition_keys)

    def _needed(self, store: DynamicPartitionsStore | None) -> DynamicPartitionsStore:
        if store is None:
            raise DagsterInvariantViolationError(
                f"Must provide an instance: it keeps the keys of the dynamic partitions {self.name!r}. Give "
                "instance= to what evaluates or runs this, such as build_sensor_context, or dynamic_partitions_store= "
                "to a method of the partitions"
            )
        return store

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DynamicPartitionsDefinition) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"DynamicPartitionsDefinition(name={self.name!r})"


def check_partitions_requests(requests: Iterable[_PartitionsRequest]) -> None:
    """Check that the requests of one result do not contradict each other.

    Raises:
        DagsterInvariantViolationError: A key is in two requests of which one adds it.
    """
    added: set[tuple[str, str]] = set()
    deleted: set[tuple[str, str]] = set()
    for request in requests:
        named = {(request.partitions_def_name, key) for key in request.partition_keys}
        adds = isinstance(request, AddDynamicPartitionsRequest)
        twice = named & (added | deleted if adds else added)
        if twice:
            name, key = min(twice)
            raise DagsterInvariantViolationError(
                f"the key {key!r} of the dynamic partitions {name!r} is in two requests of one result, at "
                "least one of which adds it: name each key once"
            )
        (added if adds else deleted).update(named)


def partition_changes(requests: Iterable[_PartitionsRequest]) -> list[PartitionsChange]:
    """Return what the requests of one tick ask of each set, in the order in which sets are named.

    Of several results, which a tick that reacts to several events has, the last one that names a key counts.
    """
    # Dicts as ordered sets: a sensor may name very many keys.
    sets: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for request in requests:
        named = sets.setdefault(request.partitions_def_name, ({}, {}))
        adds = isinstance(request, AddDynamicPartitionsRequest)
        wanted, unwanted = named if adds else reversed(named)
        for key in request.partition_keys:
            wanted[key] = None
            unwanted.pop(key, None)
    return [
        PartitionsChange(partitions=name, add=list(add), delete=list(delete))
        for name, (add, delete) in sets.items()
    ]


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise CheckError(f"the name of dynamic partitions is {name!r} ({type(name).__name__}): give a str")
    if not name:
        raise DagsterInvalidDefinitionError("the name of dynamic partitions is empty: give one")
    check_key(name, "name of dynamic partitions")
    return str.__str__(name)
