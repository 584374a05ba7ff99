"""Invariant 2: a tick's outcome is one append: its requests, verdicts, cursor and end, or nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import sensor_of
from harness.engine import EngineHarness
from harness.faulty_log import Fault, FaultyLog, Killed
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.core.events import CursorUpdated, RunRequested, TickCompleted, TickStarted
from ticktrail.projections.invariants import check

#: Ticks that the sensor has something to say in.
TICKS = 4


def asking(context: dg.SensorEvaluationContext) -> Any:
    """Requests a run per number up to the cursor's; those without a key would come twice if torn."""
    number = int(context.cursor or 0)
    if number == TICKS:
        return dg.SkipReason("done")
    context.log.info("at %s", number)
    context.update_cursor(str(number + 1))
    return dg.SensorResult(
        run_requests=[dg.RunRequest(tags={"number": str(number)}), dg.RunRequest(run_key=str(number))]
    )


def drive(engine: EngineHarness) -> None:
    """Tick until the sensor is done."""
    for _ in range(3 * TICKS):
        if engine.state("s").cursor == str(TICKS):
            return
        engine.beat(31)
    raise AssertionError("the sensor never gets to its end")


def appends_of_a_quiet_life() -> int:
    log = FaultyLog(MemoryEventLog())
    drive(EngineHarness(sensor_of(asking), log=log))
    return log.appends


@pytest.mark.parametrize("fault", ["killed before", "killed after"])
def test_a_kill_at_any_append_tears_no_outcome_and_loses_and_repeats_nothing(fault: Fault) -> None:
    """Seen to fail when `Engine._append_decided` appended the last event by itself."""
    for moment in range(1, appends_of_a_quiet_life()):
        log = FaultyLog(MemoryEventLog())
        engine = EngineHarness(sensor_of(asking), log=log)
        log.fault, log.fault_at = fault, moment
        with pytest.raises(Killed):
            drive(engine)
        engine.restart()
        drive(engine)

        assert list(check(log.read())) == [], moment
        numbers = Counter(request.tags.get("number") or request.run_key for request in engine.requests())
        assert numbers == {str(number): 2 for number in range(TICKS)}, moment


def test_the_outcome_of_a_tick_is_in_one_frame_with_nothing_of_others_between() -> None:
    """Seen to fail when `Engine._append_decided` appended the last event by itself."""
    sensors = [sensor_of(asking, name=name) for name in ("a", "b", "c")]
    engine = EngineHarness(*sensors)
    for _ in range(TICKS):
        engine.beat(31)

    outcomes = [
        [type(event) for event in frame.events if not isinstance(event, TickStarted)]
        for frame in engine.log.read()
        if any(isinstance(event, TickCompleted) for event in frame.events)
    ]
    assert len(outcomes) == TICKS
    for outcome in outcomes:
        assert outcome[1:] == [RunRequested, RunRequested, CursorUpdated, TickCompleted, outcome[0]] * 2 + [
            RunRequested,
            RunRequested,
            CursorUpdated,
            TickCompleted,
        ]
