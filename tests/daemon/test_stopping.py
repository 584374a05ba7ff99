"""How the engine ends, and what the next one finds."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable

import pytest

from harness.daemon import Daemon, kill
from ticktrail.core.events import (
    EngineStopped,
    RunStarted,
    RunSucceeded,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)

Make = Callable[[str], Daemon]

TICKING = """
@every(0.05)
def s():
    pass
defs = dg.Definitions(sensors=[s])
"""

WAITING = """
@every(30)
def s():
    wait_for("go")
    return dg.SkipReason("in the end")
defs = dg.Definitions(sensors=[s])
"""

RUNNING_JOB = """
@dg.op
def work():
    note("working", os.getpid())
    wait_for("go")
    note("worked")
@dg.job
def j():
    work()
@every(30, job=j)
def s():
    return dg.RunRequest(run_key="k")
defs = dg.Definitions(sensors=[s], jobs=[j])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_code_0_and_a_last_word(daemon: Make, number: signal.Signals) -> None:
    engine = daemon(TICKING).start()
    engine.wait_for("TickSkipped", count=3)

    assert engine.stop(number) == 0

    last = engine.events()[-1]
    assert isinstance(last, EngineStopped) and last.reason == number.name
    assert len(engine.events(TickStarted)) == len(engine.events(TickSkipped))
    assert f"stopped: {number.name}" in engine.errors


def test_a_tick_in_flight_may_end_before_the_engine_does(daemon: Make) -> None:
    engine = daemon(WAITING).start()
    engine.wait_for("TickStarted")
    engine.process.send_signal(signal.SIGTERM)
    engine.make("go")

    assert engine.wait() == 0
    assert [type(event) for event in engine.events()[-2:]] == [TickSkipped, EngineStopped]


def test_a_tick_that_does_not_end_is_marked_as_interrupted(daemon: Make) -> None:
    engine = daemon(WAITING).start()
    engine.wait_for("TickStarted")

    assert engine.stop_at_once() == 0

    interrupted, stopped = engine.events()[-2:]
    assert isinstance(interrupted, TickInterrupted) and isinstance(stopped, EngineStopped)
    assert "the engine stopped" in interrupted.reason
    assert engine.violations() == []


def test_a_run_may_end_before_the_engine_does(daemon: Make) -> None:
    engine = daemon(RUNNING_JOB).start()
    engine.wait_for("RunStarted")
    engine.process.send_signal(signal.SIGTERM)
    engine.make("go")

    assert engine.wait() == 0
    assert len(engine.events(RunSucceeded)) == 1


def test_a_run_that_does_not_end_goes_on_and_the_next_engine_adopts_it(daemon: Make) -> None:
    engine = daemon(RUNNING_JOB).start()
    engine.wait_for_file("working")

    assert engine.stop_at_once() == 0
    assert "1 run goes on in its own process" in engine.errors

    engine.start().wait_for("EngineStarted")
    engine.make("go")
    engine.wait_for("RunSucceeded")
    assert engine.stop() == 0
    assert len(engine.events(RunStarted)) == 1
    assert (engine.folder / "worked").read_text() == "\n"
    assert engine.violations() == []


def test_the_next_engine_notices_when_an_adopted_run_is_killed(daemon: Make) -> None:
    """Seen to fail when `LocalLauncher._look_after_orphans` reported nothing."""
    engine = daemon(RUNNING_JOB).start()
    engine.wait_for_file("working")
    worker = engine.wait_for("RunStarted")["pid"]
    engine.kill()

    engine.start().wait_for("EngineStarted")
    kill(worker)
    failed = engine.wait_for("RunFailed")

    assert f"its process {worker} on" in failed["error"]
    assert engine.stop() == 0
    assert engine.violations() == []


def test_a_run_outlives_the_kill_of_its_engine_and_its_end_is_in_the_log(daemon: Make) -> None:
    engine = daemon(RUNNING_JOB).start()
    engine.wait_for_file("working")
    engine.kill()
    engine.make("go")
    engine.wait_for_log(RunSucceeded)

    engine.start().wait_for("EngineStarted")
    assert engine.stop() == 0
    assert len(engine.events(RunStarted)) == len(engine.events(RunSucceeded)) == 1
    assert engine.violations() == []


IDLE = """
@every(3600)
def s():
    pass
defs = dg.Definitions(sensors=[s])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="signals to a thread of another process are Linux's")
def test_a_signal_that_does_not_wake_the_sleeping_loop_is_heeded(daemon: Make) -> None:
    engine = daemon(IDLE).start()
    engine.wait_for("TickSkipped")
    pid = engine.process.pid
    others = [int(name) for name in os.listdir(f"/proc/{pid}/task") if int(name) != pid]

    # The engine's own appends wake it once more.
    time.sleep(0.5)
    # As it is when a signal comes in the moment before the main thread goes to sleep.
    assert ctypes.CDLL(None).tgkill(pid, others[0], signal.SIGTERM) == 0

    assert engine.wait() == 0
    assert engine.violations() == []
