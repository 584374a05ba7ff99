"""What operators do while a tick is in flight is never lost: the tick decides again, knowing of it.

Each test here was seen to fail when the engine appended without an expected head (in
``Engine._append_decided``, ``expected=None`` in place of ``expected=self._head``).
"""

from __future__ import annotations

import pytest

import ticktrail as dg
from conformance.sensors import asking, engine_of
from harness.engine import START, EngineHarness
from ticktrail.core.errors import EngineSuperseded
from ticktrail.core.events import (
    CursorReset,
    RunKeyRepeated,
    RunKeysReleased,
    SensorStarted,
    SensorStopped,
    TickLogged,
    TickSkipped,
)


def moving(context: dg.SensorEvaluationContext) -> dg.RunRequest:
    context.update_cursor("by the tick")
    return dg.RunRequest(run_key="k")


def reset(after: str | None) -> CursorReset:
    return CursorReset(at=START, sensor="s", actor="ann", before=None, after=after)


def test_a_cursor_set_in_flight_stays() -> None:
    engine = engine_of(moving)
    [ticket] = engine.start().tickets
    engine.operate(reset("by ann"))
    engine.finish(ticket)

    assert engine.state("s").cursor == "by ann"
    assert len(engine.requests()) == 1


def test_a_cursor_set_in_flight_is_told_in_the_ticks_log() -> None:
    engine = engine_of(moving)
    [ticket] = engine.start().tickets
    engine.operate(reset("by ann"))
    engine.finish(ticket)

    [line] = engine.of(TickLogged)
    assert "by ann" in line.message and "by the tick" in line.message
    assert line.logger == "engine"


def test_a_cursor_set_in_flight_to_what_it_was_stays_too() -> None:
    engine = engine_of(moving)
    [ticket] = engine.start().tickets
    engine.operate(reset(None))
    engine.finish(ticket)

    assert engine.state("s").cursor is None


def test_a_sensor_stopped_in_flight_requests_nothing_and_loses_nothing() -> None:
    engine = engine_of(moving)
    [ticket] = engine.start().tickets
    engine.operate(SensorStopped(at=START, sensor="s", actor="ann"))
    engine.finish(ticket)

    [skipped] = engine.of(TickSkipped)
    assert "stopped while the tick was in flight" in (skipped.reason or "")
    assert engine.requests() == [] and engine.state("s").cursor is None
    engine.operate(SensorStarted(at=START, sensor="s", actor="ann"))
    engine.beat(30)
    assert [request.run_key for request in engine.requests()] == ["k"]


def test_a_sensor_stopped_and_started_in_flight_goes_on() -> None:
    engine = engine_of(moving)
    [ticket] = engine.start().tickets
    engine.operate(SensorStopped(at=START, sensor="s", actor="ann"))
    engine.operate(SensorStarted(at=START, sensor="s", actor="ann"))
    engine.finish(ticket)

    assert len(engine.requests()) == 1


def test_keys_released_in_flight_can_be_requested_by_the_tick() -> None:
    engine = engine_of(asking("k"))
    engine.beat()
    engine.clock.advance(30)
    [ticket] = engine.start().tickets
    engine.operate(RunKeysReleased(at=START, sensor="s", actor="ann", run_keys=["k"]))
    engine.finish(ticket)

    assert len(engine.requests()) == 2
    assert engine.of(RunKeyRepeated) == []


def test_an_engine_that_another_one_replaced_writes_nothing_more() -> None:
    old = engine_of(asking("k"))
    [ticket] = old.start().tickets
    EngineHarness(log=old.log, clock=old.clock)
    before = old.log.head()

    with pytest.raises(EngineSuperseded, match="one engine per partition"):
        old.finish(ticket)

    assert old.log.head() == before
