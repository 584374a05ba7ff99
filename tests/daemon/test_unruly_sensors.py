"""What sensors can do to the engine, and cannot."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.daemon import Daemon, is_running, kill
from ticktrail.core.events import EvaluationDiscarded, RunRequested, TickFailed, TickStarted

Make = Callable[[str], Daemon]


def test_one_that_raises_fails_its_tick_and_goes_on(daemon: Make) -> None:
    engine = daemon("""
@every(0.05)
def s():
    raise ValueError("no such folder")
defs = dg.Definitions(sensors=[s])
""").start()

    failed = engine.wait_for("TickFailed", count=2)

    assert failed["error"] == "ValueError: no such folder"
    assert 'raise ValueError("no such folder")' in failed["traceback"]
    assert engine.stop() == 0


def test_one_that_calls_sys_exit_ends_its_tick_and_not_the_engine(daemon: Make) -> None:
    engine = daemon("""
@every(0.05)
def s():
    sys.exit("enough")
defs = dg.Definitions(sensors=[s])
""").start()

    assert "sys.exit('enough')" in engine.wait_for("TickFailed", count=2)["error"]
    assert engine.stop() == 0


def test_one_that_hangs_fails_and_what_it_returns_late_is_discarded(daemon: Make) -> None:
    engine = daemon("""
@dg.op
def work():
    pass
@dg.job
def j():
    work()
@every(0.05, job=j, evaluation_timeout_seconds=0.3)
def s():
    if not (HERE / "go").exists():
        wait_for("go")
        return dg.RunRequest(run_key="late")
    return dg.SkipReason("back")
defs = dg.Definitions(sensors=[s], jobs=[j])
""").start()
    failed = engine.wait_for("TickFailed")
    assert failed["timed_out"] and "did not return within 0.3 s" in failed["error"]
    engine.make("go")
    discarded = engine.wait_for("EvaluationDiscarded", tick=failed["tick"])
    engine.wait_for("TickSkipped", reason="back")

    assert discarded["outcome"] == "1 run requests"
    assert engine.stop() == 0
    assert len(engine.events(EvaluationDiscarded)) == len(engine.events(TickFailed))
    assert engine.events(RunRequested) == engine.violations() == []


def test_a_slow_one_delays_no_other(daemon: Make) -> None:
    engine = daemon("""
@every(0.05)
def slow():
    wait_for("go")
@every(0.05)
def quick():
    pass
defs = dg.Definitions(sensors=[slow, quick])
""").start()

    engine.wait_for("TickSkipped", sensor="quick", count=10)

    assert engine.told_of("TickSkipped", sensor="slow") == []
    engine.make("go")
    engine.wait_for("TickSkipped", sensor="slow")
    assert engine.stop() == 0


def test_a_hundred_that_hang_delay_a_quick_one_by_less_than_two_seconds(daemon: Make) -> None:
    engine = daemon("""
def hanging(number):
    @every(30, name=f"hanging_{number:03}")
    def sensor():
        threading.Event().wait()
    return sensor
@every(0.05)
def quick():
    pass
defs = dg.Definitions(sensors=[*map(hanging, range(100)), quick])
""").start()
    engine.wait_for("TickStarted", count=101)
    began = time.monotonic()

    engine.wait_for("TickSkipped", sensor="quick", count=3)

    assert time.monotonic() - began < 2
    assert engine.stop_at_once() == 0
    assert len(engine.events(TickStarted)) == 100 + len(engine.told_of("TickStarted", sensor="quick"))
    assert engine.violations() == []


def test_what_it_prints_does_not_get_into_the_events_told(daemon: Make) -> None:
    engine = daemon("""
@every(0.05)
def s():
    print("printed by the sensor", flush=True)
    os.system("echo echoed by the sensor")
defs = dg.Definitions(sensors=[s])
""").start()

    engine.wait_for("TickSkipped", count=2)

    assert engine.stop() == 0
    assert "printed by the sensor" in engine.errors and "echoed by the sensor" in engine.errors
    assert engine.told_of("EngineStopped")


def test_a_child_it_forks_that_comes_back_does_not_tick(daemon: Make) -> None:
    """Seen to fail when `Evaluators._evaluate` did not compare the process ids."""
    engine = daemon("""
@every(0.1)
def s():
    pid = os.fork()
    if pid:
        note("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return dg.SkipReason("parent" if pid else "child")
defs = dg.Definitions(sensors=[s])
""").start()

    engine.wait_for("TickSkipped", reason="parent", count=3)

    assert engine.stop() == 0
    assert set((engine.folder / "status").read_text().split()) == {"70"}
    assert "the child returned from the sensor's function" in engine.errors
    assert engine.told_of("TickSkipped", reason="child") == engine.violations() == []


def test_a_child_it_leaves_behind_keeps_no_engine_from_starting(daemon: Make) -> None:
    """Seen to fail when `engine_lock` did not close the lock in forked children."""
    engine = daemon("""
@every(30)
def s():
    pid = os.fork()
    if pid == 0:
        threading.Event().wait()
    note("child", pid)
defs = dg.Definitions(sensors=[s])
""").start()
    engine.wait_for("TickSkipped")
    child = int(engine.wait_for_file("child"))
    engine.kill()

    assert is_running(child)
    try:
        engine.start()
        engine.wait_for("EngineStarted")
        assert engine.stop() == 0
    finally:
        kill(child)
