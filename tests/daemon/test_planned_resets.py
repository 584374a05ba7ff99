"""A plan that is applied while the engine runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from harness.daemon import PATIENCE, Daemon
from ticktrail.core.events import CursorReset, RunSucceeded, TickStarted

DEFINITIONS = """
@dg.op
def work():
    pass

@dg.job
def j():
    work()

@every(0.05, job=j)
def s(context):
    if context.cursor != "3":
        context.update_cursor("3")
        return [dg.RunRequest(run_key=key) for key in "123"]

defs = dg.Definitions(sensors=[s], jobs=[j])
"""


def command(engine: Daemon, *arguments: object) -> str:
    """Call the command line on the engine's home; returns what it printed."""
    result = subprocess.run(
        [sys.executable, "-m", "ticktrail", *map(str, arguments), "--home", str(engine.home)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_engine_launches_what_was_planned_and_ticks_on(daemon: Callable[[str], Daemon]) -> None:
    """Seen to fail when the tick of a plan was not ``ordered``."""
    engine = daemon(DEFINITIONS).start()
    engine.wait_for("RunSucceeded", count=3)
    command(engine, "sensor", "stop", "s")
    engine.wait_for("SensorStopped")

    command(
        engine, "cursor", "plan", "s", "--clear", "--release-keys", "1", "2", "-o", engine.folder / "plan"
    )
    applied = command(engine, "cursor", "apply", engine.folder / "plan")
    engine.wait_for("RunSucceeded", count=5)
    command(engine, "sensor", "start", "s")
    reset = engine.wait_for("CursorReset")
    engine.wait_for("TickStarted", cursor="3", cause=None)

    assert "2 runs requested" in applied
    assert engine.stop() == 0
    assert len(engine.events(RunSucceeded)) == 5
    assert len(engine.events(CursorReset)) == 1
    [ordered] = [event for event in engine.events(TickStarted) if event.cause == reset["offset"]]
    assert ordered.engine.startswith("plan:")
    assert engine.violations() == []
