"""Sensors of runs and assets with the whole engine, and what steps ask their instance."""

from __future__ import annotations

import json
from collections.abc import Callable

import ticktrail as dg
from harness.daemon import Daemon
from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.events import AssetMaterialized, RunLaunched, RunRequested, SensorReacted, TickFailed

Make = Callable[[str], Daemon]

DEFINITIONS = """
import json

@dg.op
def breaks():
    raise ValueError("no such table")

@dg.job
def broken():
    breaks()

@dg.asset
def orders(context):
    known = context.instance.get_run_by_id(context.run_id)
    note("seen", f"{known.status.value} {known.job_name} {context.run.is_finished}")
    context.instance.add_dynamic_partitions("days", ["monday"])
    return dg.MaterializeResult(metadata={"rows": 3})

orders_job = dg.define_asset_job("orders_job", [orders])

@dg.op
def totals(context):
    latest = context.instance.get_latest_materialization_event(dg.AssetKey("orders"))
    rows = latest.asset_materialization.metadata["rows"].value
    note("totals", f"{rows} rows, days {context.instance.get_dynamic_partitions('days')}")

@dg.job
def totals_job():
    totals()

@every(0.1, jobs=[broken, orders_job])
def begin(context):
    wait_for("go")
    return [dg.RunRequest(run_key=name, job_name=name) for name in ("broken", "orders_job")]

@dg.run_failure_sensor(monitored_jobs=[broken], default_status=RUNNING)
def failures(context):
    [step] = context.get_step_failure_events()
    note("failures", json.dumps({
        "message": context.failure_event.message,
        "step": step.step_key,
        "error": step.event_specific_data.error.message,
    }))

@dg.asset_sensor(dg.AssetKey("orders"), job=totals_job, default_status=RUNNING)
def on_orders(context, entry):
    return dg.RunRequest(run_key=entry.run_id)

defs = dg.Definitions(assets=[orders], jobs=[broken, orders_job, totals_job], sensors=[begin, failures, on_orders])
"""


def test_a_failed_run_and_a_materialization_are_reacted_to(daemon: Make) -> None:
    engine = daemon(DEFINITIONS)
    engine.start()
    engine.wait_for("TickSkipped", sensor="failures")
    engine.make("go")

    engine.wait_for("RunSucceeded", 2)
    engine.wait_for("SensorReacted", sensor="failures")

    assert engine.stop() == 0
    assert json.loads((engine.folder / "failures").read_text()) == {
        "message": "Execution of run for \"broken\" failed. Step 'breaks' failed. ValueError: no such table",
        "step": "breaks",
        "error": "ValueError: no such table",
    }
    assert (engine.folder / "seen").read_text() == "STARTED orders_job False\n"
    assert (engine.folder / "totals").read_text() == "3 rows, days ['monday']\n"
    runs = {event.job: event.run for event in engine.events(RunRequested)}
    assert sorted((event.sensor, event.run) for event in engine.events(SensorReacted)) == [
        ("failures", runs["broken"]),
        ("on_orders", runs["orders_job"]),
    ]
    assert [event.run for event in engine.events(AssetMaterialized)] == [runs["orders_job"]]
    assert engine.events(TickFailed) == []
    assert engine.violations() == []


def test_a_run_in_process_is_left_alone_by_the_engine_and_reacted_to(daemon: Make) -> None:
    engine = daemon(DEFINITIONS)
    engine.start()
    engine.wait_for("TickSkipped", sensor="failures")
    log = open_event_log(engine.home / "log.sqlite")

    @dg.asset
    def orders() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"rows": 5})

    here = dg.materialize([orders], instance=dg.DagsterInstance(log))
    log.close()
    other = engine.wait_for("RunRequested", sensor="on_orders")["run"]
    engine.wait_for("RunSucceeded", run=other)

    engine.make("go")
    assert engine.stop() == 0
    assert here.run_id not in [event.run for event in engine.events(RunLaunched)]
    assert (engine.folder / "totals").read_text() == "5 rows, days []\n"
    assert engine.violations() == []
