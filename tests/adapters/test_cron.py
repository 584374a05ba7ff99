"""Cron expressions as cronsim reads them: the promises of the port `Cron`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticktrail.adapters.cron import cron_moments
from ticktrail.core.cron import CronError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str) -> int:
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def after(start: str, cron: str | Sequence[str], timezone: str = "UTC", count: int = 3) -> list[str]:
    """The next moments, in the time zone."""
    next_after = cron_moments([cron] if isinstance(cron, str) else cron, timezone)
    moment, found = micros(start), []
    for _ in range(count):
        moment = next_after(moment)
        local = (EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(timezone))
        found.append(local.isoformat(timespec="minutes"))
    return found


class TestMoments:
    def test_the_next_moment_is_later_than_the_one_given(self) -> None:
        assert after("2026-01-01T06:00", "0 6 * * *", count=2) == [
            "2026-01-02T06:00+00:00",
            "2026-01-03T06:00+00:00",
        ]

    def test_a_microsecond_before_a_moment_leads_to_that_moment(self) -> None:
        next_after = cron_moments(["0 6 * * *"], "UTC")

        assert next_after(micros("2026-01-01T06:00") - 1) == micros("2026-01-01T06:00")

    @pytest.mark.parametrize(
        ("alias", "plain"),
        [
            ("@hourly", "0 * * * *"),
            ("@daily", "0 0 * * *"),
            ("@midnight", "0 0 * * *"),
            ("@weekly", "0 0 * * 0"),
            ("@monthly", "0 0 1 * *"),
            ("@yearly", "0 0 1 1 *"),
            ("@annually", "0 0 1 1 *"),
            (" @Daily ", "0 0 * * *"),
        ],
    )
    def test_an_alias_stands_for_five_fields(self, alias: str, plain: str) -> None:
        assert after("2026-01-01T00:30", alias) == after("2026-01-01T00:30", plain)

    def test_names_ranges_lists_and_steps_are_read(self) -> None:
        assert after("2026-01-01T00:00", "*/30 8-9 * jan,feb mon-fri", count=5) == [
            "2026-01-01T08:00+00:00",
            "2026-01-01T08:30+00:00",
            "2026-01-01T09:00+00:00",
            "2026-01-01T09:30+00:00",
            "2026-01-02T08:00+00:00",
        ]

    def test_sunday_is_0_and_7(self) -> None:
        assert after("2026-01-01T00:00", "0 0 * * 7") == after("2026-01-01T00:00", "0 0 * * 0")

    def test_a_question_mark_stands_for_any_day(self) -> None:
        assert after("2026-01-01T00:00", "0 0 ? * ?") == after("2026-01-01T00:00", "0 0 * * *")

    def test_the_last_day_of_a_month_is_l(self) -> None:
        assert after("2026-01-01T00:00", "0 0 L * *", count=2) == [
            "2026-01-31T00:00+00:00",
            "2026-02-28T00:00+00:00",
        ]

    def test_a_leap_day_comes_every_four_years(self) -> None:
        assert after("2026-01-01T00:00", "0 0 29 2 *", count=2) == [
            "2028-02-29T00:00+00:00",
            "2032-02-29T00:00+00:00",
        ]

    def test_a_day_of_month_and_a_weekday_each_count(self) -> None:
        assert after("2026-01-08T12:00", "0 0 13 * fri") == [
            "2026-01-09T00:00+00:00",
            "2026-01-13T00:00+00:00",
            "2026-01-16T00:00+00:00",
        ]

    def test_a_moment_that_two_expressions_name_comes_once(self) -> None:
        assert after("2026-01-01T00:00", ["0 1 * * *", "0 1,2 * * *"]) == [
            "2026-01-01T01:00+00:00",
            "2026-01-01T02:00+00:00",
            "2026-01-02T01:00+00:00",
        ]


class TestClocksOfATimeZone:
    """Berlin puts its clocks on at 02:00 on 2026-03-29, and back at 03:00 on 2026-10-25."""

    def test_the_expression_goes_by_the_clocks_of_the_time_zone(self) -> None:
        assert after("2026-03-27T12:00", "0 6 * * *", "Europe/Berlin") == [
            "2026-03-28T06:00+01:00",
            "2026-03-29T06:00+02:00",
            "2026-03-30T06:00+02:00",
        ]

    def test_a_time_that_clocks_leave_out_comes_right_after_the_gap(self) -> None:
        assert after("2026-03-28T12:00", "30 2 * * *", "Europe/Berlin", 2) == [
            "2026-03-29T03:00+02:00",
            "2026-03-30T02:30+02:00",
        ]

    def test_several_times_in_the_gap_come_once(self) -> None:
        assert after("2026-03-28T12:00", "0,30 2 * * *", "Europe/Berlin", 2) == [
            "2026-03-29T03:00+02:00",
            "2026-03-30T02:00+02:00",
        ]

    def test_a_time_that_clocks_repeat_comes_the_first_time_only(self) -> None:
        assert after("2026-10-24T12:00", "30 2 * * *", "Europe/Berlin", 2) == [
            "2026-10-25T02:30+02:00",
            "2026-10-26T02:30+01:00",
        ]

    def test_asked_in_the_repeated_hour_it_does_not_go_back_to_the_first_one(self) -> None:
        assert after("2026-10-25T02:10+01:00", "30 2 * * *", "Europe/Berlin", 1) == ["2026-10-26T02:30+01:00"]

    def test_every_hour_comes_in_the_repeated_hour_too(self) -> None:
        assert after("2026-10-24T23:30", "0 * * * *", "Europe/Berlin") == [
            "2026-10-25T02:00+02:00",
            "2026-10-25T02:00+01:00",
            "2026-10-25T03:00+01:00",
        ]

    def test_every_half_hour_of_an_hour_that_clocks_leave_out_does_not_come(self) -> None:
        assert after("2026-03-28T12:00", "*/30 2 * * *", "Europe/Berlin", 1) == ["2026-03-30T02:00+02:00"]

    @given(
        cron=st.sampled_from(["30 2 * * *", "0,30 1-3 * * *", "*/20 * * * *", "0 */2 * * *", "15 0 * * sun"]),
        timezone=st.sampled_from(["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "UTC"]),
        start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    )
    def test_moments_follow_each_other_wherever_one_starts(
        self, cron: str, timezone: str, start: datetime
    ) -> None:
        next_after = cron_moments([cron], timezone)
        first = next_after(micros(start.isoformat()))
        chain = [first]
        for _ in range(8):
            chain.append(next_after(chain[-1]))

        assert all(one < other for one, other in pairwise(chain))
        # Nothing lies between two moments, wherever in between one asks.
        assert [next_after((one + other) // 2) for one, other in pairwise(chain)] == chain[1:]


class TestRefused:
    @pytest.mark.parametrize(
        ("cron", "told"),
        [
            (
                "",
                "'' has 0 fields: give five (minute, hour, day of month, month, day of week), or one of @hourly",
            ),
            ("* * * * * *", "'* * * * * *' has 6 fields"),
            ("@reboot", "'@reboot' has 1 fields"),
            ("60 * * * *", "'60 * * * *' is no cron expression: bad minute"),
            ("0 24 * * *", "bad hour"),
            ("0 0 0 * *", "bad day-of-month"),
            ("0 0 * 13 *", "bad month"),
            ("0 0 * * 8", "bad day-of-week"),
            ("x * * * *", "bad minute"),
            ("*/0 * * * *", "bad minute"),
            ("30-10 * * * *", "bad minute"),
            (f"{'9' * 5000} * * * *", "is no cron expression"),
            ("0 0 30 2 *", "'0 0 30 2 *' is no cron expression: bad day-of-month"),
            ("* * */20 * 1L", "'* * */20 * 1L' names a day that never comes"),
        ],
    )
    def test_what_names_no_moment_is_refused_with_its_place(self, cron: str, told: str) -> None:
        with pytest.raises(CronError) as error:
            cron_moments(["0 0 * * *", cron], "UTC")

        assert told in str(error.value)
