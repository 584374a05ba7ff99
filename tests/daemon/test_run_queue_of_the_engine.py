"""The queue of runs in a real engine: priorities, limits that operators set, and what a kill leaves of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.daemon import Daemon
from ticktrail.adapters.home import Home
from ticktrail.core.events import (
    AnyEvent,
    ConcurrencyLimitSet,
    RunCanceled,
    RunFailed,
    RunRequested,
    RunStarted,
    RunSucceeded,
)

Make = Callable[[str], Daemon]

ASKING = """
@dg.op
def work():
    note("worked")
    wait_for("go")
@dg.job
def slow():
    work()
@dg.job
def quick():
    work()
@every(60, jobs=[slow, quick])
def s(context):
    if context.cursor is None:
        context.update_cursor("done")
        for number, (job, priority) in enumerate(
            [("slow", 0), ("slow", 0), ("slow", 5), ("quick", 0), ("quick", -1), ("quick", 9)]
        ):
            tags = {"dagster/priority": str(priority)}
            yield dg.RunRequest(run_key=str(number), job_name=job, tags=tags)
defs = dg.Definitions(sensors=[s], jobs=[slow, quick])
"""


def limit(name: str, max_runs: int | None) -> ConcurrencyLimitSet:
    return ConcurrencyLimitSet(at=time.time_ns() // 1000, limit=name, max_runs=max_runs, actor="ann")


def keys_of(daemon: Daemon, kind: type) -> list[str | None]:
    """Return the run keys of the runs that got there, in order."""
    key_of: dict[str, str | None] = {}
    reached: list[str | None] = []
    for event in daemon.events():
        if isinstance(event, RunRequested):
            key_of[event.run] = event.run_key
        elif isinstance(event, kind):
            reached.append(key_of[event.run])  # type: ignore[attr-defined]
    return reached


def most_at_once(events: list[AnyEvent], job: str) -> int:
    jobs: dict[str, str] = {}
    going_on: set[str] = set()
    most = 0
    for event in events:
        if isinstance(event, RunRequested):
            jobs[event.run] = event.job
        elif isinstance(event, RunStarted) and jobs[event.run] == job:
            going_on.add(event.run)
            most = max(most, len(going_on))
        elif isinstance(event, RunSucceeded | RunFailed | RunCanceled):
            going_on.discard(event.run)
    return most


def test_higher_priorities_start_first(daemon: Make) -> None:
    engine = daemon(ASKING)
    Home.open(engine.home, create=True)
    engine.make("go")
    engine.operate(limit("runs", 0))
    engine.start()
    engine.wait_for_log(RunRequested, 6)

    engine.operate(limit("runs", 1))
    engine.wait_for_log(RunSucceeded, 6)

    assert keys_of(engine, RunStarted) == ["5", "2", "0", "1", "3", "4"]
    engine.stop()
    assert engine.violations() == []


def test_a_limit_holds_back_only_its_job_also_after_a_kill(daemon: Make) -> None:
    engine = daemon(ASKING)
    Home.open(engine.home, create=True)
    engine.operate(limit("job:slow", 1))
    engine.start("--max-runs", "6")
    engine.wait_for_log(RunStarted, 4)
    engine.kill()

    engine.start("--max-runs", "6")
    time.sleep(0.5)
    still = sorted(keys_of(engine, RunStarted), key=str)
    engine.make("go")
    engine.wait_for_log(RunSucceeded, 6)

    assert still == ["2", "3", "4", "5"]
    assert most_at_once(engine.events(), "slow") == 1
    engine.stop()
    assert engine.violations() == []


def test_a_limit_that_is_lifted_lets_the_others_start(daemon: Make) -> None:
    engine = daemon(ASKING)
    Home.open(engine.home, create=True)
    engine.operate(limit("job:slow", 0))
    engine.start("--max-runs", "6")
    engine.wait_for_log(RunStarted, 3)

    engine.operate(limit("job:slow", None))
    engine.wait_for_log(RunStarted, 6)

    engine.make("go")
    engine.wait_for_log(RunSucceeded, 6)
    engine.stop()
    assert engine.violations() == []


def test_a_run_that_is_canceled_while_it_waits_never_starts(daemon: Make) -> None:
    engine = daemon(ASKING)
    Home.open(engine.home, create=True)
    engine.make("go")
    engine.operate(limit("runs", 0))
    engine.start()
    engine.wait_for_log(RunRequested, 6)
    first = engine.events(RunRequested)[0]
    offset = engine.events().index(first)

    engine.operate(RunCanceled(at=first.at, run=first.run, cause=offset, reason="no", actor="ann"))
    engine.operate(limit("runs", 6))
    engine.wait_for_log(RunSucceeded, 5)

    assert "0" not in keys_of(engine, RunStarted)
    engine.stop()
    assert engine.violations() == []
