"""Invariant 5: one tick of a sensor is in flight at a time, over all threads, processes and daemons."""

from __future__ import annotations

import pytest

import ticktrail as dg
from conformance.sensors import asking, engine_of, sensor_of
from harness.engine import EngineHarness
from harness.faulty_log import FaultyLog
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.core.errors import EngineSuperseded, LogUnavailable
from ticktrail.core.events import (
    EvaluationDiscarded,
    SensorStarted,
    SensorStatusReset,
    TickFailed,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)
from ticktrail.projections.invariants import check


def in_order(engine: EngineHarness) -> bool:
    """Whether the log keeps every invariant that can be checked in it."""
    return list(check(engine.log.read())) == []


@pytest.mark.parametrize("event", [SensorStarted, SensorStatusReset])
def test_an_operator_who_starts_a_sensor_in_flight_starts_no_second_tick(event: type) -> None:
    """Seen to fail when `Engine._reschedule` did not look at ``self._in_flight``."""
    engine = engine_of(lambda: None)
    [ticket] = engine.start().tickets
    engine.clock.advance(31)
    engine.operate(event(at=engine.clock.now(), sensor="s", actor="ann"))

    assert not engine.start().tickets
    engine.finish(ticket)
    assert len(engine.beat()) == 1
    assert in_order(engine)


def test_a_function_that_did_not_return_in_time_keeps_its_sensor_from_ticking() -> None:
    """Seen to fail when `Engine._ended` scheduled a sensor whose tick had timed out."""
    engine = engine_of(lambda: dg.SkipReason("late"), evaluation_timeout_seconds=5)
    engine.timeout = 5
    engine.restart()
    [ticket] = engine.start().tickets
    engine.clock.advance(31)
    assert not engine.start().tickets
    [failed] = engine.of(TickFailed)
    assert failed.timed_out

    assert not engine.beat(300)
    engine.finish(ticket)
    [discarded] = engine.of(EvaluationDiscarded)
    assert discarded.outcome == "skip: late"
    assert len(engine.beat()) == 1
    assert in_order(engine)


def test_an_operator_cannot_start_a_sensor_whose_function_still_runs() -> None:
    """Seen to fail when `Engine._reschedule` did not look at ``self._abandoned``."""
    engine = engine_of(lambda: None)
    engine.start()
    engine.clock.advance(61)
    engine.start()
    engine.operate(SensorStarted(at=engine.clock.now(), sensor="s", actor="ann"))

    assert not engine.beat(300)


def test_an_evaluation_in_time_is_not_said_to_be_late() -> None:
    """It returned after the engine had looked at the deadlines, and before the engine decided."""
    engine = engine_of(asking("k"))
    [ticket] = engine.start().tickets
    engine.clock.advance(61)
    finished = engine.evaluate(ticket)
    engine.engine.finish(finished)
    engine.engine.run_once()

    assert engine.of(EvaluationDiscarded, TickFailed) == []
    assert len(engine.requests()) == 1


def test_a_second_engine_ends_the_first_ones_ticks_and_the_first_writes_no_more() -> None:
    """Seen to fail when `Engine._heed` ignored ``EngineStarted``."""
    first = engine_of(asking("k"))
    first.start()
    second = EngineHarness(sensor_of(asking("k")), log=first.log, clock=first.clock)

    with pytest.raises(EngineSuperseded, match="another engine"):
        first.beat(31)

    assert len(second.of(TickInterrupted)) == 1
    second.beat(31)
    assert len(second.requests()) == 1 and in_order(second)


def test_a_tick_left_open_is_closed_before_the_next_one_starts() -> None:
    """Seen to fail when `Engine._opening` closed no tick."""
    engine = engine_of(asking("k"))
    engine.start()
    engine.restart()
    engine.beat(31)

    assert [type(event) for event in engine.of(TickStarted, TickInterrupted)] == [
        TickStarted,
        TickInterrupted,
        TickStarted,
    ]
    assert in_order(engine)


class TestAnAppendThatIsStoredThoughTheStorageSaysNo:
    """A connection that is lost while it commits; what was decided may be in the log, or not."""

    @pytest.fixture
    def log(self) -> FaultyLog:
        return FaultyLog(MemoryEventLog())

    @pytest.fixture
    def engine(self, log: FaultyLog) -> EngineHarness:
        return EngineHarness(sensor_of(asking("k")), log=log)

    def test_a_start_is_not_repeated(self, engine: EngineHarness, log: FaultyLog) -> None:
        """Seen to fail when the engine knew of its own appends only by their acknowledgement."""
        log.fault = "stored, yet an error"
        with pytest.raises(LogUnavailable):
            engine.start()
        [ticket] = engine.start().tickets
        engine.finish(ticket)

        assert len(engine.of(TickStarted)) == len(engine.requests()) == 1
        assert in_order(engine)

    def test_an_end_is_not_repeated(self, engine: EngineHarness, log: FaultyLog) -> None:
        """Seen to fail when the engine knew of its own appends only by their acknowledgement."""
        [ticket] = engine.start().tickets
        log.fault = "stored, yet an error"
        with pytest.raises(LogUnavailable):
            engine.finish(ticket)
        step = engine.engine.run_once()

        assert [type(event).__name__ for event in engine.events()[2:]] == [
            "TickStarted",
            "RunRequested",
            "TickCompleted",
        ]
        assert [event for _, events in step.news for event in events] == engine.events()[3:]
        assert len(engine.beat(30)) == 1 and len(engine.of(TickSkipped)) == 1
        assert in_order(engine)

    def test_one_that_was_not_stored_is_decided_again(self, engine: EngineHarness, log: FaultyLog) -> None:
        log.fault = "refused"
        with pytest.raises(LogUnavailable):
            engine.start()
        [ticket] = engine.start().tickets
        log.fault = "refused"
        with pytest.raises(LogUnavailable):
            engine.finish(ticket)
        engine.engine.run_once()

        assert len(engine.requests()) == 1 and in_order(engine)
