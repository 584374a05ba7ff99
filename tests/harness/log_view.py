"""What sensors of a test ask: partitions and materializations, read from the test's log at each call."""

from __future__ import annotations

import msgspec

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.events import AssetMaterialized
from ticktrail.core.log import EventLog
from ticktrail.projections.dynamic_partitions import DynamicPartitions


class Record(msgspec.Struct, frozen=True):
    storage_id: int
    event: AssetMaterialized


class LogView:
    """A view of a log up to its head at the moment of each call."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        return self._partitions().get_dynamic_partitions(partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return self._partitions().has_dynamic_partition(partitions_def_name, partition_key)

    def latest_materialization(self, asset_key: AssetKey, partition: str | None = None) -> Record | None:
        found = [
            Record(offset, event)
            for frame in self._log.read()
            for offset, event in enumerate(frame.events, frame.first_offset)
            if isinstance(event, AssetMaterialized)
            and event.asset == asset_key.to_user_string()
            and partition in (None, event.partition_key)
        ]
        return found[-1] if found else None

    def _partitions(self) -> DynamicPartitions:
        partitions = DynamicPartitions()
        for frame in self._log.read():
            partitions.apply(frame.first_offset, frame.events)
        return partitions
