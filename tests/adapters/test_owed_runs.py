"""Which runs of the log's news the engine has to start."""

from __future__ import annotations

from ticktrail.adapters.daemon.driver import owed_runs
from ticktrail.adapters.runs.process import run_started
from ticktrail.core.events import RunRequested


def test_a_run_that_was_claimed_by_whoever_asked_for_it_is_not_owed() -> None:
    owed, own = RunRequested(at=1, run="owed", job="j"), RunRequested(at=1, run="own", job="j")

    assert list(owed_runs(7, [own, run_started("own", 7), owed])) == [(9, owed)]
