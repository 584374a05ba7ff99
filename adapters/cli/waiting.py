"""Why runs wait."""

from __future__ import annotations

from collections import Counter

from ...core.run_queue import QueuedRun, RunQueue
from ...projections.concurrency_limits import ConcurrencyLimits
from ...projections.runs import Run, Runs


class Waiting:
    """Which limits hold runs back that wait."""

    def __init__(self, runs: Runs, limits: ConcurrencyLimits) -> None:
        self._queue = RunQueue(limits.max_runs())
        unfinished = list(runs.unfinished())
        self._busy = [_queued(run) for run in unfinished if run.status != "QUEUED"]
        self._waiting = [run for run in unfinished if run.status == "QUEUED"]

    def held_by(self, run: Run) -> str | None:
        """Return the limit that keeps a run from starting, None if it does not wait or it is merely not its turn."""
        return self._queue.held_by(_queued(run), self._busy) if run.status == "QUEUED" else None

    def counts(self) -> Counter[str]:
        """Return how many runs each limit holds back."""
        if not self._queue.limits:
            return Counter()
        return Counter(name for run in self._waiting if (name := self.held_by(run)) is not None)


def _queued(run: Run) -> QueuedRun:
    return QueuedRun(run.offset, run.run, run.job, run.tags)
