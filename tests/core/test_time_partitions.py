"""Hours, days, weeks and months: which keys there are at a time, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import ticktrail as dg
from ticktrail.core.authoring.errors import CheckError

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    """That time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- which keys there are -------------------------------------------------------------------------


def test_a_day_is_there_once_it_is_over() -> None:
    days = dg.DailyPartitionsDefinition("2024-02-28")

    assert days.get_partition_keys(at("2024-02-28T23:59:59.999999")) == []
    assert days.get_partition_keys(at("2024-02-29")) == ["2024-02-28"]
    assert days.get_partition_keys(at("2024-03-02")) == ["2024-02-28", "2024-02-29", "2024-03-01"]


@pytest.mark.parametrize(
    ("partitions", "now", "keys"),
    [
        (
            dg.HourlyPartitionsDefinition("2024-01-01-22:00"),
            "2024-01-02T01:30",
            ["2024-01-01-22:00", "2024-01-01-23:00", "2024-01-02-00:00"],
        ),
        (
            dg.HourlyPartitionsDefinition("2024-01-01-22:00", minute_offset=15),
            "2024-01-02T01:14",
            ["2024-01-01-22:15", "2024-01-01-23:15"],
        ),
        (dg.DailyPartitionsDefinition("2023-12-31", None, 30, 1), "2024-01-01T01:30", ["2023-12-31"]),
        (dg.DailyPartitionsDefinition("2023-12-31", None, 31, 1), "2024-01-01T01:30", []),
        (
            dg.WeeklyPartitionsDefinition("2023-12-01"),
            "2024-01-02",
            ["2023-12-03", "2023-12-10", "2023-12-17", "2023-12-24"],
        ),
        (
            dg.WeeklyPartitionsDefinition("2023-12-15", day_offset=6),
            "2024-01-02",
            ["2023-12-16", "2023-12-23"],
        ),
        (
            dg.MonthlyPartitionsDefinition("2023-10-01"),
            "2024-01-02",
            ["2023-10-01", "2023-11-01", "2023-12-01"],
        ),
        (dg.MonthlyPartitionsDefinition("2023-10-02"), "2024-01-02", ["2023-11-01", "2023-12-01"]),
        (
            dg.MonthlyPartitionsDefinition("2023-10-01", day_offset=15),
            "2024-01-02",
            ["2023-10-15", "2023-11-15"],
        ),
        (dg.MonthlyPartitionsDefinition("2023-11", fmt="%Y-%m"), "2024-01-02", ["2023-11", "2023-12"]),
        (dg.DailyPartitionsDefinition("31.12.2023", fmt="%d.%m.%Y"), "2024-01-01", ["31.12.2023"]),
        (dg.DailyPartitionsDefinition(datetime(2023, 12, 31)), "2024-01-01", ["2023-12-31"]),
        (
            dg.DailyPartitionsDefinition(datetime(2023, 12, 31, 5, tzinfo=UTC), timezone="America/New_York"),
            "2024-01-01T05:00",
            ["2023-12-31"],
        ),
    ],
)
def test_keys_are_the_starts_of_the_windows_that_are_over(
    partitions: dg.PartitionsDefinition, now: str, keys: list[str]
) -> None:
    moment = at(now)

    assert partitions.get_partition_keys(moment) == keys
    assert all(partitions.has_partition_key(key, moment) for key in keys)
    assert partitions.get_first_partition_key(moment) == (keys[0] if keys else None)
    assert partitions.get_last_partition_key(moment) == (keys[-1] if keys else None)


@pytest.mark.parametrize(
    ("end_offset", "last"), [(0, "2024-01-04"), (1, "2024-01-05"), (3, "2024-01-07"), (-2, "2024-01-02")]
)
def test_the_end_offset_adds_windows_to_come_or_leaves_the_last_ones_out(end_offset: int, last: str) -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", end_offset=end_offset)
    now = at("2024-01-05T12:00")

    assert days.get_last_partition_key(now) == last
    assert days.get_partition_keys(now)[-1] == last
    following = str(datetime.fromisoformat(last).date() + timedelta(days=1))
    assert (days.has_partition_key(last, now), days.has_partition_key(following, now)) == (True, False)


@pytest.mark.parametrize("end_offset", [0, 5])
def test_no_window_ends_after_the_end_date(end_offset: int) -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", "2024-01-03", end_offset=end_offset)

    assert days.get_partition_keys(at("2030-01-01")) == ["2024-01-01", "2024-01-02"]
    assert not days.has_partition_key("2024-01-03", at("2030-01-01"))


