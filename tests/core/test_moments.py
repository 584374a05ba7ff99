"""Which moment of a schedule is evaluated next, and what a tick for one leaves."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ticktrail.core.evaluation import Evaluation, Request
from ticktrail.core.moment_text import moment_of_text, moment_text
from ticktrail.core.moments import MOST_CAUGHT_UP, MOST_COUNTED, handled, next_moment, passed_over
from ticktrail.core.sensor_state import SensorState

HOUR = 3_600_000_000
#: A full hour.
NOON = 491_004 * HOUR


def hourly(after: int) -> int:
    return (after // HOUR + 1) * HOUR


def state(*, cursor: int | None = None, moments_after: int | None = None) -> SensorState:
    text = None if cursor is None else moment_text(cursor)
    return SensorState(name="s", kind="SCHEDULE", cursor=text, moments_after=moments_after)


class TestNextMoment:
    def test_a_new_schedule_begins_with_the_first_moment_after_its_start(self) -> None:
        started = state(moments_after=NOON + 5)

        assert next_moment(started, hourly, NOON + 10) == NOON + HOUR

    def test_a_moment_at_the_very_start_is_not_after_it(self) -> None:
        assert next_moment(state(moments_after=NOON), hourly, NOON) == NOON + HOUR

    def test_the_moment_after_the_last_handled_one_is_next(self) -> None:
        assert next_moment(state(cursor=NOON, moments_after=1), hourly, NOON + 5) == NOON + HOUR

    def test_a_start_after_the_last_handled_moment_passes_over_what_lies_between(self) -> None:
        again = state(cursor=NOON, moments_after=NOON + 9 * HOUR + 1)

        assert next_moment(again, hourly, NOON + 9 * HOUR + 2) == NOON + 10 * HOUR

    def test_a_clock_that_was_set_back_leads_to_the_moment_after_the_handled_one(self) -> None:
        assert next_moment(state(cursor=NOON), hourly, NOON - 7 * HOUR) == NOON + HOUR

    @pytest.mark.parametrize("missed", range(1, MOST_CAUGHT_UP + 1))
    def test_a_few_missed_moments_are_caught_up_from_the_first(self, missed: int) -> None:
        assert next_moment(state(cursor=NOON), hourly, NOON + missed * HOUR) == NOON + HOUR

    def test_of_more_the_latest_are(self) -> None:
        assert next_moment(state(cursor=NOON), hourly, NOON + 12 * HOUR) == NOON + 8 * HOUR

    def test_of_very_many_the_latest_are(self) -> None:
        years = 40_000

        found = next_moment(state(cursor=NOON), hourly, NOON + years * HOUR + 5)

        assert found == NOON + (years - MOST_CAUGHT_UP + 1) * HOUR

    def test_very_many_are_not_gone_through_one_by_one(self) -> None:
        asked: list[int] = []

        def counting(after: int) -> int:
            asked.append(after)
            return hourly(after)

        next_moment(state(cursor=NOON), counting, NOON + 1_000_000 * HOUR)

        assert len(asked) < 2 * MOST_COUNTED

    def test_a_cursor_that_is_no_time_is_passed_over(self) -> None:
        unreadable = replace(state(moments_after=NOON), cursor="the other day")

        assert next_moment(unreadable, hourly, NOON + 1) == NOON + HOUR


class TestPassedOver:
    def test_nothing_is_said_when_nothing_is_passed_over(self) -> None:
        assert passed_over(state(cursor=NOON), hourly, NOON + HOUR) is None

    def test_one_moment_is_counted(self) -> None:
        assert passed_over(state(cursor=NOON), hourly, NOON + 2 * HOUR) == (
            f"1 missed moment before {moment_text(NOON + 2 * HOUR)} passed over: no more than the latest 5 are caught up"
        )

    def test_more_are_counted(self) -> None:
        said = passed_over(state(cursor=NOON), hourly, NOON + 8 * HOUR)

        assert said is not None
        assert said.startswith("7 missed moments before ")

    def test_very_many_are_told_as_such(self) -> None:
        said = passed_over(state(cursor=NOON), hourly, NOON + 5000 * HOUR)

        assert said is not None
        assert said.startswith("more than 100 missed moments before ")


class TestHandled:
    def test_the_moment_becomes_the_cursor_whatever_came_of_the_evaluation(self) -> None:
        failed = Evaluation(cursor=None, cursor_before=None, error="ValueError: no")

        after = handled(failed, state(cursor=NOON), hourly, NOON + HOUR)

        assert (after.cursor_before, after.cursor) == (moment_text(NOON), moment_text(NOON + HOUR))
        assert after.error == "ValueError: no"

    def test_a_run_gets_the_moment_as_a_tag_and_its_key_holds_for_the_moment(self) -> None:
        asking = Evaluation(
            cursor=None, cursor_before=None, requests=[Request(job="j", run_key="a"), Request(job="j")]
        )

        keyed, plain = handled(asking, state(), hourly, NOON).requests

        assert keyed.run_key == f"a @ {moment_text(NOON)}"
        assert plain.run_key is None
        assert plain.tags == {".dagster/scheduled_execution_time": moment_text(NOON)}
        assert keyed.tags == {**plain.tags, "dagster/run_key": "a"}

    def test_the_note_goes_to_the_log_of_the_tick(self) -> None:
        nothing = Evaluation(cursor=None, cursor_before=None)

        after = handled(nothing, state(cursor=NOON), hourly, NOON + 8 * HOUR)

        assert after.notes == [passed_over(state(cursor=NOON), hourly, NOON + 8 * HOUR)]


class TestMomentText:
    def test_a_moment_is_told_in_utc_and_read_back(self) -> None:
        assert moment_text(1_767_225_600_000_000) == "2026-01-01T00:00:00+00:00"
        assert moment_of_text("2026-01-01T00:00:00+00:00") == 1_767_225_600_000_000

    @pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T01:00+01:00", "2026-01-01T00:00Z"])
    def test_other_iso_texts_are_read_as_well(self, text: str) -> None:
        assert moment_of_text(text) == 1_767_225_600_000_000

    @pytest.mark.parametrize(
        "text", [None, "", "yesterday", "9999-12-31T23:59", "0001-01-01", "0001-01-01T00:00+14:00"]
    )
    def test_what_is_no_moment_is_none(self, text: str | None) -> None:
        assert moment_of_text(text) is None
