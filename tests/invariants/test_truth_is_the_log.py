"""Invariant 1: the log is the only truth: every projection can be dropped and rebuilt, and is equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ticktrail as dg
from conformance.sensors import sensor_of
from harness.engine import EngineHarness
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.run_key_index import MappedRunKeyIndex, MemoryRunKeyIndex
from ticktrail.core.events import (
    AnyEvent,
    CursorReset,
    RunFailed,
    RunKeysReleased,
    RunStarted,
    RunSucceeded,
    SensorStarted,
    SensorStopped,
)
from ticktrail.core.log import EventLog
from ticktrail.core.run_keys import RunKeyIndex
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates


class ReadModels:
    """All that an engine keeps, folded by a reader of its own."""

    def __init__(self, index: RunKeyIndex | None = None) -> None:
        self.states, self.outbox = SensorStates(), Outbox()
        self.index = index or MemoryRunKeyIndex()
        self._folds = (self.states, self.outbox, RunKeys(self.index))

    def read(self, log: EventLog, stop: int | None = None) -> ReadModels:
        """Fold what is new in *log*, up to before offset *stop*."""
        for frame in log.read(min(fold.checkpoint for fold in self._folds), stop):
            for fold in self._folds:
                fold.apply(frame.first_offset, frame.events)
        return self

    def take(self, events: Sequence[AnyEvent]) -> ReadModels:
        """Fold a whole log in one batch."""
        for fold in self._folds:
            fold.apply(0, events)
        return self

    def content(self) -> tuple[Any, ...]:
        return content(self.states, self.index, self.outbox)


def content(states: SensorStates, index: RunKeyIndex, outbox: Outbox) -> tuple[Any, ...]:
    """Return everything that read models hold, as values that can be compared."""
    open_runs = [msgspec.to_builtins(run) for run in (*outbox.pending(), *outbox.running())]
    checkpoints = (states.checkpoint, index.checkpoint, outbox.checkpoint)
    return states.digest(), index.digest(), index.count(), open_runs, checkpoints


def walker(context: dg.SensorEvaluationContext) -> Any:
    """Requests two keys a tick, one of them of the tick before; fails each fourth time."""
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    if number % 4 == 0 and context.last_run_key == f"key {number}":
        raise ValueError(number)
    return [dg.RunRequest(run_key=f"key {number}"), dg.RunRequest(run_key=f"key {number + 1}")]


def idler(context: dg.SensorEvaluationContext) -> Any:
    yield dg.RunRequest()
    yield dg.RunRequest(run_key="bad", run_config={"no": "such config"})
    context.update_cursor("never stored")


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> EngineHarness:
    log = open_event_log(tmp_path / "log.sqlite") if request.param == "sqlite" else None
    if log is not None:
        request.addfinalizer(log.close)
    return EngineHarness(sensor_of(walker, name="walker"), sensor_of(idler, name="idler"), log=log)


def live(engine: EngineHarness) -> None:
    """Let the engine live through a little of everything."""
    for turn in range(8):
        engine.beat(31)
        engine.clock.advance(31)
        in_flight = engine.start().tickets
        engine.operate(*operators(engine, turn))
        engine.finish(*in_flight)
        engine.operate(*course_of_a_run(engine, turn))
        if turn in (2, 5):
            engine.start()
            engine.restart()
    engine.engine.catch_up()


def operators(engine: EngineHarness, turn: int) -> list[AnyEvent]:
    at, known = engine.clock.now(), ReadModels().read(engine.log)
    cursor = known.states.get("walker").cursor
    choices: list[list[AnyEvent]] = [
        [CursorReset(at=at, sensor="walker", actor="ann", before=cursor, after="2")],
        [SensorStopped(at=at, sensor="idler", actor="ann")],
        [RunKeysReleased(at=at, sensor="walker", actor="ann", run_keys=["key 1", "key 2", "none"])],
        [SensorStarted(at=at, sensor="idler", actor="ann")],
    ]
    return choices[turn % 4]


def course_of_a_run(engine: EngineHarness, turn: int) -> list[AnyEvent]:
    at = engine.clock.now()
    run = next(ReadModels().read(engine.log).outbox.pending())
    who: dict[str, Any] = {"at": at, "run": run.request.run, "cause": run.offset}
    start = RunStarted(**who, where="here", host="here", pid=1)
    ends: list[list[AnyEvent]] = [[], [RunSucceeded(**who)], [RunFailed(**who, error="bad")]]
    return [start, *ends[turn % 3]]


def test_what_the_engine_keeps_is_what_anyone_reads_from_the_log(engine: EngineHarness) -> None:
    """Seen to fail when `Engine._fold` did not give its own events to every read model."""
    live(engine)

    rebuilt = ReadModels().read(engine.log)

    assert content(engine.states, engine.index, engine.outbox) == rebuilt.content()


def test_read_models_that_are_given_the_log_again_at_any_offset_equal_rebuilt_ones(
    engine: EngineHarness,
) -> None:
    """Seen to fail when `SensorStates.apply` counted on from *first_offset* in place of its checkpoint."""
    live(engine)
    events, whole = engine.events(), ReadModels().read(engine.log).content()

    differing = [
        cut
        for cut in range(len(events) + 1)
        if ReadModels().read(engine.log, cut).take(events).content() != whole
    ]

    assert differing == []


def test_read_models_that_take_everything_at_once_equal_those_that_go_frame_by_frame(
    engine: EngineHarness,
) -> None:
    """Seen to fail when `RunKeys.apply` forgot the claims before a release in the same batch."""
    live(engine)

    at_once = ReadModels().take(engine.events())

    assert at_once.content() == ReadModels().read(engine.log).content()


def test_run_keys_resumed_from_a_file_equal_rebuilt_ones(engine: EngineHarness, tmp_path: Path) -> None:
    """Seen to fail when `MappedRunKeyIndex.advance` noted a checkpoint that was one too great."""
    live(engine)
    head = engine.log.head()
    whole = ReadModels().read(engine.log).content()

    differing = []
    for cut in range(0, head + 1, 3):
        first = ReadModels(MappedRunKeyIndex(tmp_path / "keys", engine.log)).read(engine.log, cut)
        if cut % 2:
            first.index.save()
        first.index.close()
        resumed = ReadModels(MappedRunKeyIndex(tmp_path / "keys", engine.log)).read(engine.log)
        if resumed.content() != whole:
            differing.append(cut)
        resumed.index.close()
        (tmp_path / "keys").unlink()

    assert differing == []


def test_an_engine_that_keeps_nothing_goes_on_where_the_last_one_was(engine: EngineHarness) -> None:
    """Seen to fail when `sensor_state.evolve` ignored ``CursorUpdated``, and when `RunKeys` missed claims."""
    for number in range(1, 4):
        engine.restart()
        engine.beat(31)

        assert engine.state("walker").cursor == str(number)
        keys = [request.run_key for request in engine.requests() if request.sensor == "walker"]
        assert keys == [f"key {key}" for key in range(1, number + 2)]
