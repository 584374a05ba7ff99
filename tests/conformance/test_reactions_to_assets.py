"""Sensors of assets under the engine: woken by each materialization, none missed, loops slowed down."""

from __future__ import annotations

from typing import Any

import ticktrail as dg
from conformance.runs import end_run, materialize_asset, start_run
from conformance.sensors import RUNNING, the_job
from harness.engine import EngineHarness
from ticktrail.core.events import (
    AssetObserved,
    RunSucceeded,
    SensorReacted,
    TickFailed,
    TickLogged,
    TickSkipped,
    TickStarted,
)

A, B = dg.AssetKey("a"), dg.AssetKey("b")


@dg.asset
def a() -> None: ...


@dg.asset
def b() -> None: ...


def asset_engine(function: Any, **options: Any) -> EngineHarness:
    """An engine with an asset sensor named ``s`` on ``a``."""
    options.setdefault("job", the_job)
    sensor = dg.asset_sensor(A, name="s", default_status=RUNNING, **options)(function)
    return EngineHarness(sensor, jobs=[the_job])


def both_engine(function: Any) -> EngineHarness:
    """An engine with a multi-asset sensor named ``s`` on ``a`` and ``b``, whose first tick is over."""
    sensor = dg.multi_asset_sensor([A, B], name="s", job=the_job, default_status=RUNNING)(function)
    engine = EngineHarness(sensor, jobs=[the_job], assets=[a, b])
    engine.beat()
    return engine


def make_by_own_run(engine: EngineHarness, asset: str) -> None:
    """Let the newest requested run make an asset and end."""
    run = engine.requests()[-1].run
    start_run(engine, run)
    materialize_asset(engine, asset, run=run)
    end_run(engine, run, RunSucceeded)


def test_asset_sensor_is_woken_by_the_materialization() -> None:
    engine = asset_engine(lambda context, entry: dg.RunRequest(run_key=context.cursor))
    engine.beat()
    assert engine.of(TickSkipped)[0].reason == "No new materialization events found for asset key a"
    made = materialize_asset(engine, "a")

    engine.beat()

    assert engine.of(TickStarted)[-1].cause == made
    assert engine.state("s").cursor == str(made)
    assert len(engine.requests()) == 1


def test_asset_sensor_not_triggered_on_observation() -> None:
    engine = asset_engine(lambda context, entry: dg.RunRequest())
    engine.beat()
    engine.operate(AssetObserved(at=engine.clock.now(), asset="a"))

    assert engine.beat(60.0) == []


def test_asset_sensor_takes_the_newest_first_and_every_one_from_then_on() -> None:
    seen: list[float] = []
    engine = asset_engine(lambda context, entry: seen.append(entry.asset_materialization.metadata["n"].value))
    for number in range(3):
        materialize_asset(engine, "a", metadata={"n": number})
    engine.beat()
    for number in range(3, 6):
        materialize_asset(engine, "a", metadata={"n": number})
    engine.beat()

    assert seen == [2, 3, 4, 5]


def test_asset_sensor_that_raises_tries_the_newest_again_and_passes_over_the_others() -> None:
    calls: list[int] = []

    def fails_at_first(context: dg.SensorEvaluationContext, entry: dg.EventLogEntry) -> None:
        calls.append(len(calls))
        if len(calls) < 3:
            raise ValueError("no")

    engine = asset_engine(fails_at_first)
    engine.beat()
    first = materialize_asset(engine, "a")
    engine.beat()
    assert engine.state("s").cursor is None
    assert engine.beat(1.0) == []
    second = materialize_asset(engine, "a")

    engine.beat()
    engine.beat(31.0)

    causes = [(event.cause, event.error) for event in engine.of(SensorReacted)]
    assert causes == [(first, "ValueError: no"), (second, "ValueError: no"), (second, None)]
    assert engine.state("s").cursor == str(second)


def test_an_asset_sensor_whose_runs_make_its_asset_is_slowed_down_and_says_so() -> None:
    engine = asset_engine(lambda context, entry: dg.RunRequest())
    engine.beat()
    materialize_asset(engine, "a")
    engine.beat()
    make_by_own_run(engine, "a")

    engine.beat()
    make_by_own_run(engine, "a")

    assert "a loop" in engine.of(TickLogged)[0].message
    assert engine.beat(10.0) == []
    assert len(engine.beat(20.0)) == 1


def test_multi_asset_sensor_waits_for_all_and_asks_once() -> None:
    def all_of(context: dg.MultiAssetSensorEvaluationContext) -> Any:
        if all(context.latest_materialization_records_by_key().values()):
            context.advance_all_cursors()
            return dg.RunRequest()
        return dg.SkipReason("not all yet")

    engine = both_engine(all_of)
    materialize_asset(engine, "a")
    engine.beat()
    assert engine.requests() == []

    materialize_asset(engine, "b")
    engine.beat()
    engine.beat(31.0)

    assert len(engine.requests()) == 1
    assert engine.of(TickSkipped)[-1].reason == "not all yet"


def test_multi_asset_sensor_with_many_events_goes_on_at_once() -> None:
    def by_two(context: dg.MultiAssetSensorEvaluationContext) -> Any:
        records = context.materialization_records_for_key(A, limit=2)
        if len(records) == 2:
            context.advance_cursor({A: records[-1]})
            return dg.RunRequest(run_key=str(records[-1].storage_id))
        return dg.SkipReason("fewer than two")

    engine = both_engine(by_two)
    for _ in range(6):
        materialize_asset(engine, "a")

    for _ in range(3):
        engine.beat()

    assert len(engine.requests()) == 3


def test_multi_asset_sensor_without_cursor_update_fails() -> None:
    engine = both_engine(lambda context: dg.RunRequest())

    assert "the cursor was not updated" in engine.of(TickFailed)[0].error
    assert engine.requests() == []


def test_a_multi_asset_sensor_whose_runs_make_its_assets_is_slowed_down_and_says_so() -> None:
    def again(context: dg.MultiAssetSensorEvaluationContext) -> Any:
        if context.latest_materialization_records_by_key([A])[A] is None:
            return dg.SkipReason("nothing new")
        context.advance_all_cursors()
        return dg.RunRequest()

    engine = both_engine(again)
    materialize_asset(engine, "a")
    engine.beat()
    make_by_own_run(engine, "a")
    engine.beat()
    make_by_own_run(engine, "a")

    assert "a loop" in engine.of(TickLogged)[0].message
    assert engine.beat(10.0) == []
    assert len(engine.beat(20.0)) == 1
