"""Every kind of sensor at once in a real engine: what is kept equals what the log alone gives, and verify is green."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from harness.daemon import Daemon
from ticktrail.core.events import (
    CursorReset,
    DynamicPartitionsChanged,
    RunRequested,
    SensorReacted,
)
from ticktrail.core.moment_text import moment_text

Make = Callable[[str], Daemon]

DEFINITIONS = """
customers = dg.DynamicPartitionsDefinition(name="customers")

@dg.asset(partitions_def=customers)
def account(context):
    return None

@dg.asset
def orders():
    return None

@dg.asset
def prices():
    return None

@dg.op
def breaks():
    raise ValueError("no")

@dg.op
def mends():
    pass

@dg.job
def broken():
    breaks()

@dg.job
def mended():
    mends()

account_job = dg.define_asset_job("account_job", [account])
orders_job = dg.define_asset_job("orders_job", [orders])
prices_job = dg.define_asset_job("prices_job", [prices])

@every(0.1, jobs=[broken, orders_job, prices_job])
def standard(context):
    for number in range(2):
        for job in ("broken", "orders_job", "prices_job"):
            yield dg.RunRequest(run_key=f"{job} {number}", job_name=job)
    context.update_cursor("asked")

@every(0.1, job=account_job)
def partitions(context):
    names = ["ann", "bob"]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=name, partition_key=name) for name in names],
        dynamic_partitions_requests=[customers.build_add_request(names)],
    )

@dg.run_failure_sensor(monitored_jobs=[broken], request_job=mended, default_status=RUNNING)
def failures(context):
    return dg.RunRequest(run_key=context.dagster_run.run_id)

@dg.asset_sensor(dg.AssetKey("orders"), job=mended, default_status=RUNNING)
def one_asset(context, entry):
    return dg.RunRequest(run_key=entry.run_id)

@dg.multi_asset_sensor([dg.AssetKey("orders"), dg.AssetKey("prices")], job=mended, default_status=RUNNING)
def both_assets(context):
    records = context.latest_materialization_records_by_key()
    if all(records.values()):
        context.advance_all_cursors()
        return dg.RunRequest(run_key=context.cursor)

@dg.schedule("0 * * * *", target=mended, default_status=dg.DefaultScheduleStatus.RUNNING)
def hourly(context):
    return dg.RunRequest(run_key=str(context.scheduled_execution_time))

defs = dg.Definitions(
    assets=[account, orders, prices],
    jobs=[broken, mended, account_job, orders_job, prices_job],
    sensors=[standard, partitions, failures, one_asset, both_assets],
    schedules=[hourly],
)
"""

_HOUR = 3_600_000_000
_ASKERS = ("standard", "partitions", "failures", "one_asset", "both_assets", "hourly")


def command(engine: Daemon, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "ticktrail", *words, "--home", str(engine.home)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_all_kinds_of_sensors_can_be_rebuilt_over_a_kill_of_the_engine(daemon: Make) -> None:
    engine = daemon(DEFINITIONS).start()
    engine.wait_for("SensorDefined", sensor="hourly")
    now = time.time_ns() // 1000
    back = moment_text(now // _HOUR * _HOUR - 2 * _HOUR)
    engine.operate(CursorReset(at=now, sensor="hourly", actor="ann", before=None, after=back))
    engine.wait_for("SensorReacted", sensor="failures")

    engine.kill()
    engine.start()
    for sensor in _ASKERS:
        if not any(asked.sensor == sensor for asked in engine.events(RunRequested)):
            engine.wait_for("RunRequested", sensor=sensor)
    # Two failures, and the newest or both of two materializations, depending on what the first tick found.
    while len([event for event in engine.events(SensorReacted) if event.sensor == "failures"]) < 2:
        engine.wait_for("SensorReacted", sensor="failures")
    assert engine.stop() == 0

    assert command(engine, "verify")[0] == 0
    code, told = command(engine, "rebuild", "--check")
    assert (code, told.count("equal"), told.count("different")) == (0, 3, 0), told
    assert {asked.sensor for asked in engine.events(RunRequested)} == set(_ASKERS)
    changes = engine.events(DynamicPartitionsChanged)
    assert [change.added for change in changes if change.added] == [["ann", "bob"]]
