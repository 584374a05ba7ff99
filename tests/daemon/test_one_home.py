"""What the engine does with what it finds in its home, and with what others do there meanwhile."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.daemon import Daemon
from ticktrail.core.events import (
    CursorReset,
    EngineStarted,
    EngineStopped,
    RunRequested,
    RunSucceeded,
    SensorStarted,
    SensorStopped,
    TickStarted,
)

Make = Callable[[str], Daemon]

#: A sensor that tells its cursor.
TELLING = """
@dg.sensor(minimum_interval_seconds=0.1, default_status=RUNNING)
def s(context):
    return dg.SkipReason(f"cursor {context.cursor}")
defs = dg.Definitions(sensors=[s])
"""

KEYED = """
@dg.op
def work():
    note("worked")
@dg.job
def j():
    work()
@every(0.05, job=j)
def s(context):
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    return dg.RunRequest(run_key=f"key {number}") if number <= 40 else None
defs = dg.Definitions(sensors=[s], jobs=[j])
"""


def now() -> int:
    return time.time_ns() // 1000


# --- others in the same home --------------------------------------------------------------------


def test_a_second_engine_says_who_has_the_home_and_ends_with_1(daemon: Make, tmp_path: Path) -> None:
    first = daemon(TELLING).start()
    first.wait_for("TickSkipped")
    second = Daemon(tmp_path, TELLING).start()

    assert second.wait() == 1
    assert f"process {first.process.pid} of" in second.errors
    first.wait_for("TickSkipped", count=len(first.told_of("TickSkipped")) + 2)
    assert first.stop() == 0
    assert len(first.events(EngineStarted)) == 1


def test_an_operator_in_another_process_is_heard_at_once(daemon: Make) -> None:
    engine = daemon(TELLING).start()
    engine.wait_for("TickSkipped", reason="cursor None")

    engine.operate(CursorReset(at=now(), sensor="s", actor="ann", before=None, after="7"))
    engine.wait_for("TickSkipped", reason="cursor 7")
    engine.operate(SensorStopped(at=now(), sensor="s", actor="ann"))
    engine.wait_for("SensorStopped")
    ticks = len(engine.told_of("TickStarted"))
    time.sleep(0.4)
    assert len(engine.told_of("TickStarted")) <= ticks + 1
    engine.operate(SensorStarted(at=now(), sensor="s", actor="ann"))
    engine.wait_for("TickStarted", count=ticks + 3)

    assert engine.stop() == 0
    assert engine.violations() == []


def test_an_engine_that_another_one_replaced_ends_with_1(daemon: Make) -> None:
    """As when two machines share a log, and with it no lock."""
    engine = daemon(TELLING).start()
    engine.wait_for("TickSkipped")

    engine.operate(EngineStarted(at=now(), engine="other", where="another machine", release="1"))

    assert engine.wait() == 1
    assert "another engine (another machine) took this log over" in engine.errors
    events = engine.events()
    taken = next(i for i, e in enumerate(events) if isinstance(e, EngineStarted) and e.engine == "other")
    assert events[taken + 1 :] == []


# --- what it finds ------------------------------------------------------------------------------


def test_a_log_of_a_newer_version_is_refused_with_its_version(daemon: Make) -> None:
    engine = daemon(TELLING).start()
    engine.wait_for("TickSkipped")
    assert engine.stop() == 0
    with sqlite3.connect(engine.home / "log.sqlite") as file:
        file.execute(
            "INSERT INTO ticktrail_events (originator_id, originator_version, topic, state) "
            "SELECT originator_id, originator_version + 1, 'ticktrail.frame.list.9', state "
            "FROM ticktrail_events ORDER BY originator_version DESC LIMIT 1"
        )
    file.close()

    engine.start()

    assert engine.wait() == 1
    assert "ticktrail.frame.list.9" in engine.errors and "upgrade to read it" in engine.errors


def test_broken_definitions_end_it_with_1_and_the_users_traceback(daemon: Make) -> None:
    engine = daemon("oops()\n").start()

    assert engine.wait() == 1
    lines = engine.errors.splitlines()
    assert lines[0].startswith("Traceback") and any("oops()" in line for line in lines)
    assert "cannot be loaded: NameError" in lines[-1]
    assert not engine.home.exists()


# --- a disk that is full ------------------------------------------------------------------------


def limit_files(engine: Daemon, size: int) -> None:
    """Let the engine's process write no file beyond *size* bytes; workers are not touched."""
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def wait_until_worked_off(engine: Daemon) -> None:
    engine.wait_for("RunSucceeded", count=40)
    assert engine.stop() == 0
    keys = [request.run_key for request in engine.events(RunRequested)]
    assert keys == [f"key {number}" for number in range(1, 41)]
    assert len(engine.events(RunSucceeded)) == 40
    assert engine.violations() == []


