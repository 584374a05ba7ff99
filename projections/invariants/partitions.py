"""Invariant 9: a key of dynamic partitions is added while it is not there, and deleted while it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import DynamicPartitionsChanged


class PartitionSets:
    """The keys of each set.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._sets: dict[str, set[str]] = {}

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {DynamicPartitionsChanged: self._changed}

    def _changed(self, offset: int, event: DynamicPartitionsChanged) -> None:
        keys, of = self._sets.setdefault(event.partitions, set()), f"of the partitions {event.partitions!r}"
        for key in event.deleted:
            if key not in keys:
                self._report(offset, f"the key {key!r} {of} is deleted and is not there")
            keys.discard(key)
        for key in event.added:
            if key in keys:
                self._report(offset, f"the key {key!r} {of} is added and is there already")
            keys.add(key)
