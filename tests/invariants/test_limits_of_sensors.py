"""What a sensor may ask for, and how often it may fail: nothing is lost, nothing is asked for twice."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ticktrail as dg
from harness.engine import EngineHarness, StillClock
from ticktrail.core.authoring import sensor_outcome
from ticktrail.core.events import (
    AssetMaterialized,
    CursorReset,
    CursorUpdated,
    RequestsPutOff,
    RunKeyRepeated,
    RunRequested,
    SensorQuarantined,
    SensorStarted,
    SensorStatusReset,
    TickCompleted,
    TickFailed,
    TickSkipped,
)
from ticktrail.projections.invariants import check

HOUR = 3600.0


@dg.job
def the_job() -> None: ...


def asking(*keys: str | None, **limits: Any) -> dg.SensorDefinition:
    """A sensor that asks for all the keys, then moves its cursor on."""

    @dg.sensor(
        name="asking",
        job=the_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        limits=dg.SensorLimits(**limits),
    )
    def ask(context: dg.SensorEvaluationContext) -> Any:
        if context.cursor == "done":
            return
        for key in keys:
            yield dg.RunRequest(run_key=key)
        context.update_cursor("done")

    return ask


class TestPerTick:
    def test_what_is_over_the_limit_is_asked_for_again_at_once_until_all_is_there(self) -> None:
        engine = EngineHarness(asking(*"abcdefg", max_run_requests_per_tick=3))

        for _ in range(4):
            engine.beat()

        assert [event.run_key for event in engine.requests()] == list("abcdefg")
        assert [(event.count, event.limit, event.why) for event in engine.of(RequestsPutOff)] == [
            (4, 3, "per tick"),
            (1, 3, "per tick"),
        ]
        assert [event.requested for event in engine.of(TickCompleted)] == [3, 3, 1]
        assert engine.of(RunKeyRepeated) == []
        assert engine.state("asking").cursor == "done"

    def test_the_cursor_waits_for_the_last_of_them(self) -> None:
        engine = EngineHarness(asking(*"abcde", max_run_requests_per_tick=3))

        engine.beat()
        waiting = engine.state("asking").cursor
        engine.beat()

        assert (waiting, engine.state("asking").cursor) == (None, "done")
        assert len(engine.of(CursorUpdated)) == 1

    def test_others_tick_in_between(self) -> None:
        @dg.sensor(job=the_job, minimum_interval_seconds=0.001, default_status=dg.DefaultSensorStatus.RUNNING)
        def other() -> None: ...

        engine = EngineHarness(asking(*"abcdefghi", max_run_requests_per_tick=3), other)

        ticked = [{ticket.sensor for ticket in engine.beat(0.01)} for _ in range(3)]

        assert ticked == [{"asking", "other"}] * 3

    def test_repeats_do_not_count_and_are_told_as_ever(self) -> None:
        engine = EngineHarness(asking("a", "b", max_run_requests_per_tick=2))
        engine.beat()
        engine.load(asking("a", "b", "a", "c", "d", "c", max_run_requests_per_tick=2), jobs=[the_job])
        engine.operate(*reset_cursor(engine))

        engine.beat(30)

        assert [event.run_key for event in engine.requests()] == list("abcd")
        assert [event.run_key for event in engine.of(RunKeyRepeated)] == ["a", "b", "a", "c"]
        assert engine.of(RequestsPutOff) == []

    def test_without_run_keys_the_tick_fails_and_nothing_of_it_is_launched(self) -> None:
        engine = EngineHarness(asking("a", None, "b", max_run_requests_per_tick=2))

        engine.beat()

        (failed,) = engine.of(TickFailed)
        assert failed.error == (
            "3 new runs in one tick, 2 are allowed (per tick): those without run keys would be launched again, "
            "give run keys or raise the sensor's limits"
        )
        assert engine.requests() == []
        assert engine.state("asking").cursor is None

    def test_a_schedule_over_its_limit_fails(self) -> None:
        @dg.schedule(
            cron_schedule="* * * * *",
            job=the_job,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            limits=dg.SensorLimits(max_run_requests_per_tick=1),
        )
        def minutely() -> Any:
            return [dg.RunRequest(run_key="a"), dg.RunRequest(run_key="b")]

        engine = EngineHarness(minutely)

        engine.beat(60)

        (failed,) = engine.of(TickFailed)
        assert "a schedule does not ask again for the same moment" in failed.error
        assert engine.requests() == []

    def test_a_schedule_over_its_limit_has_handled_its_moment(self) -> None:
        """Fails if its cursor stays: the moment is then evaluated again at once, without end."""

        @dg.schedule(
            cron_schedule="* * * * *",
            job=the_job,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            limits=dg.SensorLimits(max_run_requests_per_tick=1),
        )
        def minutely() -> Any:
            return [dg.RunRequest(run_key="a"), dg.RunRequest(run_key="b")]

        engine = EngineHarness(minutely)

        ticked = [len(engine.beat(seconds)) for seconds in (60, 0, 0, 60)]

        assert ticked == [1, 0, 0, 1]
        assert list(check(engine.log.read())) == []

    @settings(max_examples=60, deadline=None)
    @given(
        keys=st.lists(st.text("abcdefghij", min_size=1, max_size=1), max_size=30),
        per_tick=st.integers(1, 8),
        per_hour=st.none() | st.integers(1, 12),
    )
    def test_each_key_is_requested_once_and_never_more_than_is_allowed(
        self, keys: list[str], per_tick: int, per_hour: int | None
    ) -> None:
        limits = {"max_run_requests_per_tick": per_tick, "max_run_requests_per_hour": per_hour}
        engine = EngineHarness(asking(*keys, **limits))

        for _ in range(400):
            engine.beat(120)
            if engine.state("asking").cursor == "done":
                break

        requests = engine.requests()
        assert [event.run_key for event in requests] == list(dict.fromkeys(keys))
        assert max(Counter(event.tick for event in requests).values(), default=0) <= per_tick
        assert list(check(engine.log.read())) == []
        if per_hour is not None:
            times = [event.at for event in requests]
            assert all(sum(at - HOUR * 1e6 < other <= at for other in times) <= per_hour for at in times)


def test_a_generator_without_end_fails_its_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor_outcome, "MOST_PRODUCED", 1_000)

    @dg.sensor(job=the_job, default_status=dg.DefaultSensorStatus.RUNNING)
    def endless() -> Any:
        yield from (dg.RunRequest(run_key=str(number)) for number in count())

    engine = EngineHarness(endless)

    engine.beat()

    (failed,) = engine.of(TickFailed)
    assert failed.error.startswith(
        "CheckError: sensor 'endless' asks for more than 1,000 runs in one tick: yield"
    )
    assert engine.requests() == []


def test_a_generator_of_a_multi_asset_sensor_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if it is drained before anything is counted."""
    monkeypatch.setattr(sensor_outcome, "MOST_PRODUCED", 1_000)
    yielded = []

    @dg.multi_asset_sensor([dg.AssetKey("a")], job=the_job, default_status=dg.DefaultSensorStatus.RUNNING)
    def long(context: dg.MultiAssetSensorEvaluationContext) -> Any:
        for number in range(5_000):
            yielded.append(number)
            yield dg.RunRequest(run_key=str(number))

    engine = EngineHarness(long)

    engine.beat()

    (failed,) = engine.of(TickFailed)
    assert failed.error.startswith("CheckError: sensor 'long' asks for more than 1,000 runs in one tick")
    assert len(yielded) == 1_001


