"""When plain sensors tick, what their ticks become, and what survives a crash.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import engine_of, other_job, sensor_of, the_job
from harness.engine import START, EngineHarness, StillClock
from ticktrail.core.engine_parts import RunReport
from ticktrail.core.events import (
    CursorReset,
    CursorUpdated,
    EvaluationDiscarded,
    RequestRejected,
    RunFailed,
    RunKeyRepeated,
    RunRequested,
    SensorDefined,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    TickFailed,
    TickInterrupted,
    TickLogged,
    TickSkipped,
    TickStarted,
)


class TestSimpleSensor:
    """1: the first tick skips, 30 s later the sensor requests."""

    @pytest.fixture
    def engine(self) -> EngineHarness:
        answers = iter([dg.SkipReason("not yet"), dg.RunRequest()])
        return engine_of(lambda: next(answers))

    def test_the_first_tick_comes_at_once_and_skips_with_its_reason(self, engine: EngineHarness) -> None:
        engine.beat()

        [tick] = engine.ticks()
        assert (tick.status, tick.skip_reason) == ("SKIPPED", "not yet")

    def test_the_next_tick_comes_thirty_seconds_later_and_requests(self, engine: EngineHarness) -> None:
        engine.beat()
        assert not engine.beat(29.9)
        engine.beat(0.1)

        tick = engine.ticks()[-1]
        assert (tick.status, tick.runs) == ("SUCCESS", [engine.requests()[0].run])

    def test_a_tick_bears_the_time_at_its_start(self, engine: EngineHarness) -> None:
        engine.beat()
        engine.beat(30)

        assert [tick.started_at for tick in engine.ticks()] == [START, START + 30_000_000]


class TestInterval:
    """2 and 3: the interval counts from start to start."""

    def test_a_sixty_second_sensor_ticks_at_sixty_and_not_at_thirty(self) -> None:
        engine = engine_of(lambda: None, minimum_interval_seconds=60)
        engine.beat()

        assert not engine.beat(30)
        assert engine.beat(30)

    def test_a_minute_and_five_seconds_hold_one_more_tick(self) -> None:
        engine = engine_of(lambda: None, minimum_interval_seconds=60)
        engine.beat()

        ticked = sum(len(engine.beat(5)) for _ in range(13))

        assert ticked == 1

    def test_a_fraction_of_a_second_is_kept_to(self) -> None:
        engine = engine_of(lambda: None, minimum_interval_seconds=0.25)
        engine.beat()

        assert not engine.beat(0.2)
        assert engine.beat(0.05)

    def test_the_interval_counts_from_the_start_of_a_slow_tick(self) -> None:
        engine = engine_of(lambda: None, minimum_interval_seconds=10)
        [ticket] = engine.start().tickets
        engine.clock.advance(9)
        engine.finish(ticket)

        assert engine.beat(1)

    def test_a_tick_longer_than_its_interval_is_followed_at_once(self) -> None:
        engine = engine_of(lambda: None, minimum_interval_seconds=10)
        [ticket] = engine.start().tickets
        engine.clock.advance(25)
        engine.finish(ticket)

        assert engine.beat()

    def test_nothing_else_of_a_sensor_starts_while_its_tick_is_in_flight(self) -> None:
        engine = engine_of(lambda: None, minimum_interval_seconds=10)
        engine.start()
        engine.clock.advance(50)

        assert not engine.start().tickets

    def test_a_calendar_set_back_does_not_suspend_the_sensor(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()
        engine.clock.set_back(3600)

        assert engine.beat(30)

    def test_a_calendar_set_back_over_a_restart_delays_by_no_more_than_the_interval(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()
        engine.clock.set_back(3600)
        engine.restart()

        assert not engine.beat(29)
        assert engine.beat(1)

    def test_a_restart_keeps_to_the_interval_of_the_tick_before_it(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()
        engine.clock.advance(10)
        engine.restart()

        assert not engine.beat(19)
        assert engine.beat(1)


class TestStartAndStop:
    """4 and 14: starting and stopping."""

    def test_stop_and_start_do_not_bypass_the_interval(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()
        engine.operate(SensorStopped(at=START, sensor="s", actor="ann"))
        engine.operate(SensorStarted(at=START, sensor="s", actor="ann"))

        assert not engine.beat(15)
        assert engine.beat(15)

    def test_a_stopped_sensor_does_not_tick(self) -> None:
        engine = engine_of(lambda: None)
        engine.operate(SensorStopped(at=START, sensor="s", actor="ann"))

        assert not engine.beat(100)

    def test_a_started_sensor_that_waited_longer_than_its_interval_ticks_at_once(self) -> None:
        engine = engine_of(lambda: None, default_status=dg.DefaultSensorStatus.STOPPED)
        engine.beat()
        assert engine.ticks() == []
        engine.operate(SensorStarted(at=START, sensor="s", actor="ann"))

        assert engine.beat()

    def test_the_first_tick_after_a_start_knows_that_it_is(self) -> None:
        seen: list[tuple[bool, float | None]] = []

        def look(context: dg.SensorEvaluationContext) -> None:
            seen.append((context.is_first_tick_since_sensor_start, context.last_sensor_start_time))

        engine = engine_of(look)
        engine.beat()
        engine.beat(30)
        stopped_at = engine.clock.now() + 1_000_000
        engine.operate(SensorStopped(at=stopped_at, sensor="s", actor="ann"))
        engine.operate(SensorStarted(at=stopped_at + 5, sensor="s", actor="ann"))
        engine.beat(30)
        engine.beat(30)

        again = (stopped_at + 5) / 1e6
        assert seen == [(True, START / 1e6), (False, START / 1e6), (True, again), (False, again)]


class TestRunKeys:
    """5 to 7 and §4.7: one run per key."""

    def test_a_key_launches_once_and_then_skips_without_a_reason(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="only_once"))
        engine.beat()
        engine.beat(30)

        first, second = engine.ticks()
        assert (first.status, first.requested) == ("SUCCESS", 1)
        assert (second.status, second.skip_reason, second.repeated, second.runs) == ("SKIPPED", None, 1, [])

    def test_a_repeated_key_names_the_request_that_owns_it(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="only_once"))
        engine.beat()
        engine.beat(30)

        [repeated] = engine.of(RunKeyRepeated)
        assert engine.events()[repeated.owner] == engine.requests()[0]

    def test_two_equal_keys_in_one_tick_launch_the_first(self) -> None:
        def twice() -> Iterator[dg.RunRequest]:
            yield dg.RunRequest(run_key="k", tags={"which": "first"})
            yield dg.RunRequest(run_key="k", tags={"which": "second"})

        engine = engine_of(twice)
        engine.beat()

        [request] = engine.requests()
        [repeated] = engine.of(RunKeyRepeated)
        assert request.tags["which"] == "first"
        assert engine.events()[repeated.owner] is not None
        assert engine.events()[repeated.owner] == request

    def test_the_same_key_of_two_sensors_launches_two_runs(self) -> None:
        def ask() -> dg.RunRequest:
            return dg.RunRequest(run_key="k")

        engine = EngineHarness(sensor_of(ask, name="a"), sensor_of(ask, name="b"))
        engine.beat()
        engine.beat(30)

        assert sorted(request.sensor or "" for request in engine.requests()) == ["a", "b"]

    def test_the_same_key_for_another_job_is_dropped_and_the_tick_says_which(self) -> None:
        def ask() -> Iterator[dg.RunRequest]:
            yield dg.RunRequest(run_key="k", job_name="the_job")
            yield dg.RunRequest(run_key="k", job_name="other_job")

        engine = engine_of(ask, job=None, jobs=[the_job, other_job])
        engine.beat()

        [repeated] = engine.of(RunKeyRepeated)
        assert (repeated.run_key, repeated.job) == ("k", "other_job")

    @pytest.mark.parametrize("key", [None, ""])
    def test_a_request_without_a_key_always_launches(self, key: str | None) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key=key))
        engine.beat()
        engine.beat(30)

        assert len(engine.requests()) == 2

    def test_a_cursor_reset_does_not_free_keys(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k"))
        engine.beat()
        engine.operate(CursorReset(at=START, sensor="s", actor="ann", before=None, after="0"))
        engine.beat(30)

        assert len(engine.requests()) == 1

    def test_keys_outlive_the_engine(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k"))
        engine.beat()
        engine.restart()
        engine.beat(30)

        assert len(engine.requests()) == 1

    def test_the_last_run_key_is_kept_over_skips_and_set_by_repeats(self) -> None:
        seen: list[str | None] = []
        answers: Iterator[Any] = iter([dg.RunRequest(run_key="a"), None, dg.RunRequest(run_key="a"), None])

        def look(context: dg.SensorEvaluationContext) -> Any:
            seen.append(context.last_run_key)
            return next(answers)

        engine = engine_of(look)
        for _ in range(4):
            engine.beat(30)

        assert seen == [None, "a", "a", "a"]


class TestFailures:
    """8 to 11: what raises, what cannot run."""

    def test_an_error_fails_the_tick_and_keeps_the_cursor(self) -> None:
        def explode(context: dg.SensorEvaluationContext) -> None:
            context.update_cursor("lost")
            raise ValueError("no such thing")

        engine = engine_of(explode)
        engine.beat()

        [failed] = engine.of(TickFailed)
        assert failed.error == "ValueError: no such thing"
        assert "explode" in (failed.traceback or "")
        assert engine.state("s").cursor is None
        assert engine.state("s").last_finished_tick_at == START

    def test_failures_in_a_row_are_counted_and_a_good_tick_ends_the_count(self) -> None:
        answers = iter([True, True, False])

        def maybe() -> None:
            if next(answers):
                raise RuntimeError("not now")

        engine = engine_of(maybe)
        counts = []
        for _ in range(3):
            engine.beat(30)
            counts.append(engine.state("s").consecutive_failures)

        assert counts == [1, 2, 0]

    def test_requests_yielded_before_an_error_are_not_made(self) -> None:
        def half() -> Iterator[dg.RunRequest]:
            yield dg.RunRequest(run_key="a")
            raise RuntimeError("too bad")

        engine = engine_of(half)
        engine.beat()

        assert engine.requests() == []

    def test_wrong_run_config_fails_the_tick_and_does_so_again(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k", run_config={"no_such_section": {}}))
        engine.beat()
        engine.beat(30)

        assert [tick.status for tick in engine.ticks()] == ["FAILURE", "FAILURE"]
        assert "no_such_section" in engine.of(RequestRejected)[0].why
        assert engine.requests() == []

    def test_a_request_without_a_target_fails_the_tick(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(), job=None)
        engine.beat()

        assert engine.ticks()[0].status == "FAILURE"
        assert engine.requests() == []

    def test_a_tick_longer_than_its_timeout_fails_and_says_so(self) -> None:
        sensor = sensor_of(lambda: dg.RunRequest(run_key="late"))
        engine = EngineHarness(sensor, timeout=5)
        engine.start()
        engine.clock.advance(5)
        engine.start()

        [tick] = engine.ticks()
        assert (tick.status, "5 s" in (tick.error or "")) == ("FAILURE", True)

    def test_what_a_timed_out_function_returns_late_is_discarded_and_noted(self) -> None:
        sensor = sensor_of(lambda: dg.RunRequest(run_key="late"))
        engine = EngineHarness(sensor, timeout=5)
        [ticket] = engine.start().tickets
        engine.clock.advance(6)
        engine.start()
        engine.finish(ticket)

        assert engine.requests() == []
        assert type(engine.events()[-1]).__name__ == "EvaluationDiscarded"
        assert engine.events()[-1].outcome == "1 run requests"  # type: ignore[union-attr]

    def test_a_sensor_is_not_evaluated_again_beside_its_abandoned_evaluation(self) -> None:
        sensor = sensor_of(lambda: None)
        engine = EngineHarness(sensor, timeout=5)
        [ticket] = engine.start().tickets
        engine.clock.advance(6)
        engine.start()
        assert not engine.beat(100)
        engine.finish(ticket)

        assert engine.beat()

    def test_a_timeout_and_a_return_at_the_same_moment_end_the_tick_once(self) -> None:
        sensor = sensor_of(lambda: None)
        engine = EngineHarness(sensor, timeout=5)
        [ticket] = engine.start().tickets
        engine.clock.advance(5)
        engine.engine.finish(engine.evaluate(ticket))
        engine.engine.run_once(start_ticks=False)
        engine.engine.run_once(start_ticks=False)

        assert len(engine.of(TickSkipped)) == 1
        assert engine.of(TickFailed, EvaluationDiscarded) == []


class TestLaunchFailure:
    """11: a launcher that explodes costs the run, not the tick."""

    def test_a_run_that_cannot_be_launched_fails_and_its_tick_stays_a_success(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k"))
        engine.beat()
        [request] = engine.requests()
        cause = engine.events().index(request)
        engine.engine.report(RunReport(run=request.run, cause=cause, lost="no process could be started"))
        engine.engine.run_once()

        [failed] = engine.of(RunFailed)
        assert (failed.run, failed.error) == (request.run, "no process could be started")
        assert [(tick.status, tick.runs) for tick in engine.ticks()] == [("SUCCESS", [request.run])]


class TestPoisonRequest:
    """§9: one bad request neither stops the others nor launches them again."""

    @staticmethod
    def ask(keys: bool) -> Callable[[dg.SensorEvaluationContext], Iterator[dg.RunRequest]]:
        def poison(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
            if context.cursor == "done":
                return
            yield dg.RunRequest(run_key="a" if keys else None)
            yield dg.RunRequest(run_key="b" if keys else None, run_config={"bad": 1})
            yield dg.RunRequest(run_key="c" if keys else None)
            context.update_cursor("done")

        return poison

    @pytest.mark.parametrize("keys", [True, False])
    def test_the_good_requests_are_launched_once_and_the_bad_one_is_named(self, keys: bool) -> None:
        engine = engine_of(self.ask(keys))
        for _ in range(4):
            engine.beat(30)

        assert len(engine.requests()) == 2
        assert engine.of(RequestRejected)[0].index == 1

    def test_with_keys_the_cursor_waits_so_that_the_bad_request_is_asked_again(self) -> None:
        engine = engine_of(self.ask(True))
        engine.beat()
        engine.beat(30)

        assert engine.state("s").cursor is None
        assert len(engine.of(RequestRejected)) == 2
        assert engine.ticks()[0].status == "FAILURE"

    def test_without_keys_the_cursor_moves_so_that_nothing_is_launched_again(self) -> None:
        engine = engine_of(self.ask(False))
        engine.beat()

        assert engine.state("s").cursor == "done"
        assert engine.ticks()[0].status == "FAILURE"


class TestCursor:
    """12 and §4.5: what becomes of cursors."""

    def test_the_cursor_is_kept_on_a_skip_and_on_a_request(self) -> None:
        seen: list[str | None] = []

        def count(context: dg.SensorEvaluationContext) -> Any:
            seen.append(context.cursor)
            context.update_cursor(str(int(context.cursor or 0) + 1))
            return dg.SkipReason("one") if context.cursor == "1" else dg.RunRequest()

        engine = engine_of(count)
        for _ in range(3):
            engine.beat(30)

        assert seen == [None, "1", "2"]

    @pytest.mark.parametrize("request_too", [True, False])
    def test_an_empty_cursor_is_a_cursor_like_any_other(self, request_too: bool) -> None:
        def empty(context: dg.SensorEvaluationContext) -> Any:
            context.update_cursor("")
            return dg.RunRequest() if request_too else None

        engine = engine_of(empty)
        engine.beat()

        assert engine.state("s").cursor == ""

    def test_an_untouched_cursor_makes_no_event(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()

        assert engine.of(CursorUpdated) == []

    def test_a_cursor_set_by_an_operator_is_what_the_next_tick_reads(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()
        engine.operate(CursorReset(at=START, sensor="s", actor="ann", before=None, after="7"))
        engine.beat(30)

        assert engine.of(TickStarted)[-1].cursor == "7"

    def test_setting_a_cursor_does_not_switch_the_sensor_off(self) -> None:
        engine = engine_of(lambda: None)
        engine.operate(CursorReset(at=START, sensor="s", actor="ann", before=None, after="7"))

        assert engine.beat()
        assert engine.state("s").status == "RUNNING"

    def test_a_ten_megabyte_cursor_is_kept_whole(self) -> None:
        long = "x" * 10_000_000

        def large(context: dg.SensorEvaluationContext) -> None:
            context.update_cursor(long)

        engine = engine_of(large)
        engine.beat()

        assert engine.state("s").cursor == long

    def test_a_cursor_that_is_no_text_fails_the_tick_and_says_so(self) -> None:
        def lone(context: dg.SensorEvaluationContext) -> None:
            context.update_cursor("\ud800")

        engine = engine_of(lone)
        engine.beat()

        assert "UTF-8" in (engine.ticks()[0].error or "")


class TestStatus:
    """15 to 17: the status in code, the operator's, and sensors that are gone."""

    def test_a_sensor_running_by_default_ticks_at_once_and_stays_as_the_code_says(self) -> None:
        engine = engine_of(lambda: None)

        assert engine.beat()
        assert engine.state("s").stored_status == "DECLARED_IN_CODE"

    def test_a_sensor_stopped_by_default_waits(self) -> None:
        engine = engine_of(lambda: None, default_status=dg.DefaultSensorStatus.STOPPED)

        assert not engine.beat(60)

    def test_a_reset_gives_the_sensor_back_to_its_code(self) -> None:
        engine = engine_of(lambda: None)
        engine.operate(SensorStopped(at=START, sensor="s", actor="ann"))
        assert not engine.beat()
        engine.operate(SensorStatusReset(at=START, sensor="s", actor="ann"))

        assert engine.beat()

    def test_a_default_turned_to_stopped_stops_a_sensor_that_follows_its_code(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()
        engine.load(sensor_of(lambda: None, default_status=dg.DefaultSensorStatus.STOPPED))

        assert not engine.beat(60)

    def test_an_explicit_start_survives_a_default_turned_to_stopped(self) -> None:
        engine = engine_of(lambda: None, default_status=dg.DefaultSensorStatus.STOPPED)
        engine.operate(SensorStarted(at=START, sensor="s", actor="ann"))
        engine.load(sensor_of(lambda: None, default_status=dg.DefaultSensorStatus.STOPPED))

        assert engine.beat(60)

    def test_a_sensor_is_known_by_its_name_whatever_its_code(self) -> None:
        def first(context: dg.SensorEvaluationContext) -> None:
            context.update_cursor("1")

        engine = engine_of(first)
        engine.beat()
        engine.fingerprint = "code-2"
        engine.load(sensor_of(lambda: None))
        engine.beat(30)

        assert engine.of(TickStarted)[-1].cursor == "1"
        assert [event.fingerprint for event in engine.of(SensorDefined)] == ["code-1", "code-2"]

    def test_a_sensor_that_is_gone_does_not_tick_and_finds_its_cursor_on_return(self) -> None:
        def move(context: dg.SensorEvaluationContext) -> None:
            context.update_cursor("1")

        engine = engine_of(move)
        engine.beat()
        engine.load()
        assert not engine.beat(60)
        assert len(engine.of(SensorRetired)) == 1
        engine.load(sensor_of(lambda: None))
        engine.beat(60)

        assert engine.of(TickStarted)[-1].cursor == "1"

    def test_unchanged_definitions_are_not_written_again(self) -> None:
        engine = engine_of(lambda: None)
        engine.restart()
        engine.restart()

        assert len(engine.of(SensorDefined)) == 1


class TestRequestsOfSensors:
    """19, 21, 49: what a request becomes."""

    def test_a_request_picks_its_job_and_brings_its_config(self) -> None:
        def ask() -> Iterator[dg.RunRequest]:
            yield dg.RunRequest(job_name="the_job", run_config={"ops": {"nothing": {"config": {"a": 1}}}})
            yield dg.RunRequest(job_name="other_job")

        engine = engine_of(ask, job=None, jobs=[the_job, other_job])
        engine.beat()

        first, second = engine.requests()
        assert (first.job, first.run_config) == ("the_job", {"ops": {"nothing": {"config": {"a": 1}}}})
        assert (second.job, second.run_config) == ("other_job", {})

    def test_a_list_of_requests_is_requested_in_order(self) -> None:
        engine = engine_of(lambda: [dg.RunRequest(run_key="a"), dg.RunRequest(run_key="b")])
        engine.beat()

        assert [request.run_key for request in engine.requests()] == ["a", "b"]

    def test_a_run_bears_the_tags_of_its_tick_and_not_those_of_the_sensor(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k", tags={"mine": "1"}), tags={"team": "x"})
        engine.beat()

        [request] = engine.requests()
        assert request.tags == {
            "mine": "1",
            "dagster/sensor_name": "s",
            "dagster/run_key": "k",
            "dagster/tick": str(request.tick),
        }


class TestLogs:
    """31: the lines of context.log."""

    def test_the_lines_of_a_tick_are_kept_with_it(self) -> None:
        def talk(context: dg.SensorEvaluationContext) -> None:
            context.log.info("hello %s", "world")

        engine = engine_of(talk)
        engine.beat()

        [line] = engine.of(TickLogged)
        assert (line.level, line.message, line.tick) == ("INFO", "hello world", engine.ticks()[0].tick)

    def test_the_lines_of_a_failed_tick_are_kept_too(self) -> None:
        def talk(context: dg.SensorEvaluationContext) -> None:
            context.log.warning("almost")
            raise RuntimeError("over")

        engine = engine_of(talk)
        engine.beat()

        assert [line.message for line in engine.of(TickLogged)] == ["almost"]


class TestLargeResults:
    """33: a result larger than any message limit."""

    def test_an_evaluation_of_more_than_four_megabytes_is_requested_whole(self) -> None:
        config = {"ops": {"nothing": {"config": {"text": "x" * 5000}}}}

        def ask() -> Iterator[dg.RunRequest]:
            for number in range(1000):
                yield dg.RunRequest(run_key=str(number), run_config=config)

        engine = engine_of(ask)
        engine.beat()

        assert len(engine.requests()) == 1000


class TestCrashes:
    """36 to 39: where a dead engine's successor goes on."""

    def test_a_tick_cut_off_before_its_end_is_closed_and_a_fresh_one_starts(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k"))
        engine.beat()
        engine.clock.advance(30)
        engine.start()
        engine.restart()
        engine.beat(30)

        assert [tick.status for tick in engine.ticks()] == ["SUCCESS", "INTERRUPTED", "SKIPPED"]

    def test_the_time_of_the_last_finished_tick_is_not_that_of_an_interrupted_one(self) -> None:
        seen: list[float | None] = []

        def look(context: dg.SensorEvaluationContext) -> None:
            seen.append(context.last_tick_completion_time)

        engine = engine_of(look)
        engine.beat()
        engine.clock.advance(30)
        engine.start()
        engine.restart()
        engine.beat(30)

        assert seen == [None, START / 1e6]

    def test_requested_runs_are_owed_after_a_crash_and_the_function_does_not_run_again(self) -> None:
        calls: list[int] = []

        def ask() -> dg.RunRequest:
            calls.append(1)
            return dg.RunRequest(run_key="k")

        engine = engine_of(ask)
        engine.beat()
        [request] = engine.requests()
        engine.restart()

        assert [run.request for run in engine.outbox.pending()] == [request]
        assert len(calls) == 1

    def test_a_run_launched_before_the_crash_is_not_requested_again(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k"))
        engine.beat()
        engine.restart()
        engine.beat(30)

        assert engine.ticks()[-1].status == "SKIPPED"
        assert len(engine.of(RunRequested)) == 1

    def test_closing_marks_what_is_in_flight(self) -> None:
        engine = engine_of(lambda: None)
        engine.start()
        engine.engine.close("SIGTERM")

        [interrupted] = engine.of(TickInterrupted)
        assert "SIGTERM" in interrupted.reason


def test_clocks_differ_only_when_told() -> None:
    clock = StillClock()
    clock.advance(1.5)

    assert (clock.now(), clock.monotonic()) == (START + 1_500_000, 1001.5)
