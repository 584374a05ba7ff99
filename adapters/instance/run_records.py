"""Runs of the read model as the records that a Dagster user knows."""

from __future__ import annotations

from datetime import UTC, datetime

from ...core.records.dagster_run import DagsterRun, RunRecord, selected_keys
from ...core.records.run_status import DagsterRunStatus
from ...projections.runs import Run


def run_record(row: Run) -> RunRecord:
    """Return the record of a run as it is now."""
    return RunRecord(
        storage_id=row.offset,
        dagster_run=dagster_run(row),
        create_timestamp=_moment(row.requested_at),
        update_timestamp=_moment(updated_at(row)),
        start_time=_seconds(row.started_at),
        end_time=_seconds(row.ended_at),
    )


def dagster_run(row: Run) -> DagsterRun:
    """Return the run as it is now."""
    return DagsterRun(
        run_id=row.run,
        job_name=row.job,
        status=DagsterRunStatus(row.status),
        tags=dict(row.tags),
        run_config=dict(row.run_config),
        asset_selection=selected_keys(row.asset_selection),
    )


def updated_at(row: Run) -> int:
    """Return when the run's status last changed; UTC, microseconds since the epoch."""
    return max(row.requested_at, row.launched_at or 0, row.started_at or 0, row.ended_at or 0)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1e6, UTC)


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1e6
