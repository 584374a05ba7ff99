"""When schedules tick: moments of their cron schedule, those that were missed, clocks that are moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import the_job
from harness.engine import START, EngineHarness
from ticktrail.core.engine import LONGEST_WAIT_FOR_A_MOMENT
from ticktrail.core.events import (
    CursorReset,
    CursorUpdated,
    SensorDefined,
    SensorStarted,
    SensorStopped,
    TickLogged,
    TickStarted,
)
from ticktrail.core.moment_text import moment_text

HOUR = 3600


def schedule_of(
    function: Callable[..., Any] = lambda: dg.RunRequest(), cron: str = "0 * * * *", **options: Any
) -> dg.ScheduleDefinition:
    """A running, hourly schedule named ``s`` for `the_job`, unless told otherwise."""
    options.setdefault("job", the_job)
    options.setdefault("default_status", dg.DefaultScheduleStatus.RUNNING)
    return dg.schedule(cron, name="s", **options)(function)


def engine_of(*args: Any, **options: Any) -> EngineHarness:
    """An engine with that one schedule; it begins at midnight."""
    return EngineHarness(schedule_of(*args, **options))


def ticked_for(engine: EngineHarness) -> list[float]:
    """The moments of the ticks, in hours since the test began."""
    return [(event.scheduled_for - START) / 1e6 / HOUR for event in engine.of(TickStarted)]


def drain(engine: EngineHarness) -> None:
    """Let everything tick that is due."""
    while engine.beat():
        pass


class TestMoments:
    def test_a_new_schedule_waits_for_its_first_moment(self) -> None:
        engine = engine_of()

        assert not engine.beat()
        assert not engine.beat(HOUR - 1)
        assert engine.beat(1)

    def test_a_moment_at_which_it_starts_is_not_its_first(self) -> None:
        engine = engine_of()

        engine.beat()

        assert engine.ticks() == []

    def test_each_moment_is_evaluated_once_and_named_by_its_tick(self) -> None:
        engine = engine_of()
        for _ in range(12):
            engine.beat(HOUR / 4)

        assert ticked_for(engine) == [1, 2, 3]

    def test_the_function_is_told_the_moment_in_the_time_zone_of_the_schedule(self) -> None:
        seen: list[str] = []
        engine = engine_of(
            lambda context: seen.append(context.scheduled_execution_time.isoformat()),
            "0 6 * * *",
            execution_timezone="Europe/Berlin",
        )
        engine.beat(5 * HOUR)

        assert seen == ["2026-01-01T06:00:00+01:00"]

    def test_the_log_says_when_a_schedule_ticks(self) -> None:
        engine = engine_of(cron="0 6 * * *", execution_timezone="Europe/Berlin")

        [defined] = engine.of(SensorDefined)
        assert (defined.kind, defined.cron_schedule, defined.timezone) == (
            "SCHEDULE",
            "0 6 * * *",
            "Europe/Berlin",
        )

    def test_a_run_carries_the_name_of_the_schedule_and_the_moment(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(tags={"team": "a"}))
        engine.beat(HOUR)

        [request] = engine.requests()
        assert request.run_key is None
        assert request.tags == {
            "team": "a",
            "dagster/schedule_name": "s",
            ".dagster/scheduled_execution_time": "2026-01-01T01:00:00+00:00",
            "dagster/tick": str(request.tick),
        }

    def test_a_sensor_and_a_schedule_tick_side_by_side(self) -> None:
        sensor = dg.sensor(name="eager", job=the_job, default_status=dg.DefaultSensorStatus.RUNNING)(
            lambda: None
        )
        engine = EngineHarness(schedule_of(), sensor)

        engine.beat()
        engine.beat(HOUR)

        assert sorted(tick.sensor for tick in engine.ticks()) == ["eager", "eager", "s"]


class TestMissedMoments:
    def test_moments_missed_while_no_engine_ran_are_caught_up_in_order(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.clock.advance(3 * HOUR)
        engine.restart()
        drain(engine)

        assert ticked_for(engine) == [1, 2, 3, 4]
        assert engine.of(TickLogged) == []

    def test_no_more_than_the_latest_five_are_and_the_log_tells_of_the_others(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.clock.advance(20 * HOUR)
        engine.restart()
        drain(engine)

        assert ticked_for(engine) == [1, 17, 18, 19, 20, 21]
        [line] = engine.of(TickLogged)
        assert (line.level, line.logger) == ("WARNING", "engine")
        assert line.message.startswith("15 missed moments before 2026-01-01T17:00:00+00:00 passed over")

    def test_moments_that_come_while_the_schedule_is_busy_are_caught_up(self) -> None:
        engine = engine_of()
        engine.clock.advance(HOUR)
        [ticket] = engine.start().tickets
        engine.clock.advance(2 * HOUR)
        assert not engine.start().tickets
        engine.finish(ticket)
        drain(engine)

        assert ticked_for(engine) == [1, 2, 3]

    def test_a_missed_moment_whose_tick_fails_still_tells_what_was_passed_over(self) -> None:
        engine = engine_of(lambda: 1 / 0)
        engine.beat(20 * HOUR)

        assert [tick.status for tick in engine.ticks()] == ["FAILURE"]
        assert engine.of(TickLogged)[0].message.startswith("15 missed moments")


class TestSwitching:
    def test_a_stopped_schedule_does_not_tick_and_makes_up_for_nothing_afterwards(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.operate(SensorStopped(at=engine.clock.now(), sensor="s", actor="ann"))
        assert not engine.beat(4.5 * HOUR)
        engine.operate(SensorStarted(at=engine.clock.now(), sensor="s", actor="ann"))
        engine.beat()
        engine.beat(HOUR / 2)

        assert ticked_for(engine) == [1, 6]

    def test_a_schedule_stopped_by_default_begins_when_it_is_started(self) -> None:
        engine = engine_of(default_status=dg.DefaultScheduleStatus.STOPPED)
        engine.beat(4.5 * HOUR)
        engine.operate(SensorStarted(at=engine.clock.now(), sensor="s", actor="ann"))
        engine.beat()
        engine.beat(HOUR / 2)

        assert ticked_for(engine) == [5]

    def test_new_times_in_the_code_hold_from_when_they_are_loaded(self) -> None:
        engine = engine_of(cron="0 0 * * *")
        engine.clock.advance(30.5 * HOUR)
        drain(engine)
        engine.load(schedule_of(cron="0 * * * *"))
        drain(engine)
        engine.beat(HOUR / 2)

        assert ticked_for(engine) == [24, 31]

    def test_another_time_zone_is_another_time(self) -> None:
        engine = engine_of(cron="0 6 * * *")
        engine.clock.advance(5.5 * HOUR)
        engine.load(schedule_of(cron="0 6 * * *", execution_timezone="Europe/Berlin"))
        engine.beat()
        engine.beat(HOUR)

        assert ticked_for(engine) == []

    def test_a_schedule_that_comes_back_to_the_code_makes_up_for_nothing(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.load()
        engine.clock.advance(4.5 * HOUR)
        engine.load(schedule_of())
        drain(engine)
        engine.beat(HOUR / 2)

        assert ticked_for(engine) == [1, 6]


class TestAfterAMoment:
    """A moment is evaluated once, whatever comes of it."""

    def test_a_failed_tick_moves_on(self) -> None:
        engine = engine_of(lambda: 1 / 0)
        engine.beat(HOUR)
        assert not engine.beat(HOUR - 1)
        engine.beat(1)

        assert [tick.status for tick in engine.ticks()] == ["FAILURE", "FAILURE"]
        assert ticked_for(engine) == [1, 2]

    def test_a_tick_with_a_rejected_request_moves_on(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="a", run_config={"nonsense": 1}))
        engine.beat(HOUR)
        engine.beat(HOUR)

        assert [tick.status for tick in engine.ticks()] == ["FAILURE", "FAILURE"]
        assert ticked_for(engine) == [1, 2]

    def test_a_tick_that_took_too_long_moves_on_once_its_function_has_returned(self) -> None:
        engine = engine_of()
        engine.clock.advance(HOUR)
        [ticket] = engine.start().tickets
        engine.clock.advance(engine.timeout)
        engine.start()
        engine.finish(ticket)
        assert not engine.beat()
        engine.beat(HOUR)

        assert [tick.status for tick in engine.ticks()] == ["FAILURE", "SUCCESS"]
        assert ticked_for(engine) == [1, 2]

    def test_requests_and_the_moment_are_one_append(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)

        [frame] = [f for f in engine.log.read() if any(isinstance(e, CursorUpdated) for e in f.events)]
        assert [type(event).__name__ for event in frame.events] == [
            "RunRequested",
            "CursorUpdated",
            "TickCompleted",
        ]

    def test_an_engine_that_dies_in_mid_tick_leaves_the_moment_to_the_next_one(self) -> None:
        engine = engine_of()
        engine.clock.advance(HOUR)
        engine.start()
        engine.restart()
        drain(engine)

        assert ticked_for(engine) == [1, 1]
        assert [tick.status for tick in engine.ticks()] == ["INTERRUPTED", "SUCCESS"]
        assert len(engine.requests()) == 1

    def test_an_engine_that_dies_after_the_tick_evaluates_the_moment_no_more(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.restart()
        drain(engine)

        assert ticked_for(engine) == [1]

    def test_the_same_run_key_launches_at_every_moment(self) -> None:
        engine = engine_of(lambda: [dg.RunRequest(run_key="a"), dg.RunRequest(run_key="a")])
        engine.beat(HOUR)
        engine.beat(HOUR)

        assert [(tick.requested, tick.repeated) for tick in engine.ticks()] == [(1, 1), (1, 1)]
        first, second = engine.requests()
        assert first.run_key != second.run_key
        assert first.tags["dagster/run_key"] == second.tags["dagster/run_key"] == "a"


class TestClocks:
    def test_a_clock_set_back_evaluates_no_moment_twice(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.clock.set_back(HOUR / 2)
        engine.beat(HOUR / 2)
        engine.beat(HOUR)

        assert ticked_for(engine) == [1, 2]

    def test_nor_after_a_restart(self) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.clock.set_back(HOUR)
        engine.restart()
        for _ in range(2):
            engine.beat(HOUR)

        assert ticked_for(engine) == [1, 2]

    def test_a_clock_moved_forward_is_noticed_within_a_minute(self) -> None:
        engine = engine_of()
        engine.beat()
        engine.clock.set_back(-HOUR)

        until = engine.engine.wait_until()
        assert until is not None
        assert until <= engine.clock.monotonic() + LONGEST_WAIT_FOR_A_MOMENT
        assert engine.beat(LONGEST_WAIT_FOR_A_MOMENT)

    def test_the_engine_sleeps_until_the_moment_if_that_is_near(self) -> None:
        engine = engine_of()
        engine.beat(HOUR - 5)

        assert engine.engine.wait_until() == pytest.approx(engine.clock.monotonic() + 5)


class TestCursor:
    def test_an_operator_who_sets_the_cursor_back_has_moments_evaluated_again_at_once(self) -> None:
        engine = engine_of()
        for _ in range(4):
            engine.beat(HOUR)
        back = moment_text(START + 2 * HOUR * 1_000_000)
        engine.operate(CursorReset(at=engine.clock.now(), sensor="s", actor="ann", before=None, after=back))
        drain(engine)

        assert ticked_for(engine) == [1, 2, 3, 4, 3, 4]

    def test_an_operator_may_go_back_to_before_the_start(self) -> None:
        engine = engine_of()
        back = moment_text(START - 2 * HOUR * 1_000_000)
        engine.operate(CursorReset(at=engine.clock.now(), sensor="s", actor="ann", before=None, after=back))
        drain(engine)

        assert ticked_for(engine) == [-1, 0]

    @pytest.mark.parametrize("after", [None, "the other day"])
    def test_without_a_moment_in_the_cursor_it_starts_anew_from_then(self, after: str | None) -> None:
        engine = engine_of()
        engine.beat(HOUR)
        engine.clock.advance(2.5 * HOUR)
        engine.operate(CursorReset(at=engine.clock.now(), sensor="s", actor="ann", before=None, after=after))
        engine.beat()
        engine.beat(HOUR / 2)

        assert ticked_for(engine) == [1, 4]

    def test_a_cursor_set_ahead_passes_moments_over(self) -> None:
        engine = engine_of()
        ahead = moment_text(START + 2 * HOUR * 1_000_000)
        engine.operate(CursorReset(at=engine.clock.now(), sensor="s", actor="ann", before=None, after=ahead))
        for _ in range(3):
            engine.beat(HOUR)

        assert ticked_for(engine) == [3]

    def test_a_cursor_at_the_beginning_of_the_calendar_ends_no_engine(self) -> None:
        """Of an engine that looks for a local time which the calendar of datetimes does not have."""
        engine = engine_of(execution_timezone="America/New_York")
        engine.beat(HOUR)
        first = "0001-01-01T00:00:00+00:00"
        engine.operate(CursorReset(at=engine.clock.now(), sensor="s", actor="ann", before=None, after=first))
        engine.beat()
        engine.beat(HOUR)

        assert ticked_for(engine) == [1, 2]
