"""Invariant 10: a sensor reacts to each event once, in the order of the log, unless its cursor is reset."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

import ticktrail as dg
from conformance.runs import end_run, materialize_asset, request_run, start_run
from conformance.sensors import RUNNING, other_job, the_job
from harness.engine import EngineHarness
from ticktrail.core.events import CursorReset, RunFailed, SensorReacted
from ticktrail.projections.invariants import check

KEY = dg.AssetKey("a")


def engine_with_reactions() -> EngineHarness:
    """An engine with a failure sensor that raises for every third run, and an asset sensor that asks for runs."""

    def sometimes(context: dg.RunFailureSensorContext) -> None:
        if int(context.dagster_run.run_id) % 3 == 0:
            raise ValueError("no")

    def ask(context: dg.SensorEvaluationContext, entry: dg.EventLogEntry) -> dg.RunRequest:
        return dg.RunRequest(run_key=str(entry.timestamp))

    return EngineHarness(
        dg.run_failure_sensor(name="f", monitored_jobs=[the_job], default_status=RUNNING)(sometimes),
        dg.asset_sensor(KEY, name="a", job=other_job, default_status=RUNNING)(ask),
        jobs=[the_job, other_job],
    )


def causes(engine: EngineHarness, sensor: str) -> list[int]:
    return [event.cause for event in engine.of(SensorReacted) if event.sensor == sensor]


STEPS = st.lists(st.sampled_from(["fail", "make", "beat", "wait", "restart", "cut off"]), max_size=30)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_event_is_reacted_to_once_and_in_order(steps: list[str]) -> None:
    """Seen to fail when `decision._cursor` kept nothing of a tick whose reactions failed, when
    `RunStatusSensorDefinition._react` asked for what comes after ``cursor.record_id - 1``, when
    `AssetSensorDefinition.outcome` took the newest materialization only, and when `Engine._fold` woke nobody.
    """
    engine = engine_with_reactions()
    engine.beat()
    failures, made, runs = list[int](), list[int](), 0
    for step in steps:
        engine.clock.advance(0.001)
        if step == "fail":
            runs += 1
            request_run(engine, str(runs))
            start_run(engine, str(runs))
            failures.append(end_run(engine, str(runs), RunFailed, error="no"))
        elif step == "make":
            made.append(materialize_asset(engine, "a"))
        elif step == "beat":
            engine.beat()
        elif step == "wait":
            engine.beat(31.0)
        else:
            if step == "cut off":
                for ticket in engine.start().tickets:
                    engine.evaluate(ticket)
            engine.restart()
    for _ in range(3):
        engine.beat(31.0)

    assert causes(engine, "f") == failures
    # The first tick takes the newest of what it finds; every one from then on counts.
    assert causes(engine, "a") == made[len(made) - len(causes(engine, "a")) :]
    assert bool(causes(engine, "a")) == bool(made)
    assert list(check(engine.log.read())) == []


def test_an_asset_sensor_misses_nothing_once_it_has_a_place() -> None:
    engine = engine_with_reactions()
    first = materialize_asset(engine, "a")
    engine.beat()
    later = [materialize_asset(engine, "a") for _ in range(5)]

    engine.beat()

    assert causes(engine, "a") == [first, *later]


def test_a_reset_cursor_lets_events_be_reacted_to_again() -> None:
    engine = engine_with_reactions()
    first = materialize_asset(engine, "a")
    engine.beat()
    at = engine.clock.now()
    engine.operate(CursorReset(at=at, sensor="a", actor="ann", before=str(first), after=str(first - 1)))
    second = materialize_asset(engine, "a")

    engine.beat()

    assert causes(engine, "a") == [first, first, second]
    assert list(check(engine.log.read())) == []
