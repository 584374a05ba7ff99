"""Cases of the reference that concern several kinds of sensors, and what we do where it differs on purpose."""

from __future__ import annotations

from typing import Any

import ticktrail as dg
from conformance.runs import end_run, materialize_asset, request_run, start_run
from conformance.sensors import RUNNING, asking, engine_of, nothing, other_job, sensor_of, the_job
from harness.engine import EngineHarness
from ticktrail.core.events import RunCanceled, RunFailed, RunSucceeded, SensorReacted, TickSkipped

SUCCESS = dg.DagsterRunStatus.SUCCESS


def success_sensor(function: Any, **options: Any) -> dg.RunStatusSensorDefinition:
    """A running sensor named ``s`` for runs that succeed."""
    sensor: dg.RunStatusSensorDefinition = dg.run_status_sensor(
        SUCCESS, name="s", default_status=RUNNING, **options
    )(function)
    return sensor


def succeed(engine: EngineHarness, run: str) -> None:
    """Let a requested run succeed."""
    start_run(engine, run)
    end_run(engine, run, RunSucceeded)


def test_skipped_ticks_are_never_purged() -> None:
    """Ours: the reference purges them after seven days."""
    engine = engine_of(lambda: dg.SkipReason("nothing"))
    engine.beat()
    engine.beat(60 * 24 * 3600.0)

    assert len(engine.of(TickSkipped)) == len(engine.ticks()) == 2


def test_monitored_asset_may_be_defined_elsewhere() -> None:
    seen: list[str] = []

    def note(context: dg.SensorEvaluationContext, entry: dg.EventLogEntry) -> None:
        seen.append(entry.dagster_event.asset_key.to_user_string())  # type: ignore[union-attr]

    told = dg.asset_sensor(dg.AssetKey("told"), name="told", default_status=RUNNING)(note)
    unknown = dg.asset_sensor(dg.AssetKey("unknown"), name="unknown", default_status=RUNNING)(note)
    engine = EngineHarness(told, unknown, assets=[dg.AssetSpec("told")])
    engine.beat()
    materialize_asset(engine, "told")
    materialize_asset(engine, "unknown")
    engine.beat()

    assert sorted(seen) == ["told", "unknown"]


def test_run_tags_replace_tags_on_runs_of_a_sensor() -> None:
    @dg.job(tags={"team": "a"}, run_tags={"cost": "low"})
    def tagged() -> None:
        nothing()

    engine = engine_of(asking("k"), job=tagged)
    engine.beat()

    [run] = engine.requests()
    assert run.tags["cost"] == "low" and "team" not in run.tags


def test_large_requests_are_launched_like_any_other() -> None:
    """Ours: there is no limit to a request's size that drops it from its tick."""
    text = "x" * 5_000_000

    def ask() -> Any:
        yield dg.RunRequest(run_key="small")
        yield dg.RunRequest(run_key="large", tags={"text": text})

    engine = engine_of(ask)
    engine.beat()

    assert [run.run_key for run in engine.requests()] == ["small", "large"]
    assert engine.requests()[1].tags["text"] == text


def test_definitions_loaded_anew_in_mid_tick_lose_no_request() -> None:
    """Ours: a tick that another engine cuts off is evaluated afresh, by the code that is there then."""
    engine = engine_of(asking("k"))
    engine.start()

    engine.load(sensor_of(asking("k"), job=other_job))
    engine.beat(31.0)

    assert [(run.job, run.run_key) for run in engine.requests()] == [("other_job", "k")]
    assert [tick.status for tick in engine.ticks()] == ["INTERRUPTED", "SUCCESS"]


def test_status_event_of_an_unknown_run_is_passed_over_and_the_cursor_moves() -> None:
    seen: list[str] = []
    engine = EngineHarness(success_sensor(lambda context: seen.append(context.dagster_run.run_id)))
    engine.beat()
    unknown = RunSucceeded(at=engine.clock.now(), run="nobody-asked", cause=0)
    engine.operate(unknown)
    engine.beat()
    request_run(engine, "run-1")
    succeed(engine, "run-1")
    engine.beat()

    assert seen == ["run-1"]


def test_cross_repository_selectors_go_by_the_name_of_the_job() -> None:
    """Ours: a log has one code location, whatever its name."""
    seen: list[str] = []
    selected = [dg.JobSelector(location_name="elsewhere", job_name="other_job")]
    engine = EngineHarness(
        success_sensor(lambda context: seen.append(context.dagster_run.job_name), monitored_jobs=selected),
        jobs=[the_job, other_job],
    )
    engine.beat()
    for job in ("the_job", "other_job"):
        request_run(engine, job, job)
        succeed(engine, job)
    engine.beat()

    assert seen == ["other_job"]


def test_a_run_launched_by_the_sensor_does_not_trigger_it_if_its_job_is_not_monitored() -> None:
    def follow(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    sensor = success_sensor(follow, monitored_jobs=[the_job], request_job=other_job)
    engine = EngineHarness(sensor, jobs=[the_job, other_job])
    engine.beat()
    request_run(engine, "run-1")
    succeed(engine, "run-1")
    engine.beat()
    [own] = [run for run in engine.requests() if run.sensor == "s"]
    succeed(engine, own.run)

    assert engine.beat(60.0) == []
    assert len(engine.of(SensorReacted)) == 1


def test_different_logs_do_not_leak_into_each_other() -> None:
    seen: list[str] = []
    one = EngineHarness(success_sensor(lambda context: seen.append("one")))
    two = EngineHarness(success_sensor(lambda context: seen.append("two")))
    for engine in (one, two):
        engine.beat()
    request_run(one, "run-1")
    succeed(one, "run-1")
    for engine in (one, two):
        engine.beat()

    assert seen == ["one"]


def test_canceled_runs_wake_their_own_sensor_and_no_other() -> None:
    seen: list[str] = []
    canceled = dg.run_status_sensor(dg.DagsterRunStatus.CANCELED, name="c", default_status=RUNNING)(
        lambda context: seen.append(context.dagster_run.status.value)
    )
    failed = dg.run_failure_sensor(name="f", default_status=RUNNING)(lambda context: seen.append("failed"))
    engine = EngineHarness(canceled, failed, jobs=[the_job])
    engine.beat()
    request_run(engine, "run-1")
    end_run(engine, "run-1", RunCanceled, reason="enough")
    request_run(engine, "run-2")
    end_run(engine, "run-2", RunFailed, error="no process")
    engine.beat()

    assert sorted(seen) == ["CANCELED", "failed"]
