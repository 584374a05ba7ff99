"""What the log knows of an asset."""

from __future__ import annotations

from dataclasses import dataclass

from ..authoring.asset_key import AssetKey
from .event_log import EventLogEntry, EventLogRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetEntry:
    """The latest of an asset.

    Attributes:
        asset_key: The asset.
        last_materialization_record: Its newest materialization, None if it never was materialized.
        last_observation_record: Its newest observation, None if it never was observed.
    """

    asset_key: AssetKey
    last_materialization_record: EventLogRecord | None = None
    last_observation_record: EventLogRecord | None = None

    @property
    def last_materialization(self) -> EventLogEntry | None:
        """The entry of the newest materialization."""
        record = self.last_materialization_record
        return None if record is None else record.event_log_entry

    @property
    def last_materialization_storage_id(self) -> int | None:
        """Offset of the newest materialization."""
        record = self.last_materialization_record
        return None if record is None else record.storage_id

    @property
    def last_run_id(self) -> str | None:
        """The run of the newest materialization, None if it came without one."""
        record = self.last_materialization_record
        return None if record is None else record.run_id or None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRecord:
    """An asset and its place among the records.

    Attributes:
        storage_id: Offset of the newest event about the asset.
        asset_entry: The latest of the asset.
    """

    storage_id: int
    asset_entry: AssetEntry
