"""Which events are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..authoring.asset_key import AssetKey
from .dagster_event import DagsterEventType
from .event_log import EventLogRecord


@dataclass(frozen=True, slots=True)
class AssetRecordsFilter:
    """The events about an asset that fit everything that is given; bounds are exclusive.

    Attributes:
        asset_key: The asset.
        asset_partitions: Of one of these partitions.
        after_timestamp: Later than this, seconds since the epoch.
        before_timestamp: Earlier than this, seconds since the epoch.
        after_storage_id: Behind this offset.
        before_storage_id: Before this offset.
        storage_ids: At one of these offsets.
    """

    asset_key: AssetKey
    asset_partitions: Sequence[str] | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None

    def may_be_at(self, offset: int, partition: str | None) -> bool:
        """Return whether an event at *offset* for *partition* can fit."""
        return (
            (self.asset_partitions is None or partition in self.asset_partitions)
            and (self.after_storage_id is None or offset > self.after_storage_id)
            and (self.before_storage_id is None or offset < self.before_storage_id)
            and (self.storage_ids is None or offset in self.storage_ids)
        )

    def fits(self, record: EventLogRecord) -> bool:
        """Return whether an event that can fit was at the right time."""
        at = record.timestamp
        return (self.after_timestamp is None or at > self.after_timestamp) and (
            self.before_timestamp is None or at < self.before_timestamp
        )


@dataclass(frozen=True, slots=True)
class EventRecordsFilter:
    """The events of one sort; bounds are exclusive.

    Attributes:
        event_type: The sort.
        asset_key: About this asset; needed for materializations and observations.
        asset_partitions: Of one of these partitions.
        after_cursor: Behind this offset.
        before_cursor: Before this offset.
        after_timestamp: Later than this, seconds since the epoch.
        before_timestamp: Earlier than this, seconds since the epoch.
        storage_ids: At one of these offsets.
    """

    event_type: DagsterEventType
    asset_key: AssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | None = None
    before_cursor: int | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class RunStatusChangeRecordsFilter:
    """The changes of runs to one status; bounds are exclusive.

    Attributes:
        event_type: The sort of event that tells of the status.
        job_names: Of runs of these jobs, None for all.
        after_storage_id: Behind this offset.
        before_storage_id: Before this offset.
        after_timestamp: Later than this, seconds since the epoch.
        before_timestamp: Earlier than this, seconds since the epoch.
        storage_ids: At one of these offsets.
    """

    event_type: DagsterEventType
    job_names: Sequence[str] | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: Sequence[int] | None = None

    def may_be_at(self, offset: int) -> bool:
        """Return whether a change at *offset* can be among those meant."""
        return (
            (self.storage_ids is None or offset in self.storage_ids)
            and (self.after_storage_id is None or offset > self.after_storage_id)
            and (self.before_storage_id is None or offset < self.before_storage_id)
        )

    def fits(self, record: EventLogRecord) -> bool:
        """Return whether a change that can be among those meant is of the right job and time."""
        at = record.timestamp
        return (
            (self.job_names is None or record.event_log_entry.job_name in self.job_names)
            and (self.after_timestamp is None or at > self.after_timestamp)
            and (self.before_timestamp is None or at < self.before_timestamp)
        )
