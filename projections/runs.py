"""Runs: every run with its course, for listings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Reversible
from typing import Any, get_args

import msgspec

from ..core.events import (
    RunCanceled,
    RunFailed,
    RunKeyImported,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunStatus,
    RunSucceeded,
)
from .fold import Fold

RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)


class Run(msgspec.Struct, kw_only=True):
    """One run as the log tells it. Times are UTC, microseconds since the epoch.

    Attributes:
        run: The run's id.
        offset: Offset of its `RunRequested`, or `RunKeyImported`.
        sensor: The asking sensor, None when an operator asked.
        tick: The asking tick, None when an operator asked.
        actor: The operator, None when a sensor asked.
        launched_at: When it was last handed to a worker process.
        where: Host and process id of the worker.
        error: One line, for failed and canceled runs.
    """

    run: str
    offset: int
    job: str
    sensor: str | None
    tick: int | None
    actor: str | None
    run_key: str | None
    partition_key: str | None
    asset_selection: list[str] | None
    run_config: dict[str, Any]
    tags: dict[str, str]
    requested_at: int
    status: RunStatus = "QUEUED"
    launched_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    where: str | None = None
    error: str | None = None
    step: str | None = None
    traceback: str | None = None


def imported_run(offset: int, event: RunKeyImported) -> Run:
    """Return the run that owns an imported run key, as far as the log tells of it; it is none of `Runs`."""
    return Run(
        run=event.run,
        offset=offset,
        job=event.job,
        sensor=event.sensor,
        tick=None,
        actor=None,
        run_key=event.run_key,
        partition_key=None,
        asset_selection=None,
        run_config={},
        tags={},
        requested_at=event.requested_at,
        status=event.status,
    )


class Runs(Fold):
    """The runs by id, in the order of their requests; the rows are the projection's own, do not change them.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self, *, wanted: Callable[[RunRequested], bool] | None = None) -> None:
        """Start at the beginning of a log.

        Args:
            wanted: Which runs to keep, by their requests; None for all.
        """
        super().__init__()
        self._wanted = wanted
        self._runs: dict[str, Run] = {}
        self._unfinished: dict[str, Run] = {}
        self._of_jobs: dict[str, dict[str, Run]] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            RunRequested: self._requested,
            RunLaunched: self._launched,
            RunStarted: self._started,
            RunSucceeded: self._succeeded,
            RunFailed: self._failed,
            RunCanceled: self._canceled,
        }

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())

    def __reversed__(self) -> Iterator[Run]:
        return reversed(self._runs.values())

    def __len__(self) -> int:
        return len(self._runs)

    def unfinished(self) -> Reversible[Run]:
        """Return the runs that have not ended, in the order of their requests."""
        return self._unfinished.values()

    def of_job(self, job: str) -> Reversible[Run]:
        """Return the runs of a job, in the order of their requests."""
        return self._of_jobs.get(job, {}).values()

    def get(self, run: str) -> Run | None:
        """Return the run of that id, None if there is none."""
        return self._runs.get(run)

    def starting_with(self, prefix: str) -> list[Run]:
        """Return the runs whose id starts with *prefix*; an id that is *prefix* itself comes alone."""
        exact = self._runs.get(prefix)
        return [exact] if exact else [run for run in self if run.run.startswith(prefix)]

    def _requested(self, offset: int, event: RunRequested) -> None:
        if self._wanted is not None and not self._wanted(event):
            return
        run = Run(
            run=event.run,
            offset=offset,
            job=event.job,
            sensor=event.sensor,
            tick=event.tick,
            actor=event.actor,
            run_key=event.run_key,
            partition_key=event.partition_key,
            asset_selection=event.asset_selection,
            run_config=event.run_config,
            tags=event.tags,
            requested_at=event.at,
        )
        self._runs[run.run] = self._unfinished[run.run] = run
        self._of_jobs.setdefault(run.job, {})[run.run] = run

    def _launched(self, offset: int, event: RunLaunched) -> None:
        run = self._runs.get(event.run)
        if run is not None and run.status in ("QUEUED", "STARTING"):
            run.status, run.launched_at = "STARTING", event.at

    def _started(self, offset: int, event: RunStarted) -> None:
        run = self._runs.get(event.run)
        if run is not None and run.ended_at is None:
            run.status, run.started_at, run.where = "STARTED", event.at, event.where

    def _succeeded(self, offset: int, event: RunSucceeded) -> None:
        self._ended(event.run, "SUCCESS", event.at)

    def _failed(self, offset: int, event: RunFailed) -> None:
        self._ended(event.run, "FAILURE", event.at, event.error, event.step, event.traceback)

    def _canceled(self, offset: int, event: RunCanceled) -> None:
        self._ended(event.run, "CANCELED", event.at, event.reason)

    def _ended(
        self,
        run_id: str,
        status: RunStatus,
        at: int,
        error: str | None = None,
        step: str | None = None,
        traceback: str | None = None,
    ) -> None:
        run = self._runs.get(run_id)
        if run is not None and run.ended_at is None:
            del self._unfinished[run_id]
            run.status, run.ended_at = status, at
            run.error, run.step, run.traceback = error, step, traceback
