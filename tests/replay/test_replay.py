"""Replay: the same code under the same tape gives the same decision, and anything else is told of."""

from __future__ import annotations

import os
import random
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ticktrail as dg
from harness.engine import EngineHarness
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.authoring.sensor import SensorDefinition
from ticktrail.core.events import (
    BlobStored,
    CursorReset,
    RunKeysReleased,
    SensorStopped,
    TapeRecorded,
    TickStarted,
)
from ticktrail.core.replay import Replayed, replay
from ticktrail.projections.past_ticks import PastTicks


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


def basic(folder: Path, **how: Any) -> SensorDefinition:
    """The guide's first sensor."""

    @dg.sensor(job=load_job, minimum_interval_seconds=1, default_status=RUNNING, **how)
    def directory_sensor() -> Iterator[dg.RunRequest]:
        for filename in os.listdir(folder):
            filepath = os.path.join(folder, filename)
            if os.path.isfile(filepath):
                yield dg.RunRequest(run_key=filename, tags={"file": filename})

    return directory_sensor


def with_cursor(folder: Path, **how: Any) -> SensorDefinition:
    """The guide's second sensor."""

    @dg.sensor(job=load_job, minimum_interval_seconds=1, default_status=RUNNING, **how)
    def directory_sensor_cursor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
        last_mtime = float(context.cursor) if context.cursor else 0
        max_mtime = last_mtime
        for filename in os.listdir(folder):
            filepath = os.path.join(folder, filename)
            if os.path.isfile(filepath):
                fstats = os.stat(filepath)
                file_mtime = fstats.st_mtime
                if file_mtime <= last_mtime:
                    continue
                run_key = f"{filename}:{file_mtime}"
                yield dg.RunRequest(run_key=run_key)
                max_mtime = max(max_mtime, file_mtime)
        context.update_cursor(str(max_mtime))

    return directory_sensor_cursor


RUNNING = dg.DefaultSensorStatus.RUNNING


def live(folder: Path, beats: int, *sensors: SensorDefinition, seed: int = 1) -> EngineHarness:
    """Let sensors tick while files come, change and go, and operators act."""
    chance = random.Random(seed)
    engine = EngineHarness(*sensors, jobs=[load_job], record=True)
    for beat in range(beats):
        _change(folder, chance, beat)
        if chance.random() < 0.02:
            _operate(engine, chance, [sensor.name for sensor in sensors])
        engine.beat(1)
    return engine


def _change(folder: Path, chance: random.Random, beat: int) -> None:
    file = folder / f"file-{chance.randrange(12)}"
    match chance.randrange(6):
        case 0 | 1:
            file.write_text(str(beat))
        case 2:
            file.unlink(missing_ok=True)
        case 3:
            (folder / f"folder-{chance.randrange(3)}").mkdir(exist_ok=True)
        case _:
            pass


def _operate(engine: EngineHarness, chance: random.Random, sensors: list[str]) -> None:
    sensor, at = chance.choice(sensors), engine.clock.now()
    if chance.random() < 0.5:
        keys = [f"file-{chance.randrange(12)}"]
        engine.operate(RunKeysReleased(at=at, sensor=sensor, actor="ann", run_keys=keys))
    else:
        cursor = chance.choice([None, "0", str(time.time() - chance.randrange(5))])
        engine.operate(
            CursorReset(at=at, sensor=sensor, actor="ann", before=engine.state(sensor).cursor, after=cursor)
        )


def replayed(engine: EngineHarness, sensor: SensorDefinition) -> list[Replayed]:
    def read(offset: int) -> Any:
        return next(engine.log.read(offset, offset + 1)).events[0]

    pasts = PastTicks(sensor.name, read).of(engine.log.read())
    return [replay(past, sensor, engine.definitions) for past in pasts]


def verdicts(engine: EngineHarness, sensor: SensorDefinition) -> Counter[str]:
    return Counter(each.verdict for each in replayed(engine, sensor))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def test_ten_thousand_ticks_of_the_guides_sensors_are_equal_also_when_the_folder_is_gone(
    folder: Path,
) -> None:
    """Seen to fail when owners were those of the head, and when the cursor was that of before the tick's start."""
    sensors = basic(folder), with_cursor(folder)
    engine = live(folder, 5_000, *sensors)
    tapes = engine.of(TapeRecorded)
    assert len(tapes) == len(engine.of(TickStarted)) == 10_000
    assert not any(tape.uncovered for tape in tapes)

    shutil.rmtree(folder)

    for sensor in sensors:
        assert verdicts(engine, sensor) == {"equal": 5_000}


def test_a_listing_that_did_not_change_costs_less_than_a_hundred_bytes(folder: Path) -> None:
    for number in range(1_000):
        (folder / f"file-{number}").touch()
    engine = EngineHarness(with_cursor(folder), jobs=[load_job], record=True)
    for _ in range(5):
        engine.beat(1)

    assert len(engine.of(BlobStored)) == 1
    assert all(len(msgspec.msgpack.encode(tape)) < 100 for tape in engine.of(TapeRecorded))


