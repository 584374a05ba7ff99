"""Invariant 7: nothing in the log is changed or deleted; whoever does it all the same is found out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conformance.sensors import asking, sensor_of
from harness.engine import EngineHarness
from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.errors import CorruptFrame
from ticktrail.core.events import SensorStopped
from ticktrail.core.log import EventLog

#: What is done to a frame, as a statement that takes its number.
DAMAGES = {
    "one byte changed": "UPDATE ticktrail_events SET state = "
    "CAST(substr(state, 1, 40) || x'ff' || substr(state, 42) AS BLOB) WHERE originator_version = ?",
    "cut short": "UPDATE ticktrail_events SET state = substr(state, 1, length(state) - 1) "
    "WHERE originator_version = ?",
    "emptied": "UPDATE ticktrail_events SET state = x'' WHERE originator_version = ?",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The log of an engine that has lived a little."""
    path = tmp_path / "log.sqlite"
    log = open_event_log(path)
    live(log)
    log.close()
    return path


def live(log: EventLog) -> None:
    engine = EngineHarness(sensor_of(asking("a", "b")), log=log)
    engine.beat()
    engine.operate(SensorStopped(at=1, sensor="other", actor="ann"))
    engine.beat(31)


def rows(path: Path) -> list[tuple[int, str, bytes]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(
            "SELECT originator_version, topic, state FROM ticktrail_events ORDER BY originator_version"
        ).fetchall()


def frames(path: Path) -> list[int]:
    return [number for number, _, _ in rows(path)]


@pytest.fixture
def damage(path: Path) -> Iterator[Callable[..., None]]:
    """Run a statement on the file, past everything of ours."""

    def damage(statement: str, *values: object) -> None:
        with closing(sqlite3.connect(path)) as file, file:
            assert file.execute(statement, values).rowcount > 0

    yield damage


def reported(path: Path) -> int | None:
    """The frame that a reader of the whole log is told is damaged, None if all are sound."""
    log = open_event_log(path)
    try:
        for _ in log.read():
            pass
    except CorruptFrame as error:
        assert f"frame {error.frame} of partition 'main' is damaged" in str(error)
        return error.frame
    finally:
        log.close()
    return None


def test_all_that_was_written_stays_as_it_was_whatever_is_appended(path: Path) -> None:
    """Seen to fail when `RecorderLog._insert` deleted a frame before it stored another."""
    before = rows(path)
    log = open_event_log(path)
    live(log)
    log.close()

    after = rows(path)
    assert after[: len(before)] == before and len(after) > len(before)
    assert [number for number, _, _ in after] == list(range(len(after)))
    assert reported(path) is None


@pytest.mark.parametrize("what", DAMAGES)
def test_a_frame_that_was_changed_is_reported(path: Path, damage: Callable[..., None], what: str) -> None:
    """Seen to fail when `frames._checked_body` did not compare the checksums."""
    sound = {number: state for number, _, state in rows(path)}

    found = {}
    for number, state in sound.items():
        damage(DAMAGES[what], number)
        found[number] = reported(path)
        damage("UPDATE ticktrail_events SET state = ? WHERE originator_version = ?", state, number)

    assert found == {number: number for number in sound}
    assert reported(path) is None


def test_a_frame_that_was_deleted_is_reported(path: Path, damage: Callable[..., None]) -> None:
    """Seen to fail when `frames._checked_body` did not compare the numbers.

    The last one is the exception: a log that is shorter is sound.
    """
    found = {}
    for row in rows(path)[:-1]:
        damage("DELETE FROM ticktrail_events WHERE originator_version = ?", row[0])
        found[row[0]] = reported(path)
        damage(
            "INSERT INTO ticktrail_events (originator_id, originator_version, topic, state) "
            "SELECT originator_id, ?, ?, ? FROM ticktrail_events LIMIT 1",
            *row,
        )

    assert found == {number: number for number in frames(path)[:-1]}


def test_a_frame_that_was_replaced_by_a_sound_one_is_reported_by_the_next(
    path: Path, damage: Callable[..., None], tmp_path: Path
) -> None:
    """Seen to fail when `frames._checked_place` did not compare the checksums of neighbours."""
    other = tmp_path / "other.sqlite"
    log = open_event_log(other)
    live(log)
    log.close()
    sound, forged = rows(path), rows(other)
    assert [len(state) for _, _, state in sound] == [len(state) for _, _, state in forged]

    damage("UPDATE ticktrail_events SET state = ? WHERE originator_version = 0", forged[0][2])

    assert reported(path) == 1
