"""Schedules in a real engine, with runs in processes of their own."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.daemon import Daemon
from ticktrail.core.events import CursorReset, RunRequested, SensorDefined
from ticktrail.core.moment_text import moment_text

Make = Callable[[str], Daemon]

HOURLY = """
@dg.asset
def report(context):
    context.log.info(context.run_tags[".dagster/scheduled_execution_time"])
@dg.schedule("0 * * * *", target=[report], default_status=dg.DefaultScheduleStatus.RUNNING)
def hourly(context):
    return dg.RunRequest(run_key=f"{context.scheduled_execution_time:%H}")
defs = dg.Definitions(assets=[report], schedules=[hourly])
"""

_HOUR = 3_600_000_000


def test_missed_moments_are_run_once_each_over_a_kill_of_the_engine(daemon: Make) -> None:
    engine = daemon(HOURLY).start()
    engine.wait_for("SensorDefined")
    now = time.time_ns() // 1000
    back = moment_text(now // _HOUR * _HOUR - 3 * _HOUR)

    engine.operate(CursorReset(at=now, sensor="hourly", actor="ann", before=None, after=back))
    engine.wait_for("RunSucceeded", 3)
    engine.kill()
    engine.start().wait_for("EngineStarted")

    assert engine.stop() == 0
    assert engine.violations() == []
    [defined] = engine.events(SensorDefined)
    assert (defined.kind, defined.cron_schedule, defined.timezone) == ("SCHEDULE", "0 * * * *", "UTC")
    # The clock may have struck an hour during the test.
    asked = [run.tags[".dagster/scheduled_execution_time"] for run in engine.events(RunRequested)]
    expected = [moment_text(now // _HOUR * _HOUR - missed * _HOUR) for missed in (2, 1, 0)]
    assert asked[:3] == expected
    assert len(asked) == len(set(asked)) <= 4