def test_without_a_time_the_clock_says_which_days_are_over() -> None:
    yesterday, today = (datetime.now(UTC).date() - timedelta(days=1), datetime.now(UTC).date())
    days = dg.DailyPartitionsDefinition("2024-01-01")

    assert days.has_partition_key(str(yesterday))
    # A test that runs at midnight sees one of the two.
    assert days.get_last_partition_key() in (str(yesterday), str(today))
    assert not days.has_partition_key(str(today + timedelta(days=2)))


def test_a_time_without_a_zone_is_one_of_the_partitions_zone() -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", timezone="America/New_York")

    assert days.get_partition_keys(datetime(2024, 1, 2)) == ["2024-01-01"]
    assert days.get_partition_keys(datetime(2024, 1, 2, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "2023-12-31",
        "2024-1-2",
        "2024-01-02 ",
        "2024-01-02-00:00",
        "2024-01-02+0000",
        "2024-02-30",
        "0001-01-01",
        "9999-12-31",
    ],
)
def test_what_is_no_key_is_none(key: str) -> None:
    assert not dg.DailyPartitionsDefinition("2024-01-01").has_partition_key(key, at("2024-02-01"))


def test_a_key_between_two_starts_is_none() -> None:
    now = at("2024-02-01")

    assert not dg.WeeklyPartitionsDefinition("2024-01-01").has_partition_key("2024-01-08", now)
    assert not dg.HourlyPartitionsDefinition("2024-01-01-00:00").has_partition_key("2024-01-01-00:30", now)


def test_one_of_seventy_million_hours_is_found_without_naming_them_all() -> None:
    hours = dg.HourlyPartitionsDefinition(datetime(1000, 1, 1), timezone="Europe/Paris", fmt="%Y-%m-%d-%H")
    end = datetime(9000, 1, 1, tzinfo=UTC)

    for _ in range(100):
        assert hours.has_partition_key("8999-06-15-13", end)
        assert not hours.has_partition_key("9001-06-15-13", end)
        assert hours.get_last_partition_key(end) == "9000-01-01-00"


# --- changes of clocks ----------------------------------------------------------------------------


def test_the_hour_that_clocks_leave_out_is_no_partition() -> None:
    hours = dg.HourlyPartitionsDefinition("2024-03-10-00:00", "2024-03-10-05:00", timezone="America/New_York")

    keys = hours.get_partition_keys()

    assert keys == ["2024-03-10-00:00", "2024-03-10-01:00", "2024-03-10-03:00", "2024-03-10-04:00"]
    assert not hours.has_partition_key("2024-03-10-02:00")


def test_the_hour_that_clocks_repeat_is_two_partitions_with_keys_of_their_own() -> None:
    hours = dg.HourlyPartitionsDefinition("2024-11-03-00:00", "2024-11-03-03:00", timezone="America/New_York")

    keys = hours.get_partition_keys()

    assert keys == ["2024-11-03-00:00", "2024-11-03-01:00", "2024-11-03-01:00-0500", "2024-11-03-02:00"]
    assert all(hours.has_partition_key(key) for key in keys)
    windows = [hours.time_window_for_partition_key(key) for key in keys]
    assert [str(window.start.utcoffset()) for window in windows[1:3]] == [
        "-1 day, 20:00:00",
        "-1 day, 19:00:00",
    ]
    starts = [window.start.astimezone(UTC) for window in windows]
    assert [window.end.astimezone(UTC) for window in windows[:-1]] == starts[1:]


@pytest.mark.parametrize(("day", "hours"), [("2024-03-10", 23), ("2024-11-03", 25), ("2024-07-01", 24)])
def test_a_day_is_as_long_as_the_zone_makes_it(day: str, hours: int) -> None:
    window = dg.DailyPartitionsDefinition(
        "2024-01-01", timezone="America/New_York"
    ).time_window_for_partition_key(day)

    assert window.end.astimezone(UTC) - window.start.astimezone(UTC) == timedelta(hours=hours)
    assert window.start == datetime.fromisoformat(day).replace(tzinfo=NEW_YORK)


def test_a_day_that_begins_at_a_time_that_clocks_leave_out_begins_right_after_the_gap() -> None:
    days = dg.DailyPartitionsDefinition("2024-03-09", "2024-03-12", 30, 2, timezone="America/New_York")

    assert days.get_partition_keys() == ["2024-03-09", "2024-03-10"]
    window = days.time_window_for_partition_key("2024-03-10")
    assert window.start.astimezone(UTC) == at("2024-03-10T07:00")


def test_a_day_that_begins_at_a_time_that_clocks_repeat_begins_at_the_first_one() -> None:
    days = dg.DailyPartitionsDefinition("2024-11-02", "2024-11-05", 30, 1, timezone="America/New_York")

    assert days.get_partition_keys() == ["2024-11-02", "2024-11-03"]
    window = days.time_window_for_partition_key("2024-11-03")
    assert window.start.astimezone(UTC) == at("2024-11-03T05:30")


