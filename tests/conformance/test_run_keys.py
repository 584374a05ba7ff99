"""One run per run key.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import engine_of, other_job, sensor_of, the_job
from harness.engine import START, EngineHarness
from ticktrail.core.events import (
    CursorReset,
    RunKeyRepeated,
)


class TestRunKeys:
    """5 to 7 and §4.7: one run per key."""

    def test_a_key_launches_once_and_then_skips_without_a_reason(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="only_once"))
        engine.beat()
        engine.beat(30)

        first, second = engine.ticks()
        assert (first.status, first.requested) == ("SUCCESS", 1)
        assert (second.status, second.skip_reason, second.repeated, second.runs) == ("SKIPPED", None, 1, [])

    def test_a_repeated_key_names_the_request_that_owns_it(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="only_once"))
        engine.beat()
        engine.beat(30)

        [repeated] = engine.of(RunKeyRepeated)
        assert engine.events()[repeated.owner] == engine.requests()[0]

    def test_two_equal_keys_in_one_tick_launch_the_first(self) -> None:
        def twice() -> Iterator[dg.RunRequest]:
            yield dg.RunRequest(run_key="k", tags={"which": "first"})
            yield dg.RunRequest(run_key="k", tags={"which": "second"})

        engine = engine_of(twice)
        engine.beat()

        [request] = engine.requests()
        [repeated] = engine.of(RunKeyRepeated)
        assert request.tags["which"] == "first"
        assert engine.events()[repeated.owner] is not None
        assert engine.events()[repeated.owner] == request

    def test_the_same_key_of_two_sensors_launches_two_runs(self) -> None:
        def ask() -> dg.RunRequest:
            return dg.RunRequest(run_key="k")

        engine = EngineHarness(sensor_of(ask, name="a"), sensor_of(ask, name="b"))
        engine.beat()
        engine.beat(30)

        assert sorted(request.sensor or "" for request in engine.requests()) == ["a", "b"]

    def test_the_same_key_for_another_job_is_dropped_and_the_tick_says_which(self) -> None:
        def ask() -> Iterator[dg.RunRequest]:
            yield dg.RunRequest(run_key="k", job_name="the_job")
            yield dg.RunRequest(run_key="k", job_name="other_job")

        engine = engine_of(ask, job=None, jobs=[the_job, other_job])
        engine.beat()

        [repeated] = engine.of(RunKeyRepeated)
        assert (repeated.run_key, repeated.job) == ("k", "other_job")

    @pytest.mark.parametrize("key", [None, ""])
    def test_a_request_without_a_key_always_launches(self, key: str | None) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key=key))
        engine.beat()
        engine.beat(30)

        assert len(engine.requests()) == 2

    def test_a_cursor_reset_does_not_free_keys(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k"))
        engine.beat()
        engine.operate(CursorReset(at=START, sensor="s", actor="ann", before=None, after="0"))
        engine.beat(30)

        assert len(engine.requests()) == 1

    def test_keys_outlive_the_engine(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k"))
        engine.beat()
        engine.restart()
        engine.beat(30)

        assert len(engine.requests()) == 1

    def test_the_last_run_key_is_kept_over_skips_and_set_by_repeats(self) -> None:
        seen: list[str | None] = []
        answers: Iterator[Any] = iter([dg.RunRequest(run_key="a"), None, dg.RunRequest(run_key="a"), None])

        def look(context: dg.SensorEvaluationContext) -> Any:
            seen.append(context.last_run_key)
            return next(answers)

        engine = engine_of(look)
        for _ in range(4):
            engine.beat(30)

        assert seen == [None, "a", "a", "a"]
