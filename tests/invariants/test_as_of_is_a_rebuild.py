"""Invariant 1 at any time: what was at a position is what a rebuild of the log's events up to there gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import get_args

import msgspec
import pytest

from long_history import SENSORS, History
from read_models import READ_MODELS
from ticktrail.adapters.folding import fold
from ticktrail.adapters.home import Home
from ticktrail.adapters.past import log_at, log_until
from ticktrail.adapters.run_key_index import MappedRunKeyIndex
from ticktrail.adapters.state_snapshot import StateSnapshot
from ticktrail.core.events import AnyEvent
from ticktrail.core.log import EventLog
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates

EVENTS, POSITIONS = 2_000, 1_000

KEYS = [str(key) for key in range(100)]


class AllReadModels:
    """One of each."""

    def __init__(self) -> None:
        self.models = {name: build() for name, (build, _) in READ_MODELS.items()}

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        for model in self.models.values():
            model.apply(first_offset, events)

    def digests(self) -> dict[str, bytes]:
        return {name: _digest((m.checkpoint, READ_MODELS[name][1](m))) for name, m in self.models.items()}


def _digest(content: object) -> bytes:
    return blake2b(msgspec.msgpack.encode(content, order="deterministic"), digest_size=16).digest()


@pytest.fixture(scope="module")
def history() -> History:
    history = History(seed=20260101)
    history.tell(EVENTS)
    return history


@pytest.fixture(scope="module")
def home(history: History, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose log was written by clocks that disagree, and whose index and snapshot are of the log's end."""
    home = Home.open(tmp_path_factory.mktemp("home"), create=True)
    with closing(home.log()) as log:
        clocks = Random(6)
        for append in history.appends():
            recorded_at = append[-1].at + clocks.randrange(-5_000_000, 5_000_000)
            log.append(append, expected=None, recorded_at=recorded_at, writer="engine:1")
        states, partitions = SensorStates(), DynamicPartitions()
        with closing(home.run_keys(log)) as index:
            fold(log, RunKeys(index), states, partitions)
            index.save()
        StateSnapshot(home.states_path, log, states, partitions).save()
    return home


@pytest.fixture
def log(home: Home) -> Iterator[EventLog]:
    with closing(home.log()) as log:
        yield log


def test_the_history_has_events_of_every_kind_and_appends_of_every_size(
    history: History, log: EventLog
) -> None:
    sizes = {len(frame.events) for frame in log.read()}

    assert {type(event) for event in history.story.events} == set(get_args(AnyEvent))
    assert min(sizes) == 1
    assert max(sizes) > 256


def test_at_any_position_every_read_model_is_what_a_rebuild_of_the_events_before_it_gives(
    history: History, log: EventLog
) -> None:
    """Seen to fail when `PrefixLog.read` did not cut the last frame, and when it cut one event too many."""
    events, rebuilt = history.story.events, AllReadModels()
    positions = sorted(Random(7).sample(range(len(events) + 1), POSITIONS))

    differing, before = [], 0
    for position in positions:
        rebuilt.apply(before, events[before:position])
        before, past = position, AllReadModels()
        fold(log_until(log, position), *past.models.values())
        if past.digests() != rebuilt.digests():
            differing.append(position)

    assert differing == []


def some_positions(history: History) -> list[int]:
    return [0, 1, *Random(8).sample(range(2, history.story.head), 10), history.story.head]


def test_a_log_that_was_rebuilt_up_to_there_gives_the_same_index_and_states(
    history: History, log: EventLog, tmp_path: Path
) -> None:
    """The whole way of `ticktrail rebuild`, on a log of its own that never had more events."""
    differing = []
    for position in some_positions(history):
        home = Home.open(tmp_path / str(position), create=True)
        past, as_of = log_until(log, position), AllReadModels()
        fold(past, *as_of.models.values())
        with closing(home.log()) as rebuilt, closing(MappedRunKeyIndex(home.run_keys_path, rebuilt)) as index:
            if position:
                events = history.story.events[:position]
                rebuilt.append(events, expected=0, recorded_at=events[-1].at, writer="engine:1")
            states, partitions = SensorStates(), DynamicPartitions()
            assert fold(rebuilt, RunKeys(index), states, partitions) == past.head()
            digests = [index.digest(), states.digest(), partitions.digest()]
        of = as_of.models
        if digests != [
            of["run keys"].index.digest(),
            of["sensor states"].digest(),
            of["dynamic partitions"].digest(),
        ]:
            differing.append(position)

    assert differing == []


def test_the_run_key_index_of_the_head_has_no_say_in_what_was(
    history: History, home: Home, log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    """Seen to fail when `PrefixLog.head` and `PrefixLog.read` were those of the whole log."""
    differing = []
    for position in some_positions(history)[:-1]:
        past, alone = log_until(log, position), READ_MODELS["run keys"][0]()
        fold(past, alone)
        with closing(home.run_key_owners(past)) as index:
            keys = RunKeys(index)
            fold(past, keys)
            if [list(keys.owners(name, KEYS)) for name in SENSORS] != [
                list(alone.owners(name, KEYS)) for name in SENSORS
            ]:
                differing.append(position)

    assert differing == []
    assert caplog.text.count("events that this one has not") == len(some_positions(history)) - 1


def test_the_snapshot_of_the_head_has_no_say_in_what_was(
    history: History, home: Home, log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    """Seen to fail when `PrefixLog.head` and `PrefixLog.read` were those of the whole log."""
    for position in some_positions(history)[:-1]:
        states, partitions = SensorStates(), DynamicPartitions()

        StateSnapshot(home.states_path, log_until(log, position), states, partitions).restore()

        assert (states.checkpoint, states.names()) == (0, [])


def test_a_time_is_the_position_behind_all_that_was_recorded_by_then(history: History, log: EventLog) -> None:
    """Seen to fail when the search ended at the first frame that was recorded later."""
    frames, now = list(log.read()), history.story.at + 10_000_000
    for at in (frame.recorded_at + more for frame in frames for more in (0, 1)):
        expected = max(frame.next_offset for frame in frames if frame.recorded_at <= at)
        assert log_at(log, at, now).head() == expected