class TestPerHour:
    def test_the_sensor_ticks_again_when_the_hour_has_room(self) -> None:
        clock = StillClock()
        engine = EngineHarness(asking(*"abc", max_run_requests_per_hour=2), clock=clock)
        engine.beat()
        (put_off,) = engine.of(RequestsPutOff)

        early = engine.beat((put_off.again_at - clock.now()) / 1e6 - 1)
        late = engine.beat(1)

        assert (put_off.count, put_off.limit, put_off.why) == (1, 2, "per hour")
        assert HOUR * 1e6 < put_off.again_at - put_off.at <= (HOUR + 60) * 1e6
        assert (len(early), len(late)) == (0, 1)
        assert [event.run_key for event in engine.requests()] == list("abc")

    def test_what_was_requested_before_a_restart_counts(self) -> None:
        engine = EngineHarness(asking(*"ab", max_run_requests_per_hour=2))
        engine.beat()

        engine.load(asking(*"abcd", max_run_requests_per_hour=3), jobs=[the_job])
        engine.operate(*reset_cursor(engine))
        engine.beat(30)

        assert [event.run_key for event in engine.requests()] == list("abc")

    def test_without_any_room_the_tick_says_what_it_put_off(self) -> None:
        engine = EngineHarness(asking(*"abc", max_run_requests_per_hour=2))
        engine.beat()
        engine.restart()

        engine.beat(30)

        (skipped,) = engine.of(TickSkipped)
        assert skipped.reason == "1 run request put off"


