"""`why`, `why-not` and `why-silent` over a log that a real engine wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from harness.daemon import Daemon
from ticktrail.core.events import SensorStopped

Make = Callable[[str], Daemon]

DEFINITIONS = """
@dg.asset
def orders():
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

orders_job = dg.define_asset_job("orders_job", [orders])

@every(0.1, jobs=[broken, orders_job])
def standard(context):
    context.log.info("looking around")
    yield dg.RunRequest(run_key="b", job_name="broken")
    yield dg.RunRequest(run_key="o", job_name="orders_job")

@dg.run_failure_sensor(monitored_jobs=[broken], request_job=mended, default_status=RUNNING)
def failures(context):
    return dg.RunRequest(run_key=context.dagster_run.run_id)

@dg.asset_sensor(dg.AssetKey("orders"), job=mended, default_status=RUNNING)
def one_asset(context, entry):
    return dg.RunRequest(run_key=entry.run_id)

@dg.multi_asset_sensor([dg.AssetKey("orders")], job=mended, default_status=RUNNING)
def many_assets(context):
    if all(context.latest_materialization_records_by_key().values()):
        context.advance_all_cursors()
        return dg.RunRequest(run_key=context.cursor)

defs = dg.Definitions(
    assets=[orders], jobs=[broken, mended, orders_job], sensors=[standard, failures, one_asset, many_assets]
)
"""


def asked(engine: Daemon, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ticktrail", *words, "--json", "--home", str(engine.home)],
        capture_output=True,
        text=True,
        check=True,
    )
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def test_reactions_lead_back_to_the_sensor_that_was_due(daemon: Make) -> None:
    """Seen to fail when the run that an event is about was not looked for."""
    engine = daemon(DEFINITIONS).start()
    runs = {
        sensor: engine.wait_for("RunRequested", sensor=sensor)
        for sensor in ("failures", "one_asset", "many_assets")
    }

    for sensor, request in runs.items():
        told = asked(engine, "why", request["run"])

        first, second = told["chain"]
        job = "broken" if sensor == "failures" else "orders_job"
        assert first["title"].endswith(f" of mended was requested by tick {request['tick']} of {sensor}")
        assert f" of {job} was requested by tick " in second["title"]
        assert second["title"].endswith(" of standard")
        assert "INFO" in [event.get("level") for event in second["events"]]
        assert first["code_is_current"]
        assert told["root"] == "standard was due: it ticks every 0.1 s"


def test_a_key_and_a_silent_sensor_are_told_while_the_engine_runs(daemon: Make) -> None:
    """Seen to fail when the engine's lock was not asked."""
    engine = daemon(DEFINITIONS).start()
    engine.wait_for("RunSucceeded")
    engine.wait_for("TickSkipped", sensor="standard")

    assert asked(engine, "why-not", "standard", "b")["run"]["job"] == "broken"
    assert asked(engine, "why-not", "standard", "x")["verdict"] == "never asked for"
    silent = asked(engine, "why-silent", "standard")
    assert [outcome["why"] for outcome in silent["outcomes"]] == ["all run keys already used"]
    assert "no engine" not in [hindrance["kind"] for hindrance in silent["hindrances"]]

    engine.operate(SensorStopped(at=0, sensor="standard", actor="ann", reason="enough"))
    stopped = asked(engine, "why-silent", "standard")
    assert stopped["status"] == "STOPPED"
    assert stopped["hindrances"][0]["kind"] == "stopped"
