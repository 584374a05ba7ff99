"""The small read models' snapshot: a short cut to where the log was read to, and never more than that."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from story import Story
from ticktrail.adapters import state_snapshot
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.adapters.state_snapshot import StateSnapshot
from ticktrail.core.events import AnyEvent, DynamicPartitionsChanged
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.sensor_states import SensorStates


def told() -> list[AnyEvent]:
    """A life with an open tick, a run that waits, one that goes on, and partitions."""
    story = Story()
    story.define("inbox", "RUNNING")
    story.end_tick(story.start_tick("inbox"), "a", "b", cursor="c1")
    story.add(DynamicPartitionsChanged(at=story.at, partitions="p", added=["x", "y"]))
    story.end_tick(story.start_tick("inbox"), "a", "c", cursor="c2")
    story.start_tick("inbox")
    return story.events


EVENTS = told()


class Models:
    """The read models of one engine."""

    def __init__(self) -> None:
        self.states, self.outbox, self.partitions = SensorStates(), Outbox(), DynamicPartitions()
        self.all = self.states, self.outbox, self.partitions

    def read(self, log: MemoryEventLog) -> Models:
        for model in self.all:
            for frame in log.read(model.checkpoint):
                model.apply(frame.first_offset, frame.events)
        return self

    def contents(self) -> list[object]:
        return [(model.checkpoint, model.dump()) for model in self.all]


def append(log: MemoryEventLog, first: int, stop: int) -> None:
    log.append(EVENTS[first:stop], expected=first, recorded_at=first, writer="test")


@pytest.fixture
def log() -> Iterator[MemoryEventLog]:
    log = MemoryEventLog()
    append(log, 0, len(EVENTS) - 3)
    yield log
    log.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "states.snapshot"


def saved(path: Path, log: MemoryEventLog) -> Models:
    models = Models().read(log)
    StateSnapshot(path, log, *models.all).save()
    return models


def restored(path: Path, log: MemoryEventLog) -> Models:
    models = Models()
    StateSnapshot(path, log, *models.all).restore()
    return models


def test_what_was_saved_is_there_again_with_its_checkpoint(path: Path, log: MemoryEventLog) -> None:
    before = saved(path, log).contents()

    assert restored(path, log).contents() == before != Models().contents()


def test_carried_on_from_a_snapshot_the_models_equal_those_read_from_the_start(
    path: Path, log: MemoryEventLog
) -> None:
    saved(path, log)
    append(log, len(EVENTS) - 3, len(EVENTS))

    carried_on = restored(path, log)

    assert carried_on.states.checkpoint == len(EVENTS) - 3
    assert carried_on.read(log).contents() == Models().read(log).contents()


def test_without_a_file_the_models_stay_empty(path: Path, log: MemoryEventLog) -> None:
    assert restored(path, log).contents() == Models().contents()


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_changed_byte_is_noticed(
    path: Path, log: MemoryEventLog, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    saved(path, log)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)

    assert restored(path, log).contents() == Models().contents()
    assert "truncated or changed" in caplog.text


@pytest.mark.parametrize("length", [0, 7, 100])
def test_a_truncated_file_is_noticed(path: Path, log: MemoryEventLog, length: int) -> None:
    saved(path, log)
    path.write_bytes(path.read_bytes()[:length])

    assert restored(path, log).contents() == Models().contents()


def test_a_snapshot_of_another_log_is_passed_over(
    path: Path, log: MemoryEventLog, caplog: pytest.LogCaptureFixture
) -> None:
    saved(path, log)
    other = MemoryEventLog()
    other.append(EVENTS, expected=0, recorded_at=99, writer="other")

    assert restored(path, other).contents() == Models().contents()
    assert "of another log" in caplog.text


def test_a_snapshot_that_is_ahead_of_its_log_is_passed_over(path: Path, log: MemoryEventLog) -> None:
    saved(path, log)
    shorter = MemoryEventLog()
    append(shorter, 0, 5)

    assert restored(path, shorter).contents() == Models().contents()


def test_a_snapshot_of_another_release_is_passed_over(
    path: Path, log: MemoryEventLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as older:
        older.setattr(state_snapshot, "version", lambda name: "0.0.1")
        saved(path, log)

    assert restored(path, log).contents() == Models().contents()
    assert "release 0.0.1 saved it" in caplog.text


def test_a_snapshot_of_which_one_model_cannot_be_loaded_changes_none(
    path: Path, log: MemoryEventLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as other:
        other.setattr(Outbox, "dump", lambda outbox: msgspec.msgpack.encode("of another shape"))
        saved(path, log)

    assert restored(path, log).contents() == Models().contents()
    assert "cannot be used" in caplog.text


def test_a_snapshot_that_cannot_be_written_costs_a_warning_and_leaves_the_last_one(
    path: Path, log: MemoryEventLog, caplog: pytest.LogCaptureFixture
) -> None:
    before = saved(path, log).contents()
    path.with_name(path.name + ".unfinished").mkdir()

    with caplog.at_level(logging.WARNING):
        saved(path, log)

    assert "could not be kept" in caplog.text
    assert restored(path, log).contents() == before


def test_it_saves_by_itself_once_enough_was_folded_in(
    path: Path, log: MemoryEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models().read(log)
    snapshot = StateSnapshot(path, log, *models.all)
    monkeypatch.setattr(state_snapshot, "EVENTS_PER_SAVE", models.states.checkpoint + 1)
    snapshot.save_if_due()
    too_early = path.exists()
    monkeypatch.setattr(state_snapshot, "EVENTS_PER_SAVE", models.states.checkpoint)
    snapshot.save_if_due()

    assert (too_early, path.exists()) == (False, True)
