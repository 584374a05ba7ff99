"""Invariant 11: a schedule handles its moments once and in order, whatever clocks, operators and crashes do.

Seen to fail on a cursor that stays after a failed tick, and on a start that counts for more than the cursor.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

import ticktrail as dg
from conformance.sensors import the_job
from harness.engine import START, EngineHarness
from ticktrail.core.events import SensorStarted, SensorStopped
from ticktrail.projections.invariants import check

_HOUR = 3_600_000_000

_STEPS = st.one_of(
    st.tuples(st.just("beat"), st.integers(0, 400)),
    st.tuples(st.just("clock"), st.integers(-200, 1000)),
    st.tuples(st.sampled_from(["restart", "die", "stop", "start", "late", "new times"]), st.just(0)),
)


def schedule_of(cron: str) -> dg.ScheduleDefinition:
    def ask(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        if context.scheduled_execution_time.hour % 3 == 0:
            raise ValueError("every third moment fails")
        return dg.RunRequest()

    running = dg.DefaultScheduleStatus.RUNNING
    return dg.schedule(cron, job=the_job, name="s", default_status=running)(ask)


def take(engine: EngineHarness, step: str, minutes: int) -> None:
    """Let something happen."""
    now = engine.clock.now()
    match step:
        case "beat":
            engine.beat(minutes * 60)
        case "clock":
            engine.clock.set_back(-minutes * 60)
        case "restart":
            engine.restart()
        case "die":
            engine.start()
            engine.restart()
        case "late":
            tickets = engine.start().tickets
            engine.clock.advance(5000)
            engine.finish(*tickets)
        case "new times":
            engine.load(schedule_of("0 */2 * * *"))
        case "stop":
            engine.operate(SensorStopped(at=now, sensor="s", actor="ann"))
        case _:
            engine.operate(SensorStarted(at=now, sensor="s", actor="ann"))


@given(steps=st.lists(_STEPS, max_size=30))
@example(steps=[("beat", 121), ("clock", -1), ("beat", 0)])
def test_each_moment_is_evaluated_once_at_most_and_in_order(steps: list[tuple[str, int]]) -> None:
    engine = EngineHarness(schedule_of("0 * * * *"))

    for step, minutes in steps:
        take(engine, step, minutes)

    # In the order of the log: the clock may be set back.
    ticks = sorted(engine.ticks(), key=lambda tick: tick.tick)
    ended = [tick for tick in ticks if tick.status not in ("INTERRUPTED", "STARTED")]
    moments = [tick.scheduled_for for tick in ended]
    assert all(one is not None and other is not None and one < other for one, other in pairwise(moments))
    assert all(tick.scheduled_for is not None and tick.scheduled_for <= tick.started_at for tick in ended)
    assert all(moment is not None and (moment - START) % _HOUR == 0 for moment in moments)
    assert list(check(engine.log.read())) == []
