"""Plain values that the instance API hands out: runs, events and materializations, as a Dagster user knows them."""

from .asset_records import AssetEntry, AssetRecord
from .dagster_event import (
    AssetObservationData,
    DagsterEvent,
    DagsterEventType,
    StepFailureData,
    StepMaterializationData,
)
from .dagster_run import DagsterRun, RunRecord
from .event_log import EventLogEntry, EventLogRecord, EventRecordsResult
from .filters import AssetRecordsFilter, EventRecordsFilter, RunStatusChangeRecordsFilter
from .run_status import DagsterRunStatus
from .runs_filter import RunsFilter

__all__ = [
    "AssetEntry",
    "AssetObservationData",
    "AssetRecord",
    "AssetRecordsFilter",
    "DagsterEvent",
    "DagsterEventType",
    "DagsterRun",
    "DagsterRunStatus",
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "EventRecordsResult",
    "RunRecord",
    "RunStatusChangeRecordsFilter",
    "RunsFilter",
    "StepFailureData",
    "StepMaterializationData",
]
