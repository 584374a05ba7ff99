"""Run status sensors: each run that gets to the status is reacted to once, in the order of the log."""

from __future__ import annotations

from typing import Any

import pytest

import ticktrail as dg
from conformance.runs import end_run, request_run, start_run
from conformance.sensors import RUNNING, other_job, the_job
from harness.engine import EngineHarness
from ticktrail.core.authoring.reactions import EVENTS_PER_TICK
from ticktrail.core.authoring.run_chain import CHAIN_TAG
from ticktrail.core.authoring.run_status_cursor import RunStatusCursor
from ticktrail.core.events import (
    RunFailed,
    RunSucceeded,
    SensorReacted,
    SensorStarted,
    SensorStopped,
    TickCompleted,
    TickFailed,
    TickLogged,
    TickSkipped,
    TickStarted,
)

FAILURE, SUCCESS, STARTED = (
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.STARTED,
)


def failures(function: Any, **options: Any) -> EngineHarness:
    """An engine with a run failure sensor named ``s``, whose first tick is over."""
    options.setdefault("default_status", RUNNING)
    engine = EngineHarness(dg.run_failure_sensor(name="s", **options)(function), jobs=[the_job, other_job])
    engine.beat()
    return engine


def fail_run(engine: EngineHarness, run: str, job: str = "the_job", **options: Any) -> int:
    """Let a run of somebody else's fail; returns the offset of its end."""
    request_run(engine, run, job, **options)
    start_run(engine, run)
    return end_run(engine, run, RunFailed, error="ValueError: no")


def reacted(engine: EngineHarness) -> list[tuple[str | None, str | None]]:
    return [(event.run, event.error) for event in engine.of(SensorReacted)]


def test_run_status_sensor_first_tick_begins_after_what_was_before_it() -> None:
    seen: list[str] = []
    engine = EngineHarness(jobs=[the_job])
    last = fail_run(engine, "old")
    sensor = dg.run_failure_sensor(name="s", default_status=RUNNING)(lambda context: seen.append("called"))

    engine.load(sensor, jobs=[the_job])
    engine.beat()

    [skipped] = engine.of(TickSkipped)
    assert skipped.reason.startswith("Initiating s. Set cursor to")
    assert RunStatusCursor.of(engine.state("s").cursor) == RunStatusCursor(last)
    assert seen == []


def test_run_status_sensor_without_any_event_begins_before_the_first() -> None:
    engine = failures(lambda context: None)

    assert RunStatusCursor.of(engine.state("s").cursor) == RunStatusCursor(-1)


def test_run_failure_sensor_is_woken_by_the_failure_itself() -> None:
    seen: list[tuple[str, str]] = []
    engine = failures(
        lambda context: seen.append((context.dagster_run.run_id, context.failure_event.message))
    )
    end = fail_run(engine, "run-1")

    tickets = engine.beat(0.0)

    assert len(tickets) == 1
    assert engine.of(TickStarted)[-1].cause == end
    assert seen[0][0] == "run-1" and "ValueError: no" in seen[0][1]
    assert reacted(engine) == [("run-1", None)]


def test_a_sensor_that_the_log_wakes_does_not_poll() -> None:
    engine = failures(lambda context: None)

    assert [engine.beat(seconds) for seconds in (30.0, 3600.0)] == [[], []]


def test_run_status_sensor_fires_per_status() -> None:
    seen: list[str] = []

    def note(status: str) -> Any:
        return lambda: seen.append(status)

    engine = EngineHarness(
        dg.run_status_sensor(SUCCESS, name="good", default_status=RUNNING)(note("good")),
        dg.run_status_sensor(FAILURE, name="bad", default_status=RUNNING)(note("bad")),
        dg.run_status_sensor(STARTED, name="began", default_status=RUNNING)(note("began")),
        jobs=[the_job],
    )
    engine.beat()
    request_run(engine, "run-1")
    engine.beat()
    assert seen == []

    start_run(engine, "run-1")
    engine.beat()
    assert seen == ["began"]

    end_run(engine, "run-1", RunSucceeded)
    engine.beat()
    assert seen == ["began", "good"]


def test_run_failure_sensor_filtered_moves_over_other_jobs() -> None:
    seen: list[str] = []
    engine = failures(lambda context: seen.append(context.dagster_run.run_id), monitored_jobs=[other_job])
    fail_run(engine, "of-the-job")
    assert engine.beat() == []

    end = fail_run(engine, "of-other-job", "other_job")
    engine.beat()

    assert seen == ["of-other-job"]
    assert RunStatusCursor.of(engine.state("s").cursor).record_id == end  # type: ignore[union-attr]


