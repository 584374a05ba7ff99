"""Where a dead engine's successor goes on.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

import ticktrail as dg
from conformance.sensors import engine_of
from harness.engine import START
from ticktrail.core.events import (
    RunRequested,
    TickInterrupted,
)


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