class TestQuarantine:
    @staticmethod
    def failing(after: int | None = 3) -> dg.SensorDefinition:
        @dg.sensor(
            job=the_job,
            minimum_interval_seconds=30,
            default_status=dg.DefaultSensorStatus.RUNNING,
            limits=dg.SensorLimits(quarantine_after=after),
        )
        def failing() -> None:
            raise ValueError("no")

        return failing

    def quarantined(self) -> EngineHarness:
        engine = EngineHarness(self.failing())
        for _ in range(3):
            engine.beat(30)
        return engine

    def test_so_many_failures_in_a_row_are_the_last_ticks(self) -> None:
        engine = self.quarantined()

        after = [engine.beat(30) for _ in range(5)]

        assert after == [()] * 5 or not any(after)
        (event,) = engine.of(SensorQuarantined)
        assert (event.failures, event.error) == (3, "ValueError: no")
        assert len(engine.ticks()) == 3

    def test_it_comes_in_the_append_of_the_failure(self) -> None:
        engine = self.quarantined()

        last = [frame.events for frame in engine.log.read()][-1]

        assert list(check(engine.log.read())) == []

        assert [type(event) for event in last][-2:] == [TickFailed, SensorQuarantined]

    def test_a_restart_does_not_lift_it(self) -> None:
        engine = self.quarantined()

        engine.restart()

        assert not engine.beat(60)
        assert len(engine.ticks()) == 3

    def test_without_a_limit_it_goes_on(self) -> None:
        engine = EngineHarness(self.failing(None))

        assert all(engine.beat(30) for _ in range(10))
        assert engine.of(SensorQuarantined) == []

    @pytest.mark.parametrize("lifting", [SensorStarted, SensorStatusReset])
    def test_an_operator_lifts_it_and_failures_count_anew(self, lifting: type) -> None:
        engine = self.quarantined()

        engine.operate(lifting(at=engine.clock.now(), sensor="failing", actor="ann"))
        ticked = [bool(engine.beat(30)) for _ in range(5)]

        assert ticked == [True, True, True, False, False]
        assert len(engine.of(SensorQuarantined)) == 2

    def test_other_code_lifts_it(self) -> None:
        engine = self.quarantined()

        engine.fingerprint = "code-2"
        engine.restart()
        ticked = [bool(engine.beat(30)) for _ in range(5)]

        assert ticked == [True, True, True, False, False]

    def test_what_the_last_tick_before_it_put_off_is_no_matter_after_it(self) -> None:
        """Fails if the time to ask again outlives the quarantine: the next tick would wait an hour."""

        @dg.sensor(
            job=the_job,
            minimum_interval_seconds=30,
            default_status=dg.DefaultSensorStatus.RUNNING,
            limits=dg.SensorLimits(max_run_requests_per_hour=1, quarantine_after=1),
        )
        def greedy(context: dg.SensorEvaluationContext) -> Any:
            if context.cursor != "quiet":
                yield from [dg.RunRequest("a"), dg.RunRequest("b"), dg.RunRequest("c", partition_key="none")]

        engine = EngineHarness(greedy)
        engine.beat()
        quarantined = len(engine.of(RequestsPutOff)), len(engine.of(SensorQuarantined))

        now = engine.clock.now()
        engine.operate(
            CursorReset(at=now, sensor="greedy", actor="ann", before=None, after="quiet"),
            SensorStarted(at=now, sensor="greedy", actor="ann"),
        )
        ticked = [bool(engine.beat(30)) for _ in range(3)]

        assert quarantined == (1, 1)
        assert ticked == [True, True, True]

    def test_a_timeout_is_a_failure_and_an_interruption_is_none(self) -> None:
        engine = EngineHarness(self.failing(2))
        engine.start()
        engine.restart()
        interrupted = engine.state("failing").consecutive_failures
        engine.beat(30)

        engine.clock.advance(30)
        engine.start()
        engine.clock.advance(60)
        engine.engine.run_once()

        (event,) = engine.of(SensorQuarantined)
        assert interrupted == 0
        assert (event.failures, event.error.partition(":")[0]) == (2, "EvaluationTimeout")

    def test_a_success_in_between_counts_anew(self) -> None:
        outcomes = iter([False, False, True, False, False, True])

        @dg.sensor(
            job=the_job,
            minimum_interval_seconds=30,
            default_status=dg.DefaultSensorStatus.RUNNING,
            limits=dg.SensorLimits(quarantine_after=3),
        )
        def moody() -> None:
            if not next(outcomes):
                raise ValueError("no")

        engine = EngineHarness(moody)

        assert all(engine.beat(30) for _ in range(6))
        assert engine.of(SensorQuarantined) == []


