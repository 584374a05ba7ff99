"""What becomes of cursors.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import engine_of
from harness.engine import START
from ticktrail.core.events import (
    CursorReset,
    CursorUpdated,
    TickStarted,
)


class TestCursor:
    """12 and §4.5: what becomes of cursors."""

    def test_the_cursor_is_kept_on_a_skip_and_on_a_request(self) -> None:
        seen: list[str | None] = []

        def count(context: dg.SensorEvaluationContext) -> Any:
            seen.append(context.cursor)
            context.update_cursor(str(int(context.cursor or 0) + 1))
            return dg.SkipReason("one") if context.cursor == "1" else dg.RunRequest()

        engine = engine_of(count)
        for _ in range(3):
            engine.beat(30)

        assert seen == [None, "1", "2"]

    @pytest.mark.parametrize("request_too", [True, False])
    def test_an_empty_cursor_is_a_cursor_like_any_other(self, request_too: bool) -> None:
        def empty(context: dg.SensorEvaluationContext) -> Any:
            context.update_cursor("")
            return dg.RunRequest() if request_too else None

        engine = engine_of(empty)
        engine.beat()

        assert engine.state("s").cursor == ""

    def test_an_untouched_cursor_makes_no_event(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()

        assert engine.of(CursorUpdated) == []

    def test_a_cursor_set_by_an_operator_is_what_the_next_tick_reads(self) -> None:
        engine = engine_of(lambda: None)
        engine.beat()
        engine.operate(CursorReset(at=START, sensor="s", actor="ann", before=None, after="7"))
        engine.beat(30)

        assert engine.of(TickStarted)[-1].cursor == "7"

    def test_setting_a_cursor_does_not_switch_the_sensor_off(self) -> None:
        engine = engine_of(lambda: None)
        engine.operate(CursorReset(at=START, sensor="s", actor="ann", before=None, after="7"))

        assert engine.beat()
        assert engine.state("s").status == "RUNNING"

    def test_a_ten_megabyte_cursor_is_kept_whole(self) -> None:
        long = "x" * 10_000_000

        def large(context: dg.SensorEvaluationContext) -> None:
            context.update_cursor(long)

        engine = engine_of(large)
        engine.beat()

        assert engine.state("s").cursor == long

    def test_a_cursor_that_is_no_text_fails_the_tick_and_says_so(self) -> None:
        def lone(context: dg.SensorEvaluationContext) -> None:
            context.update_cursor("\ud800")

        engine = engine_of(lone)
        engine.beat()

        assert "UTF-8" in (engine.ticks()[0].error or "")
