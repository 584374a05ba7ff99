"""The tapes by which the next ones are compared."""

from __future__ import annotations

from ticktrail.adapters.daemon.last_tapes import LastTapes
from ticktrail.core.tape import Tape


def tape(size: int) -> Tape:
    return Tape({"files": bytes(size)})


def test_a_tape_is_taken_once_and_only_by_its_sensor() -> None:
    tapes, mine = LastTapes(), tape(5)
    tapes.keep("mine", mine)

    assert tapes.take("other") == Tape()
    assert tapes.take("mine") is mine
    assert tapes.take("mine") == Tape()


def test_those_that_were_kept_longest_make_room() -> None:
    """Seen to fail when what was taken went on counting."""
    tapes = LastTapes(most=100)
    for number in range(50):
        tapes.keep("often", tape(40))
        assert len(tapes.take("often").channels) == 1, number
    for sensor in ("a", "b", "c"):
        tapes.keep(sensor, tape(40))
    tapes.keep("huge", tape(101))

    assert [sensor for sensor in ("a", "b", "c", "huge") if tapes.take(sensor).channels] == []

    for sensor in ("a", "b", "c"):
        tapes.keep(sensor, tape(40))
    assert [sensor for sensor in ("a", "b", "c") if tapes.take(sensor).channels] == ["b", "c"]
