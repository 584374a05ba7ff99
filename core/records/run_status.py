"""The statuses of runs."""

from __future__ import annotations

from enum import Enum


class DagsterRunStatus(Enum):
    """Where a run stands. Runs here are QUEUED, STARTING, STARTED, SUCCESS, FAILURE or CANCELED."""

    QUEUED = "QUEUED"
    NOT_STARTED = "NOT_STARTED"
    MANAGED = "MANAGED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    SUSPENDED = "SUSPENDED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"

    @property
    def is_finished(self) -> bool:
        """Whether a run of this status has ended."""
        return self in _FINISHED


_FINISHED = frozenset({DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED})
