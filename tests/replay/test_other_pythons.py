"""A tape of another version of Python: where what comes of it differs, that is said."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ticktrail as dg
from harness.engine import EngineHarness
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.authoring.sensor import SensorDefinition
from ticktrail.core.events import SensorDefined
from ticktrail.core.python_version import PYTHON
from ticktrail.core.replay import Backtest, Replayed, replay
from ticktrail.core.replay.summary import Summary
from ticktrail.projections.past_ticks import past_ticks

NOTE = f"it was recorded under Python 3.9, and this is Python {PYTHON}: they may read and decide otherwise"


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@dg.op
def load() -> None:
    pass


@dg.job
def load_job() -> None:
    load()


def sensor(folder: Path, suffix: str = "") -> SensorDefinition:
    @dg.sensor(job=load_job, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=1)
    def files() -> Iterator[dg.RunRequest]:
        for name in os.listdir(folder):
            yield dg.RunRequest(run_key=name + suffix)

    return files


def recorded_under(python: str | None, folder: Path) -> EngineHarness:
    """An engine whose log says that this version of Python ran it."""
    (folder / "a").touch()
    engine = EngineHarness(sensor(folder), jobs=[load_job], record=True)
    engine.beat(1)
    log = MemoryEventLog()
    for frame in engine.log.read():
        events = [
            msgspec.structs.replace(event, python=python) if isinstance(event, SensorDefined) else event
            for event in frame.events
        ]
        log.append(events, expected=None, recorded_at=frame.recorded_at, writer=frame.writer)
    engine.log = log
    return engine


def replayed(engine: EngineHarness, code: SensorDefinition) -> Replayed:
    (one,) = [replay(past, code, engine.definitions) for past in past_ticks(engine.log, code.name)]
    return one


def test_an_engine_notes_the_python_that_runs_it(tmp_path: Path) -> None:
    """Seen to fail when the field was left out of the definition."""
    engine = EngineHarness(sensor(tmp_path), jobs=[load_job], record=True)

    assert [event.python for event in engine.of(SensorDefined)] == [PYTHON]


def test_another_python_is_another_definition(tmp_path: Path) -> None:
    """Seen to fail when only the code counted: ticks from then on would have passed for those of the old one."""
    engine = recorded_under("3.9", tmp_path)
    engine.restart()

    assert [event.python for event in engine.of(SensorDefined)] == ["3.9", PYTHON]


def test_a_tick_that_differs_says_that_another_python_recorded_it(tmp_path: Path) -> None:
    """Seen to fail when the difference alone was told of."""
    told = replayed(recorded_under("3.9", tmp_path), sensor(tmp_path, ".new"))

    assert (told.verdict, told.python) == ("different", "3.9")
    assert told.why == [NOTE]


def test_a_tick_that_is_equal_needs_no_note(tmp_path: Path) -> None:
    told = replayed(recorded_under("3.9", tmp_path), sensor(tmp_path))

    assert (told.verdict, told.python, list(told.why)) == ("equal", "3.9", [])


@pytest.mark.parametrize("python", [None, PYTHON])
def test_of_the_same_python_and_of_one_that_is_not_known_nothing_is_said(
    tmp_path: Path, python: str | None
) -> None:
    told = replayed(recorded_under(python, tmp_path), sensor(tmp_path, ".new"))

    assert (told.verdict, told.python, list(told.why)) == ("different", python, [])


def test_a_backtest_counts_the_ticks_that_another_python_recorded_and_that_fail(tmp_path: Path) -> None:
    @dg.sensor(job=load_job, name="files")
    def changed() -> Any:
        os.listdir("/elsewhere")

    engine = recorded_under("3.9", tmp_path)
    summary = Summary(start=0, end=1)
    for code in (changed, sensor(tmp_path)):
        for tick in Backtest(code, engine.definitions).run(past_ticks(engine.log, "files")):
            summary.add(tick)

    assert summary.ticks == 2
    assert summary.versions == {NOTE: 1}