def test_run_failure_sensor_overfetch_takes_what_is_left_in_the_next_tick() -> None:
    seen: list[str] = []
    engine = failures(lambda context: seen.append(context.dagster_run.run_id))
    runs = [f"run-{number}" for number in range(EVENTS_PER_TICK + 5)]
    for run in runs:
        fail_run(engine, run)

    engine.beat()
    first = len(seen)
    engine.beat()

    assert first == EVENTS_PER_TICK
    assert seen == runs
    assert [event.reacted for event in engine.of(TickCompleted)] == [EVENTS_PER_TICK, 5]
    assert engine.beat() == []


def test_run_failure_sensor_that_fails_is_recorded_and_the_next_event_handled() -> None:
    def fails_once(context: dg.RunFailureSensorContext) -> None:
        if context.dagster_run.run_id == "run-1":
            raise ValueError("no")

    engine = failures(fails_once)
    fail_run(engine, "run-1")
    end = fail_run(engine, "run-2")

    engine.beat()

    assert reacted(engine) == [("run-1", "ValueError: no"), ("run-2", None)]
    [failed] = engine.of(TickFailed)
    assert failed.error == "1 of 2 reactions failed: ValueError: no"
    assert RunStatusCursor.of(engine.state("s").cursor).record_id == end  # type: ignore[union-attr]
    assert engine.state("s").consecutive_failures == 0
    assert engine.beat(60.0) == []


def test_run_status_sensor_interleave_goes_by_the_order_of_the_ends() -> None:
    seen: list[str] = []
    engine = failures(lambda context: seen.append(context.dagster_run.run_id))
    for run in ("first-asked", "last-asked"):
        request_run(engine, run)
        start_run(engine, run)
    for run in ("last-asked", "first-asked"):
        end_run(engine, run, RunFailed, error="no")

    engine.beat()

    assert seen == ["last-asked", "first-asked"]


@pytest.mark.parametrize(
    "second", [dg.SkipReason("enough"), dg.SensorResult(skip_reason="enough"), dg.RunRequest("k")]
)
def test_nothing_is_lost_when_the_function_returns_something_for_a_later_run_only(second: Any) -> None:
    """In the reference these runs are reacted to at every tick, for ever, or the earlier reactions are lost."""
    returned = [None, second]
    engine = failures(lambda context: returned.pop(0), request_job=the_job)
    fail_run(engine, "run-1")
    fail_run(engine, "run-2")

    engine.beat()

    assert reacted(engine) == [("run-1", None), ("run-2", None)]
    assert engine.of(TickCompleted)[-1].reacted == 2
    assert engine.beat(60.0) == []


def test_a_reason_to_skip_is_the_ticks_reason_when_nothing_was_done() -> None:
    engine = failures(lambda context: dg.SkipReason("not interesting"))
    fail_run(engine, "run-1")

    engine.beat()

    assert engine.of(TickSkipped)[-1].reason == "not interesting"
    assert [event.skip_reason for event in engine.of(SensorReacted)] == ["not interesting"]


