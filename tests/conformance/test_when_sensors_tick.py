"""When plain sensors tick: intervals, starts and stops, the status in code and the operator's.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

import pytest

import ticktrail as dg
from conformance.sensors import engine_of, sensor_of
from harness.engine import START, EngineHarness, StillClock
from ticktrail.core.events import (
    SensorDefined,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
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


def test_clocks_differ_only_when_told() -> None:
    clock = StillClock()
    clock.advance(1.5)

    assert (clock.now(), clock.monotonic()) == (START + 1_500_000, 1001.5)
