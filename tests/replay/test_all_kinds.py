"""Ticks of schedules, and of sensors that react to the log, are replayed as those of other sensors are."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ticktrail as dg
from conformance.runs import end_run, materialize_asset, request_run, start_run
from harness.engine import EngineHarness
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.events import RunFailed, SensorReacted, TapeRecorded, TickLogged
from ticktrail.core.replay import Backtest, replay
from ticktrail.projections.past_ticks import past_ticks

A, B = dg.AssetKey("a"), dg.AssetKey("b")
RUNNING = dg.DefaultSensorStatus.RUNNING


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@dg.op
def nothing() -> None:
    pass


@dg.job
def the_job() -> None:
    nothing()


@dg.asset
def a() -> None: ...


@dg.asset(deps=[a])
def b() -> None: ...


def names(folder: Path) -> str:
    return ",".join(sorted(os.listdir(folder)))


def of_failures(folder: Path) -> Any:
    @dg.run_failure_sensor(name="s", default_status=RUNNING)
    def reacting(context: dg.RunFailureSensorContext) -> dg.SkipReason:
        return dg.SkipReason(
            f"{context.dagster_run.run_id}: {context.failure_event.message}, {names(folder)}"
        )

    return reacting


def of_runs(folder: Path) -> Any:
    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.FAILURE, name="s", default_status=RUNNING, request_job=the_job
    )
    def reacting(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"after {context.dagster_run.run_id}", tags={"saw": names(folder)})

    return reacting


def of_an_asset(folder: Path) -> Any:
    @dg.asset_sensor(A, name="s", job=the_job, default_status=RUNNING)
    def reacting(context: dg.SensorEvaluationContext, event: dg.EventLogEntry) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"{event.timestamp} {context.cursor}", tags={"saw": names(folder)})

    return reacting


def of_assets(folder: Path) -> Any:
    @dg.multi_asset_sensor([A, B], name="s", job=the_job, default_status=RUNNING)
    def reacting(context: dg.MultiAssetSensorEvaluationContext) -> Any:
        made = context.latest_materialization_records_by_key()
        context.advance_all_cursors()
        told = {key.to_user_string(): record and record.storage_id for key, record in made.items()}
        return dg.SkipReason(f"{told}, {names(folder)}")

    return reacting


def of_stale_assets(folder: Path) -> Any:
    @dg.sensor(name="s", asset_selection=[A, B], default_status=RUNNING, minimum_interval_seconds=1)
    def asking(context: dg.SensorEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=names(folder) + str(context.cursor), stale_assets_only=True)

    return asking


KINDS: dict[str, Callable[[Path], Any]] = {
    "run failures": of_failures,
    "runs": of_runs,
    "an asset": of_an_asset,
    "assets": of_assets,
    "stale assets": of_stale_assets,
}


def verdicts(engine: EngineHarness, code: Any) -> Counter[str]:
    return Counter(replay(past, code, engine.definitions).verdict for past in past_ticks(engine.log, "s"))


@pytest.mark.parametrize("kind", KINDS)
def test_ticks_of_sensors_that_ask_the_log_are_equal(tmp_path: Path, kind: str) -> None:
    """Seen to fail when the instance's answers were on no tape, and when it counted as missing in a replay."""
    folder = tmp_path / "in"
    folder.mkdir()
    code = KINDS[kind](folder)
    engine = EngineHarness(code, jobs=[the_job], assets=[a, b], record=True)
    engine.beat(1)
    for number in range(3):
        (folder / f"file-{number}").touch()
        run = f"run-{number}"
        request_run(engine, run, "the_job")
        start_run(engine, run)
        materialize_asset(engine, "ab"[number % 2], run=run)
        end_run(engine, run, RunFailed, error="ValueError: no")
        engine.beat(30)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()

    assert not any(tape.uncovered for tape in engine.of(TapeRecorded))
    found = verdicts(engine, code)
    assert found["equal"] >= 3 and set(found) == {"equal"}
    assert kind not in ("run failures", "runs") or len(engine.of(SensorReacted)) == 3


def hourly(folder: Path, suffix: str = "") -> Any:
    @dg.schedule(
        cron_schedule="0 * * * *", name="s", job=the_job, default_status=dg.DefaultScheduleStatus.RUNNING
    )
    def scheduled(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"{names(folder)} {context.scheduled_execution_time}{suffix}")

    return scheduled


def test_ticks_of_schedules_are_equal_those_that_were_missed_too(tmp_path: Path) -> None:
    """Seen to fail when a replay did not make an evaluation one of its moment."""
    folder = tmp_path / "in"
    folder.mkdir()
    engine = EngineHarness(hourly(folder), jobs=[the_job], record=True)
    engine.beat(1)
    for number in range(3):
        (folder / f"file-{number}").touch()
        engine.beat(3600)
    engine.clock.advance(100 * 3600)
    engine.beat(0)
    engine.beat(0)
    for file in folder.iterdir():
        file.unlink()

    found = verdicts(engine, hourly(folder))
    assert found["equal"] >= 5 and set(found) == {"equal"}
    assert any("missed moments" in event.message for event in engine.of(TickLogged))


def test_a_backtest_of_a_schedule_asks_for_the_same_moments(tmp_path: Path) -> None:
    """Seen to fail when the keys of the new code held for all moments."""
    engine = EngineHarness(hourly(tmp_path), jobs=[the_job], record=True)
    for _ in range(3):
        engine.beat(3600)

    def changes(code: Any) -> list[str]:
        ticks = Backtest(code, engine.definitions).run(past_ticks(engine.log, "s"))
        return [request.change for tick in ticks for request in tick.requests]

    assert changes(hourly(tmp_path)) == ["unchanged"] * len(engine.requests()) != []
    assert set(changes(hourly(tmp_path, " new"))) == {"added", "removed"}


def test_any_sort_may_go_unrecorded() -> None:
    failed = dg.DagsterRunStatus.FAILURE
    unrecorded: list[Any] = [
        dg.run_status_sensor(run_status=failed, name="s", record=False)(lambda context: None),
        dg.asset_sensor(A, name="s", job=the_job, record=False)(lambda context, event: None),
        dg.multi_asset_sensor([A], name="s", job=the_job, record=False)(lambda context: None),
        dg.schedule(cron_schedule="0 * * * *", name="s", job=the_job, record=False)(lambda context: None),
    ]

    assert not any(each.record for each in unrecorded)
