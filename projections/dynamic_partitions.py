"""Dynamic partitions: the keys of each set, as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from ..core.events import DynamicPartitionsChanged
from .fold import Fold


class DynamicPartitions(Fold):
    """The keys of each set of dynamic partitions, in the order in which they were added.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self) -> None:
        super().__init__()
        # A dict as an ordered set: keys are asked for one by one among many.
        self._sets: dict[str, dict[str, None]] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {DynamicPartitionsChanged: self._changed}

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Return the keys of a set, empty if there is none of that name."""
        return list(self._sets.get(partitions_def_name, ()))

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether the set has the key."""
        return partition_key in self._sets.get(partitions_def_name, ())

    def digest(self) -> str:
        """Return a digest of all sets, in hexadecimal; equal sets, in equal order, have equal ones."""
        known = sorted((name, list(keys)) for name, keys in self._sets.items() if keys)
        return blake2b(msgspec.msgpack.encode(known), digest_size=16).hexdigest()

    def dump(self) -> bytes:
        """Return all sets, to be kept."""
        return msgspec.msgpack.encode({name: list(keys) for name, keys in self._sets.items()})

    def load(self, dumped: bytes) -> None:
        """Take up what `dump` returned; the checkpoint is the caller's to set."""
        sets = msgspec.msgpack.decode(dumped, type=dict[str, list[str]])
        self._sets = {name: dict.fromkeys(keys) for name, keys in sets.items()}

    def copy(self) -> DynamicPartitions:
        """Return a projection of its own that goes on from the same checkpoint."""
        twin = DynamicPartitions()
        twin.checkpoint = self.checkpoint
        twin._sets = {name: dict(keys) for name, keys in self._sets.items()}
        return twin

    def _changed(self, offset: int, event: DynamicPartitionsChanged) -> None:
        keys = self._sets.setdefault(event.partitions, {})
        for key in event.deleted:
            keys.pop(key, None)
        keys.update(dict.fromkeys(event.added))
