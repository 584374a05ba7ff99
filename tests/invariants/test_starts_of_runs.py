"""Invariant 4: a request leads to at most one start of its run, and after recovery to exactly one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from conformance.sensors import asking, engine_of
from harness.engine import EngineHarness
from harness.faulty_log import FaultyLog
from ticktrail.adapters.event_log import MemoryEventLog, open_event_log
from ticktrail.adapters.runs import worker
from ticktrail.adapters.runs.worker import RunWriter
from ticktrail.core.engine_parts import RunReport
from ticktrail.core.events import RunFailed, RunRequested, RunStarted, RunSucceeded
from ticktrail.projections.invariants import check

#: Runs that are raced for, and workers that race for each.
RUNS, WORKERS = 15, 6


def start_of(run: str, cause: int, pid: int = 1) -> RunStarted:
    return RunStarted(at=1, run=run, cause=cause, where="here", host="here", pid=pid)


# --- workers ------------------------------------------------------------------------------------


def test_of_workers_that_race_for_a_run_exactly_one_claims_it(tmp_path: Path) -> None:
    """Seen to fail when `RunWriter._try_to_claim` appended with ``expected=None``."""
    path = tmp_path / "log.sqlite"
    requests = [RunRequested(at=1, run=f"run {number}", job="j") for number in range(RUNS)]
    log = open_event_log(path)
    log.append(requests, expected=0, recorded_at=1, writer="test")
    together = Barrier(WORKERS)
    winners: list[int] = []

    def race(number: int) -> None:
        own = open_event_log(path)
        for run in range(RUNS):
            together.wait(30)
            if RunWriter(own, f"run {run}").claim(start_of(f"run {run}", run, number), run + 1):
                winners.append(run)
        own.close()

    racers = [Thread(target=race, args=(number,)) for number in range(WORKERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert sorted(winners) == list(range(RUNS))
    assert list(check(log.read())) == []
    log.close()


@pytest.mark.parametrize(
    "end", [start_of("r", 0, pid=2), RunFailed(at=1, run="r", cause=0, error="given up")]
)
def test_a_run_that_is_claimed_or_given_up_is_not_claimed_again(end: Any) -> None:
    """Seen to fail when `worker._ends_the_wish` did not know the event."""
    log = MemoryEventLog()
    log.append([RunRequested(at=1, run="r", job="j"), end], expected=0, recorded_at=1, writer="test")

    assert not RunWriter(log, "r").claim(start_of("r", 0), since=1)
    assert log.head() == 2


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_RETRY", 0.0)


@pytest.fixture
def log() -> FaultyLog:
    log = FaultyLog(MemoryEventLog())
    log.append([RunRequested(at=1, run="r", job="j")], expected=0, recorded_at=1, writer="test")
    return log


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["refused", "stored, yet an error"])
def test_a_claim_that_meets_an_error_is_made_once(log: FaultyLog, fault: Any) -> None:
    """Seen to fail when `RunWriter._try_to_claim` took its own claim for another's."""
    log.fault = fault

    assert RunWriter(log, "r").claim(start_of("r", 0), since=1)
    assert [event for frame in log.read(1) for event in frame.events] == [start_of("r", 0)]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["refused", "stored, yet an error"])
def test_an_end_that_meets_an_error_is_told_once(log: FaultyLog, fault: Any) -> None:
    """Seen to fail when `RunWriter._append` did not look whether it was stored."""
    writer = RunWriter(log, "r")
    writer.claim(start_of("r", 0), since=1)
    log.append([RunRequested(at=1, run="other", job="j")], expected=None, recorded_at=1, writer="test")
    log.fault = fault
    writer.emit(RunSucceeded(at=1, run="r", cause=0))

    ends = [event for frame in log.read() for event in frame.events if isinstance(event, RunSucceeded)]
    assert len(ends) == 1 and list(check(log.read())) == []


# --- what the launcher reports ------------------------------------------------------------------


