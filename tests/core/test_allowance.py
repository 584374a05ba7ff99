"""How many new runs a sensor may ask for now: the count of its last hour."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticktrail.core.allowance import Recent, allowance, room_at, with_requested
from ticktrail.core.authoring.sensor_limits import SensorLimits

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

#: 2026-01-01 00:00:00 UTC.
BEGIN = 1_767_225_600_000_000

#: Times between two ticks, most of them close to where a minute or an hour is over.
GAPS = st.integers(0, 2 * HOUR) | st.builds(
    lambda whole, second: whole + second * SECOND,
    st.sampled_from([0, MINUTE, HOUR - MINUTE, HOUR]),
    st.integers(0, 3) | st.integers(57, 59),
)


def allowed(recent: Recent, at: int) -> int:
    return allowance(SensorLimits(max_run_requests_per_hour=2), recent, at)[0]


def test_a_run_less_than_an_hour_ago_counts_over_the_border_of_a_minute() -> None:
    """Fails if the count of the 60th minute before is dropped when another run is noted."""
    late_in_its_minute, soon_in_its_minute = BEGIN + 59 * SECOND, BEGIN + HOUR + SECOND
    recent = with_requested((), 1, late_in_its_minute)

    recent = with_requested(recent, 1, soon_in_its_minute)

    assert allowed(recent, soon_in_its_minute + SECOND) == 0


@settings(max_examples=300)
@given(
    gaps=st.lists(GAPS, max_size=30),
    asked=st.lists(st.integers(0, 3), min_size=30, max_size=30),
    per_hour=st.integers(1, 4),
)
def test_no_hour_holds_more_than_is_allowed(gaps: list[int], asked: list[int], per_hour: int) -> None:
    """Fails if the count of the 60th minute before is dropped when another run is noted."""
    limits = SensorLimits(max_run_requests_per_hour=per_hour)
    recent: Recent = ()
    at, runs = BEGIN, list[int]()

    for gap, wish in zip(gaps, asked, strict=False):
        at += gap
        granted = min(wish, allowance(limits, recent, at)[0])
        recent = with_requested(recent, granted, at)
        runs += [at] * granted

    assert all(sum(last - HOUR < then <= last for then in runs) <= per_hour for last in runs)


@given(st.lists(st.integers(0, 10 * MINUTE), max_size=300))
def test_what_is_kept_is_bounded(gaps: list[int]) -> None:
    recent: Recent = ()
    at = BEGIN

    for gap in gaps:
        at += gap
        recent = with_requested(recent, 1, at)

    assert len(recent) <= 61
    assert list(recent) == sorted(recent)


def test_there_is_room_when_the_minute_of_the_first_run_is_an_hour_ago() -> None:
    recent = with_requested(with_requested((), 1, BEGIN + 30 * SECOND), 1, BEGIN + 5 * MINUTE)

    at = room_at(recent, BEGIN + 6 * MINUTE)

    assert at == BEGIN + MINUTE + HOUR
    assert (allowed(recent, at - 1), allowed(recent, at)) == (0, 1)


@pytest.mark.parametrize(("set_back", "left"), [(MINUTE, 0), (HOUR, 0), (HOUR + MINUTE, 2), (24 * HOUR, 2)])
def test_a_clock_that_is_set_back_far_suspends_nothing(set_back: int, left: int) -> None:
    """Fails if whatever lies ahead counts: the sensor would wait until the clock has caught up."""
    recent = with_requested((), 2, BEGIN)

    assert allowed(recent, BEGIN - set_back) == left


def test_what_a_clock_counted_before_it_was_set_back_is_forgotten_with_the_next_run() -> None:
    recent = with_requested((), 2, BEGIN)

    recent = with_requested(recent, 1, BEGIN - 24 * HOUR)

    assert allowed(recent, BEGIN) == 2