def test_a_full_disk_holds_the_engine_up_and_nothing_is_lost(daemon: Make) -> None:
    engine = daemon(KEYED).start()
    engine.wait_for("RunSucceeded", count=2)

    limit_files(engine, 1)
    engine.wait_for_error("nothing is lost meanwhile")
    ticks = len(engine.events(TickStarted))
    time.sleep(0.3)
    assert len(engine.events(TickStarted)) == ticks
    assert engine.process.poll() is None
    limit_files(engine, resource.RLIM_INFINITY)

    engine.wait_for_error("the log can be written again")
    wait_until_worked_off(engine)


def test_an_engine_whose_account_is_on_the_full_disk_too_goes_on(daemon: Make) -> None:
    """Seen to fail when an account that could not be written ended the engine."""
    engine = daemon(KEYED)
    with open(engine.folder / "account", "wb") as account:
        engine.start(stdout=account, stderr=account)
    engine.wait_for_log(RunSucceeded)
    limit_files(engine, 1)
    ticks = -1
    while ticks != (ticks := len(engine.events(TickStarted))):
        time.sleep(0.3)
    limit_files(engine, resource.RLIM_INFINITY)
    engine.wait_for_log(RunSucceeded, count=40)

    assert engine.stop() == 0
    assert len(engine.events(RunRequested)) == 40 and engine.violations() == []


def test_a_full_disk_keeps_a_processor_idle(daemon: Make) -> None:
    """Seen to fail when `EngineDriver._attempt` waited for a bell that had rung already."""
    engine = daemon(KEYED).start()
    engine.wait_for("RunSucceeded", count=2)
    limit_files(engine, 1)
    engine.wait_for_error("nothing is lost meanwhile")
    engine.operate(SensorStopped(at=now(), sensor="none", actor="ann"))

    before = processor_seconds(engine.process.pid)
    time.sleep(1)
    used = processor_seconds(engine.process.pid) - before

    limit_files(engine, resource.RLIM_INFINITY)
    wait_until_worked_off(engine)
    assert used < 0.5


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_worker_waits_for_a_full_disk_and_its_run_succeeds(daemon: Make) -> None:
    """Seen to fail when `RunWriter._append` gave up at the first refusal."""
    engine = daemon("""
@dg.op
def work(context):
    import resource
    note("working", context.run_id)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    def lift():
        wait_for("go")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    threading.Thread(target=lift).start()
@dg.job
def j():
    work()
@every(30, job=j)
def s():
    return dg.RunRequest(run_key="k")
defs = dg.Definitions(sensors=[s], jobs=[j])
""").start()
    engine.wait_for_file("working")
    time.sleep(0.3)
    engine.make("go")
    engine.wait_for("RunSucceeded")

    assert engine.stop() == 0
    assert len(engine.events(RunSucceeded)) == 1 and engine.violations() == []


def test_an_engine_told_to_stop_while_the_disk_is_full_ends_with_1_and_says_why(daemon: Make) -> None:
    engine = daemon(KEYED).start()
    engine.wait_for("RunSucceeded", count=2)
    limit_files(engine, 1)
    engine.wait_for_error("nothing is lost meanwhile")

    assert engine.stop() == 1
    assert "nothing was written" in engine.errors.splitlines()[-1]

    engine.start()
    engine.wait_for("RunSucceeded", count=1)
    assert engine.stop(signal.SIGINT) == 0
    assert engine.violations() == [] and len(engine.events(EngineStopped)) == 1


@pytest.mark.parametrize("size", [40_000, 120_000])
def test_an_engine_under_a_limit_from_its_start_goes_on_when_it_is_lifted(daemon: Make, size: int) -> None:
    engine = daemon(KEYED).start(largest_file=size)
    engine.wait_for_error("nothing is lost meanwhile")
    limit_files(engine, resource.RLIM_INFINITY)

    engine.wait_for("RunRequested", run_key="key 40")
    assert engine.stop_at_once() == 0
    assert len(engine.events(RunRequested)) == 40
    assert engine.violations() == []
