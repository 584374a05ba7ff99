"""Where the keys of dynamic partitions are looked up, and what they are once changes are applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from .events import AnyEvent, DynamicPartitionsChanged


class DynamicPartitionsStore(Protocol):
    """Knows the keys of each set of dynamic partitions; a set that nobody has added to is empty."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a set, in the order in which they were added."""

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether the set has the key."""


class PartitionsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of one set of dynamic partitions; no key is to be both added and deleted.

    Attributes:
        partitions: Name of the set.
        add: Keys to add, each once.
        delete: Keys to delete, each once.
    """

    partitions: str
    add: list[str] = []
    delete: list[str] = []


class Changed(NamedTuple):
    """What a change amounted to; the fields are those of `DynamicPartitionsChanged`."""

    added: list[str]
    deleted: list[str]
    unchanged: list[str]


class RememberedPartitions:
    """A store of which each set is asked for once: what is decided on it is decided on one state."""

    def __init__(self, store: DynamicPartitionsStore) -> None:
        self._store = store
        self._sets: dict[str, dict[str, None]] = {}

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Return the keys of a set, in the order in which they were added."""
        return list(self._remembered(partitions_def_name))

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether the set has the key."""
        return partition_key in self._remembered(partitions_def_name)

    def _remembered(self, name: str) -> dict[str, None]:
        if name not in self._sets:
            self._sets[name] = dict.fromkeys(self._store.get_dynamic_partitions(name))
        return self._sets[name]


class ChangedPartitions:
    """A store as it is once changes are applied; the store itself is not touched."""

    def __init__(self, store: DynamicPartitionsStore, changes: Sequence[PartitionsChange] = ()) -> None:
        self._store = store
        # A key that was deleted and added again is in both: it moves to the end.
        self._deleted: dict[str, set[str]] = {}
        self._added: dict[str, dict[str, None]] = {}
        for change in changes:
            self.apply(change)

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Return the keys of a set, in the order in which they were added."""
        deleted = self._deleted.get(partitions_def_name, ())
        kept = self._store.get_dynamic_partitions(partitions_def_name)
        return [*(key for key in kept if key not in deleted), *self._added.get(partitions_def_name, ())]

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether the set has the key."""
        if partition_key in self._added.get(partitions_def_name, ()):
            return True
        if partition_key in self._deleted.get(partitions_def_name, ()):
            return False
        return self._store.has_dynamic_partition(partitions_def_name, partition_key)

    def apply(self, change: PartitionsChange) -> Changed:
        """Apply one more change, and return what of it was news."""
        name, changed = change.partitions, Changed([], [], [])
        deleted, added = self._deleted.setdefault(name, set()), self._added.setdefault(name, {})
        for key in change.delete:
            if not self.has_dynamic_partition(name, key):
                changed.unchanged.append(key)
                continue
            if key in added:
                del added[key]
            else:
                deleted.add(key)
            changed.deleted.append(key)
        for key in change.add:
            if self.has_dynamic_partition(name, key):
                changed.unchanged.append(key)
                continue
            added[key] = None
            changed.added.append(key)
        return changed

    def heed(self, events: Iterable[AnyEvent]) -> None:
        """Apply what *events* tell of partitions."""
        for event in events:
            if isinstance(event, DynamicPartitionsChanged):
                self.apply(
                    PartitionsChange(partitions=event.partitions, add=event.added, delete=event.deleted)
                )
