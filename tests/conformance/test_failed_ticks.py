"""What raises, hangs, or cannot run, and what is kept of it.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import ticktrail as dg
from conformance.sensors import engine_of, sensor_of
from harness.engine import START, EngineHarness
from ticktrail.core.engine_parts import RunReport
from ticktrail.core.events import (
    EvaluationDiscarded,
    RequestRejected,
    RunFailed,
    TickFailed,
    TickLogged,
    TickSkipped,
)


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
