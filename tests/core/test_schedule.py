"""The due heap."""

from __future__ import annotations

from ticktrail.core.schedule import Schedule


def test_the_longest_due_sensor_comes_first_and_no_more_than_asked() -> None:
    schedule = Schedule()
    for sensor, due in (("b", 2.0), ("a", 1.0), ("c", 3.0), ("d", 9.0)):
        schedule.set(sensor, due)

    assert schedule.due(5.0, limit=2) == ["a", "b"]
    assert schedule.due(5.0, limit=9) == ["a", "b", "c"]


def test_a_sensor_set_twice_to_the_same_moment_is_due_once() -> None:
    schedule = Schedule()
    schedule.set("a", 1.0)
    schedule.set("a", 1.0)

    assert schedule.due(1.0, limit=9) == ["a"]


def test_a_later_moment_replaces_an_earlier_one() -> None:
    schedule = Schedule()
    schedule.set("a", 1.0)
    schedule.set("a", 5.0)

    assert schedule.due(2.0, limit=9) == []
    assert schedule.next_due() == 5.0


def test_a_dropped_sensor_is_never_due() -> None:
    schedule = Schedule()
    schedule.set("a", 1.0)
    schedule.drop("a")
    schedule.drop("unknown")

    assert schedule.next_due() is None