class TestWorkersThatAreGone:
    """The launcher sees processes end; the log knows whose the run was."""

    @pytest.fixture
    def engine(self) -> EngineHarness:
        engine = engine_of(asking("k"))
        engine.beat()
        return engine

    @pytest.fixture
    def report(self, engine: EngineHarness) -> Callable[..., Any]:
        def report(pid: int, *, again: bool = True) -> Any:
            run, cause = self.run(engine)
            engine.engine.report(
                RunReport(run=run, cause=cause, lost="killed", worker=("here", pid), again=again)
            )
            return engine.engine.run_once(start_ticks=False)

        return report

    @staticmethod
    def run(engine: EngineHarness) -> tuple[str, int]:
        [request] = engine.requests()
        return request.run, engine.events().index(request)

    def test_a_run_nobody_claimed_is_to_be_launched_again(
        self, engine: EngineHarness, report: Callable[..., Any]
    ) -> None:
        """Seen to fail when `Engine._run_event` did not look at ``again``."""
        assert report(7).unclaimed == [self.run(engine)[1]]
        assert engine.of(RunFailed) == []

    def test_a_run_nobody_claimed_in_the_last_attempt_fails(
        self, engine: EngineHarness, report: Callable[..., Any]
    ) -> None:
        assert not report(7, again=False).unclaimed
        assert len(engine.of(RunFailed)) == 1

    def test_a_run_whose_worker_claimed_it_fails(
        self, engine: EngineHarness, report: Callable[..., Any]
    ) -> None:
        """Seen to fail when `Engine.run_once` did not catch up before it judged a loss."""
        engine.operate(start_of(*self.run(engine), pid=7))

        assert not report(7).unclaimed
        assert len(engine.of(RunFailed)) == 1 and list(check(engine.log.read())) == []

    def test_a_run_that_another_worker_claimed_goes_on(
        self, engine: EngineHarness, report: Callable[..., Any]
    ) -> None:
        """Seen to fail when `Engine._run_event` did not compare the workers."""
        run, cause = self.run(engine)
        engine.operate(start_of(run, cause, pid=8))

        assert not report(7, again=False).unclaimed
        engine.operate(RunSucceeded(at=1, run=run, cause=cause))
        assert engine.of(RunFailed) == [] and list(check(engine.log.read())) == []

    @pytest.mark.parametrize("again", [False, True])
    def test_a_worker_that_is_reported_twice_at_once_counts_once(
        self, engine: EngineHarness, report: Callable[..., Any], again: bool
    ) -> None:
        """As by its host, and by the watch over workers without one.

        Seen to fail when `Engine._run_events` judged each report by itself.
        """
        run, cause = self.run(engine)
        if not again:
            engine.operate(start_of(run, cause, pid=7))
        engine.engine.report(RunReport(run=run, cause=cause, lost="gone", worker=("here", 7), again=again))
        unclaimed = report(7, again=again).unclaimed

        assert len(unclaimed) + len(engine.of(RunFailed)) == 1
        assert list(check(engine.log.read())) == []

    def test_the_loss_of_a_worker_counts_although_one_that_had_no_claim_was_lost_with_it(
        self, engine: EngineHarness, report: Callable[..., Any]
    ) -> None:
        """Seen to fail when `Engine._run_events` took the first report of a run for the only one."""
        run, cause = self.run(engine)
        engine.operate(start_of(run, cause, pid=7))
        engine.engine.report(RunReport(run=run, cause=cause, lost="gone", worker=("here", 8)))
        report(7)

        assert len(engine.of(RunFailed)) == 1

    def test_a_run_that_has_ended_is_not_ended_again(
        self, engine: EngineHarness, report: Callable[..., Any]
    ) -> None:
        run, cause = self.run(engine)
        engine.operate(start_of(run, cause, pid=7), RunSucceeded(at=1, run=run, cause=cause))
        report(7)

        assert engine.of(RunFailed) == []