def test_cross_job_sensor_asks_for_a_run_per_event_in_one_tick() -> None:
    def ask(context: dg.RunFailureSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    engine = failures(ask, monitored_jobs=[the_job], request_job=other_job)
    fail_run(engine, "run-1")
    fail_run(engine, "run-2")

    engine.beat()

    asked = [event for event in engine.requests() if event.sensor == "s"]
    assert [(event.job, event.run_key) for event in asked] == [("other_job", "run-1"), ("other_job", "run-2")]
    assert engine.of(TickCompleted)[-1].requested == 2


def test_a_rejected_request_does_not_make_an_event_be_reacted_to_again() -> None:
    def ask(context: dg.RunFailureSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id, run_config={"nothing": "like that"})

    engine = failures(ask, request_job=other_job, monitored_jobs=[the_job])
    fail_run(engine, "run-1")
    engine.beat()

    assert len(engine.of(TickFailed)) == 1
    engine.beat(60.0)
    assert reacted(engine) == [("run-1", None)]


def test_an_event_that_comes_while_the_sensor_ticks_is_reacted_to_after_that() -> None:
    seen: list[str] = []
    engine = failures(lambda context: seen.append(context.dagster_run.run_id))
    fail_run(engine, "run-1")
    [ticket] = engine.start().tickets
    finished = engine.evaluate(ticket)
    fail_run(engine, "run-2")
    engine.engine.catch_up()
    engine.engine.finish(finished)
    engine.engine.run_once(start_ticks=False)

    engine.beat()

    assert seen == ["run-1", "run-2"]


def test_what_happened_while_no_engine_ran_is_reacted_to_when_one_starts() -> None:
    seen: list[str] = []
    engine = failures(lambda context: seen.append(context.dagster_run.run_id))
    fail_run(engine, "run-1")

    engine.restart()
    engine.beat()

    assert seen == ["run-1"]


def test_a_tick_that_was_cut_off_reacts_once_more_and_is_stored_once() -> None:
    seen: list[str] = []
    engine = failures(lambda context: seen.append(context.dagster_run.run_id))
    fail_run(engine, "run-1")
    [ticket] = engine.start().tickets
    engine.evaluate(ticket)

    engine.restart()
    engine.beat()

    assert seen == ["run-1", "run-1"]
    assert reacted(engine) == [("run-1", None)]


def test_minimum_interval_keeps_a_woken_sensor_from_ticking_more_often() -> None:
    engine = failures(lambda context: None, minimum_interval_seconds=10)
    fail_run(engine, "run-1")

    assert engine.beat(5.0) == []
    assert len(engine.beat(5.0)) == 1


def test_a_stopped_sensor_reacts_to_what_it_missed_when_it_is_started() -> None:
    seen: list[str] = []
    engine = failures(
        lambda context: seen.append(context.dagster_run.run_id), default_status=dg.DefaultSensorStatus.STOPPED
    )
    engine.operate(SensorStarted(at=engine.clock.now(), sensor="s", actor="ann"))
    engine.beat()
    engine.operate(SensorStopped(at=engine.clock.now(), sensor="s", actor="ann"))
    fail_run(engine, "run-1")
    assert engine.beat() == []

    engine.operate(SensorStarted(at=engine.clock.now(), sensor="s", actor="ann"))
    engine.beat()

    assert seen == ["run-1"]


def test_a_sensor_that_answers_its_own_runs_is_slowed_down_and_says_so() -> None:
    def again(context: dg.RunFailureSensorContext) -> dg.RunRequest:
        return dg.RunRequest()

    engine = failures(again, request_job=the_job)
    fail_run(engine, "run-1")
    engine.beat()
    [own] = [event for event in engine.requests() if event.sensor == "s"]
    start_run(engine, own.run)
    end_run(engine, own.run, RunFailed, error="no")

    engine.beat()
    loops = [event for event in engine.requests() if event.sensor == "s"]
    assert len(loops) == 2
    [line] = engine.of(TickLogged)
    assert "a loop" in line.message and line.logger == "engine"
    assert loops[-1].tags[CHAIN_TAG] == "s"

    start_run(engine, loops[-1].run)
    end_run(engine, loops[-1].run, RunFailed, error="no")
    assert engine.beat(10.0) == []
    assert len(engine.beat(20.0)) == 1


def test_a_loop_by_way_of_another_sensor_is_noticed() -> None:
    def ask(context: dg.RunFailureSensorContext) -> dg.RunRequest:
        return dg.RunRequest()

    engine = EngineHarness(
        dg.run_failure_sensor(
            name="a", default_status=RUNNING, monitored_jobs=[the_job], request_job=other_job
        )(ask),
        dg.run_failure_sensor(
            name="b", default_status=RUNNING, monitored_jobs=[other_job], request_job=the_job
        )(ask),
        jobs=[the_job, other_job],
    )
    engine.beat()
    fail_run(engine, "run-1")
    for _ in range(3):
        engine.beat()
        newest = engine.requests()[-1].run
        start_run(engine, newest)
        end_run(engine, newest, RunFailed, error="no")

    assert [line.sensor for line in engine.of(TickLogged)] == ["a"]
    assert engine.requests()[-1].tags[CHAIN_TAG] == "a,b"


def test_the_cursor_may_not_be_set_by_the_result() -> None:
    engine = failures(lambda context: dg.SensorResult(cursor="mine"))
    fail_run(engine, "run-1")

    engine.beat()

    assert "The cursor is managed by the sensor 's'" in engine.of(TickFailed)[-1].error
    assert reacted(engine) == []


def test_reactions_to_runs_of_several_ticks_keep_the_order_of_the_log() -> None:
    engine = failures(lambda context: None)
    for number in range(7):
        fail_run(engine, f"run-{number}")
        if number % 3 == 0:
            engine.beat()
    engine.beat()

    causes = [event.cause for event in engine.of(SensorReacted)]
    assert causes == sorted(causes) and len(set(causes)) == 7
