"""A run, as sensors, steps and tests see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..authoring.asset_key import AssetKey
from .run_status import DagsterRunStatus

_PARENT_TAG, _ROOT_TAG = "dagster/parent_run_id", "dagster/root_run_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class DagsterRun:
    """One run.

    Attributes:
        run_id: Unique per run.
        job_name: The job that runs.
        status: Where the run stands.
        tags: All tags of the run.
        run_config: Plain data.
        asset_selection: The assets to make, None for all of the job's.
    """

    run_id: str
    job_name: str
    status: DagsterRunStatus = DagsterRunStatus.QUEUED
    tags: Mapping[str, str] = field(default_factory=dict)
    run_config: Mapping[str, Any] = field(default_factory=dict)
    asset_selection: frozenset[AssetKey] | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended."""
        return self.status.is_finished

    @property
    def is_success(self) -> bool:
        """Whether the run ended well."""
        return self.status is DagsterRunStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        """Whether the run failed."""
        return self.status is DagsterRunStatus.FAILURE

    @property
    def is_failure_or_canceled(self) -> bool:
        """Whether the run ended, and not well."""
        return self.status in (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)

    @property
    def is_cancelable(self) -> bool:
        """Whether the run waits or is at work, so that canceling it makes sense."""
        return self.status in (DagsterRunStatus.QUEUED, DagsterRunStatus.STARTED)

    @property
    def parent_run_id(self) -> str | None:
        """The run that this one repeats, as its tag says."""
        return self.tags.get(_PARENT_TAG)

    @property
    def root_run_id(self) -> str | None:
        """The first of the runs that repeat each other, as its tag says."""
        return self.tags.get(_ROOT_TAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run and when things happened to it.

    Attributes:
        storage_id: Offset of the run's request.
        dagster_run: The run.
        create_timestamp: When it was requested, in UTC.
        update_timestamp: When its status last changed, in UTC.
        start_time: When it started, seconds since the epoch; None if it has not.
        end_time: When it ended, seconds since the epoch; None if it has not.
    """

    storage_id: int
    dagster_run: DagsterRun
    create_timestamp: datetime
    update_timestamp: datetime
    start_time: float | None = None
    end_time: float | None = None


def selected_keys(selection: Sequence[str] | None) -> frozenset[AssetKey] | None:
    """Return the keys of a selection, which are written as people do; None for all of a job's assets."""
    return None if selection is None else frozenset(map(AssetKey.from_user_string, selection))