def test_clocks_that_change_by_half_an_hour_leave_no_gap_between_hours() -> None:
    hours = dg.HourlyPartitionsDefinition(
        "2024-04-06-23:45", "2024-04-07-03:45", minute_offset=45, timezone="Australia/Lord_Howe"
    )

    keys = hours.get_partition_keys()

    assert keys[2:4] == ["2024-04-07-01:45", "2024-04-07-01:45+1030"]
    assert all(hours.has_partition_key(key) for key in keys)
    windows = [hours.time_window_for_partition_key(key) for key in keys]
    starts = [window.start.astimezone(UTC) for window in windows]
    assert [window.end.astimezone(UTC) for window in windows[:-1]] == starts[1:]


# --- windows, ranges, equality --------------------------------------------------------------------


def test_a_window_goes_from_its_start_to_the_next_one() -> None:
    months = dg.MonthlyPartitionsDefinition("2023-01-01")

    window = months.time_window_for_partition_key("2023-12-01")

    assert window == dg.TimeWindow(at("2023-12-01"), at("2024-01-01"))
    assert months.time_window_for_partition_key("2999-12-01").start.year == 2999


def test_a_window_of_what_is_no_key_is_refused_with_a_key_to_look_at() -> None:
    with pytest.raises(dg.DagsterUnknownPartitionError, match=r"'2024-1' is no key .*look like '2024-01-01'"):
        dg.DailyPartitionsDefinition("2024-01-01").time_window_for_partition_key("2024-1")


def test_a_range_holds_the_keys_from_the_first_to_the_last() -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", "2024-02-01")

    keys = days.get_partition_keys_in_range(dg.PartitionKeyRange("2024-01-30", "2024-01-31"))

    assert keys == ["2024-01-30", "2024-01-31"]
    with pytest.raises(dg.DagsterUnknownPartitionError, match="no partition '2024-02-01'"):
        days.get_partition_keys_in_range(dg.PartitionKeyRange("2024-01-30", "2024-02-01"))


def test_definitions_are_equal_by_what_they_stand_for() -> None:
    one = dg.DailyPartitionsDefinition("2024-01-01")

    assert one == dg.DailyPartitionsDefinition(datetime(2024, 1, 1))
    assert hash(one) == hash(dg.DailyPartitionsDefinition(datetime(2024, 1, 1)))
    assert one not in [
        dg.DailyPartitionsDefinition("2024-01-02"),
        dg.DailyPartitionsDefinition("2024-01-01", "2024-02-01"),
        dg.DailyPartitionsDefinition("2024-01-01", timezone="Europe/London"),
        dg.DailyPartitionsDefinition("2024-01-01", end_offset=1),
        dg.DailyPartitionsDefinition("2024-01-01", hour_offset=1),
        dg.WeeklyPartitionsDefinition("2024-01-01", day_offset=1),
    ]


# --- what cannot be defined -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("define", "why"),
    [
        (lambda: dg.DailyPartitionsDefinition("1.1.2024"), "start_date '1.1.2024' .* like '2024-01-31'"),
        (lambda: dg.DailyPartitionsDefinition("2024-01-01", "x"), "end_date 'x'"),
        (
            lambda: dg.DailyPartitionsDefinition("2024-01-01", timezone="Mars/North"),
            "no time zone 'Mars/North'",
        ),
        (lambda: dg.DailyPartitionsDefinition("2024-01-01", timezone="../x"), "no time zone"),
        (lambda: dg.DailyPartitionsDefinition("2024-01", fmt="%Y-%m"), "does not tell its partitions apart"),
        (lambda: dg.HourlyPartitionsDefinition("2024-01-01", fmt="%Y-%m-%d"), "does not tell its partitions"),
        (lambda: dg.HourlyPartitionsDefinition("2024-01-01-00:00", minute_offset=60), "in 0 to 59"),
        (lambda: dg.DailyPartitionsDefinition("2024-01-01", hour_offset=24), "hour_offset .* is 24"),
        (lambda: dg.WeeklyPartitionsDefinition("2024-01-01", day_offset=7), "in 0 to 6"),
        (lambda: dg.MonthlyPartitionsDefinition("2024-01-01", day_offset=29), "in 1 to 28"),
        (lambda: dg.MonthlyPartitionsDefinition("2024-01-01", day_offset=0), "in 1 to 28"),
    ],
)
def test_partitions_that_cannot_be_are_refused(define: Callable[[], Any], why: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=why):
        define()


@pytest.mark.parametrize(
    "options", [{"start_date": 2024}, {"start_date": "2024-01-01", "end_offset": "1"}, {"start_date": None}]
)
def test_parameters_of_the_wrong_type_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(CheckError, match="give a"):
        dg.DailyPartitionsDefinition(**options)