def test_other_code_is_told_of_by_the_event_and_field_that_differ(folder: Path) -> None:
    (folder / "a").touch()
    engine = EngineHarness(basic(folder), jobs=[load_job], record=True)
    engine.beat(1)

    @dg.sensor(job=load_job, name="directory_sensor")
    def changed() -> Iterator[dg.RunRequest]:
        for filename in os.listdir(folder):
            if os.path.isfile(os.path.join(folder, filename)):
                yield dg.RunRequest(run_key=filename, tags={"file": filename, "new": "yes"})

    (tick,) = replayed(engine, changed)

    assert tick.verdict == "different"
    (difference,) = tick.differences
    assert difference.what == "RunRequested 0 given_tags"
    assert "new" in difference.replayed and "new" not in difference.recorded


def test_code_that_reads_more_than_it_did_is_different_although_it_decides_the_same(folder: Path) -> None:
    (folder / "a").touch()
    engine = EngineHarness(basic(folder), jobs=[load_job], record=True)
    engine.beat(1)

    @dg.sensor(job=load_job, name="directory_sensor")
    def changed() -> Iterator[dg.RunRequest]:
        try:
            os.listdir("/etc")
        except Exception:  # noqa: BLE001
            yield from basic(folder)._evaluation_fn()  # type: ignore[attr-defined]

    (tick,) = replayed(engine, changed)

    assert tick.verdict == "different"
    assert "it reads what it did not read then: listdir /etc" in tick.why


class TestWhatIsNeverEqual:
    """A sensor whose decisions do not follow from its tape."""

    @staticmethod
    def verdicts_of(function: Callable[[dg.SensorEvaluationContext], Any]) -> Counter[str]:
        sensor = dg.sensor(job=load_job, default_status=RUNNING, minimum_interval_seconds=1)(function)
        engine = EngineHarness(sensor, jobs=[load_job], record=True)
        for _ in range(4):
            engine.beat(1)
        return verdicts(engine, sensor)

    def test_threads_that_race(self) -> None:
        """Seen to fail when threads were not noted."""

        def racing(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            order: list[int] = []
            threads = [threading.Thread(target=order.append, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return dg.SkipReason(str(order))

        assert self.verdicts_of(racing) == {"partial": 4}

    def test_a_read_that_is_not_recorded(self, folder: Path) -> None:
        (folder / "a").write_text("x")

        def reading(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            descriptor = os.open(folder / "a", os.O_RDONLY)
            try:
                return dg.SkipReason(os.read(descriptor, 9).decode())
            finally:
                os.close(descriptor)

        assert self.verdicts_of(reading) == {"partial": 4}

    def test_a_counter_of_its_own(self) -> None:
        calls = iter(range(100))

        def counting(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            return dg.SkipReason(f"call {next(calls)}")

        assert self.verdicts_of(counting) == {"different": 4}


def test_chance_and_clock_are_as_they_were() -> None:
    @dg.sensor(job=load_job, default_status=RUNNING, minimum_interval_seconds=1)
    def by_chance(context: dg.SensorEvaluationContext) -> Any:
        if random.random() < 0.5:
            return dg.SkipReason(f"not at {time.time()}")
        return dg.RunRequest(run_key=f"{random.randint(1, 3)}", tags={"at": str(time.time_ns())})

    engine = EngineHarness(by_chance, jobs=[load_job], record=True)
    for _ in range(40):
        engine.beat(1)

    assert verdicts(engine, by_chance) == {"equal": 40}


def test_what_a_tick_observed_by_name_is_as_it_was() -> None:
    answers = iter(range(100))

    @dg.sensor(job=load_job, default_status=RUNNING, minimum_interval_seconds=1)
    def observing(context: dg.SensorEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=str(context.observe("rows", lambda: {"rows": next(answers)})["rows"]))

    engine = EngineHarness(observing, jobs=[load_job], record=True)
    for _ in range(3):
        engine.beat(1)

    assert [request.run_key for request in engine.requests()] == ["0", "1", "2"]
    assert verdicts(engine, observing) == {"equal": 3}


def test_ticks_that_were_not_recorded_are_no_equal_ones(folder: Path) -> None:
    sensor = basic(folder, record=False)
    engine = EngineHarness(sensor, jobs=[load_job], record=True)
    engine.beat(1)

    assert engine.of(TapeRecorded) == []
    assert verdicts(engine, sensor) == {"not recorded": 1}


def test_a_tick_that_reads_nothing_leaves_no_tape_and_is_equal() -> None:
    @dg.sensor(job=load_job, default_status=RUNNING)
    def resting() -> dg.SkipReason:
        return dg.SkipReason("nothing to do")

    engine = EngineHarness(resting, jobs=[load_job], record=True)
    engine.beat(1)

    assert engine.of(TapeRecorded) == []
    assert verdicts(engine, resting) == {"equal": 1}


def test_a_sensor_that_was_stopped_in_flight_is_decided_on_as_it_was(folder: Path) -> None:
    """Seen to fail when the state was that of the tick's start."""
    (folder / "a").touch()
    sensor = basic(folder)
    engine = EngineHarness(sensor, jobs=[load_job], record=True)
    engine.clock.advance(1)
    step = engine.start()
    engine.operate(SensorStopped(at=engine.clock.now(), sensor=sensor.name, actor="ann"))
    engine.engine.catch_up()
    engine.finish(*step.tickets)

    assert engine.requests() == []
    assert verdicts(engine, sensor) == {"equal": 1}