class TestReactions:
    """Each event is reacted to once, so what is asked for in reaction is let through."""

    @staticmethod
    def after_materializations(engine: EngineHarness, *partitions: str) -> None:
        at = engine.clock.now()
        engine.operate(*(AssetMaterialized(at=at, asset="a", partition_key=key) for key in partitions))
        engine.beat(1)

    @pytest.fixture
    def engine(self) -> EngineHarness:
        @dg.asset_sensor(
            dg.AssetKey("a"),
            job=the_job,
            default_status=dg.DefaultSensorStatus.RUNNING,
            limits=dg.SensorLimits(
                max_run_requests_per_tick=1, max_run_requests_per_hour=1, quarantine_after=1
            ),
        )
        def reacting(context: dg.SensorEvaluationContext, entry: dg.EventLogEntry) -> Any:
            assert entry.dagster_event is not None
            key = entry.dagster_event.partition
            if key == "bad":
                raise ValueError(key)
            return dg.RunRequest(run_key=key)

        engine = EngineHarness(reacting)
        engine.beat()
        self.after_materializations(engine, "first")
        return engine

    def test_no_limit_holds_them_back(self, engine: EngineHarness) -> None:
        self.after_materializations(engine, "x", "y", "z")

        assert [event.run_key for event in engine.requests()] == ["first", "x", "y", "z"]
        assert engine.of(RequestsPutOff) == []

    def test_a_failed_reaction_quarantines_nothing_and_the_others_are_counted(
        self, engine: EngineHarness
    ) -> None:
        """Fails if the end of a tick with a failed reaction does not tell of the runs it asked for."""
        self.after_materializations(engine, "x", "bad", "y")

        (failed,) = engine.of(TickFailed)
        assert (failed.reacted, failed.requested) == (3, 2)
        assert engine.of(SensorQuarantined) == []


@pytest.mark.parametrize(
    "limits",
    [
        {"max_run_requests_per_tick": 0},
        {"max_run_requests_per_tick": None},
        {"max_run_requests_per_hour": 1.5},
        {"quarantine_after": True},
    ],
)
def test_a_limit_is_an_integer_above_zero(limits: dict[str, Any]) -> None:
    (field,) = limits
    with pytest.raises(dg.CheckError, match=f"SensorLimits.{field} is .*: give an int > 0"):
        dg.SensorLimits(**limits)


def test_limits_are_sensor_limits() -> None:
    with pytest.raises(dg.CheckError, match=r"limits of sensor 's' is 3 .int.: give a SensorLimits"):
        dg.SensorDefinition("s", evaluation_fn=lambda: None, job=the_job, limits=3)  # type: ignore[arg-type]


def reset_cursor(engine: EngineHarness) -> list[Any]:
    before = engine.state("asking").cursor
    return [CursorReset(at=engine.clock.now(), sensor="asking", actor="ann", before=before, after=None)]


def test_the_runs_of_a_limited_tick_are_all_that_it_may_launch() -> None:
    engine = EngineHarness(asking(*"abc", max_run_requests_per_tick=2))

    engine.beat()

    assert [type(event) for event in engine.events()[-4:]] == [
        RunRequested,
        RunRequested,
        RequestsPutOff,
        TickCompleted,
    ]
