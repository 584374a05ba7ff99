"""Invariant 8: a reset, start or stop made while a tick is in flight is never lost.

The tick's append conflicts, and the engine decides again knowing of it. What then becomes of the
tick is told in ``conformance/test_in_flight.py``. Each test here was seen to fail when
`Engine._append_decided` appended with ``expected=None`` in place of ``expected=self._head``.
"""

from __future__ import annotations

import pytest

import ticktrail as dg
from conformance.sensors import sensor_of
from harness.busy_log import BusyLog
from harness.engine import START, EngineHarness
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.core.events import CursorReset, SensorStarted, SensorStopped
from ticktrail.projections.invariants import check


def moving(context: dg.SensorEvaluationContext) -> dg.RunRequest:
    context.update_cursor(f"{context.cursor or ''}+")
    return dg.RunRequest(run_key=context.cursor)


@pytest.fixture
def log() -> BusyLog:
    return BusyLog(MemoryEventLog())


@pytest.fixture
def engine(log: BusyLog) -> EngineHarness:
    return EngineHarness(sensor_of(moving), log=log)


def reset(before: str | None, after: str | None) -> CursorReset:
    return CursorReset(at=START, sensor="s", actor="ann", before=before, after=after)


def test_a_cursor_set_at_the_last_moment_before_the_end_stays(engine: EngineHarness, log: BusyLog) -> None:
    [ticket] = engine.start().tickets
    log.others = [reset(None, "ann's")]
    engine.finish(ticket)

    assert engine.state("s").cursor == "ann's"
    assert list(check(log.read())) == []


def test_a_cursor_set_at_the_last_moment_before_a_start_is_handed_to_the_tick(
    engine: EngineHarness, log: BusyLog
) -> None:
    log.others = [reset(None, "ann's")]
    [ticket] = engine.start().tickets
    engine.finish(ticket)

    assert engine.state("s").cursor == "ann's+"
    assert list(check(log.read())) == []


def test_each_of_several_changes_at_the_last_moment_is_known_to_the_end(
    engine: EngineHarness, log: BusyLog
) -> None:
    [ticket] = engine.start().tickets
    log.others = [reset(None, "1"), SensorStopped(at=START, sensor="s", actor="ann"), reset("1", "2")]
    engine.finish(ticket)

    assert engine.requests() == [] and engine.state("s").cursor == "2"
    assert not engine.beat(300)
    assert list(check(log.read())) == []


def test_a_sensor_stopped_at_the_last_moment_before_its_start_does_not_tick(
    engine: EngineHarness, log: BusyLog
) -> None:
    log.others = [SensorStopped(at=START, sensor="s", actor="ann")]

    assert not engine.start().tickets
    assert not engine.beat(300)
    log.others = [SensorStarted(at=START, sensor="s", actor="ann")]
    engine.operate(reset(None, "ann's"))
    engine.engine.catch_up()
    assert engine.beat(300) or engine.beat()
