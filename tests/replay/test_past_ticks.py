"""Ticks of the past are gone through in memory that does not follow how many there are."""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import asking, sensor_of
from harness.engine import EngineHarness
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.events import AnyEvent, BlobStored, RunCanceled, RunFailed, RunSucceeded
from ticktrail.core.replay import Backtest, replay
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.past_ticks import past_ticks


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@pytest.mark.parametrize("way", ["replay", "backtest"])
def test_memory_does_not_grow_with_the_ticks(tmp_path: Path, way: str) -> None:
    """Seen to fail when the offset of each tick was kept."""
    for number in range(50):
        (tmp_path / f"{number}.csv").touch()

    def listing(context: dg.SensorEvaluationContext) -> dg.RunRequest:
        context.update_cursor(str(int(context.cursor or 0) + 1))
        return dg.RunRequest(run_key=sorted(os.listdir(tmp_path))[int(context.cursor or 0) % 50])

    sensor = sensor_of(listing, minimum_interval_seconds=1)
    engine = EngineHarness(sensor, record=True)
    for _ in range(1_000):
        engine.beat(1)
    pasts = past_ticks(engine.log, "s")
    run: Iterator[Any] = Backtest(sensor, engine.definitions).run(pasts)
    if way == "replay":
        run = (replay(past, sensor, engine.definitions) for past in pasts)

    held = list[int]()
    tracemalloc.start()
    for number, _ in enumerate(run):
        if number in (200, 999):
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    assert len(held) == 2 and held[1] - held[0] < 20_000


def test_blobs_of_other_sensors_ticks_are_found_however_long_ago(tmp_path: Path) -> None:
    """Seen to fail when only those of the sensor's own ticks were known."""
    for number in range(50):
        (tmp_path / f"{number}.csv").touch()

    def first(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(f"{len(os.listdir(tmp_path))} files")

    def second(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(f"{len(os.listdir(tmp_path))} of them")

    often, seldom = (
        sensor_of(first, name="often", minimum_interval_seconds=1),
        sensor_of(second, name="seldom", minimum_interval_seconds=5),
    )
    engine = EngineHarness(often, seldom, record=True)
    for beat in range(40):
        engine.beat(1)
        if beat % 5 == 2:
            (tmp_path / f"more {beat}.csv").touch()
    assert [event.sensor for event in engine.of(BlobStored)].count("seldom") == 1

    verdicts = [replay(past, seldom, engine.definitions).verdict for past in past_ticks(engine.log, "seldom")]

    assert verdicts == ["equal"] * 8


def test_failed_tries_are_those_that_the_outbox_knows() -> None:
    """Seen to fail when the end of a run that had been canceled before counted as its failure."""
    engine = EngineHarness(
        sensor_of(asking("a", "b", "c", "d"), run_key_policy=dg.RunKeyPolicy(retries=3)), record=True
    )
    for beat in range(6):
        engine.beat(31)
        at = engine.clock.now()
        for place, request in enumerate(engine.requests()):
            if engine.outbox.is_open(request.run):
                failed = RunFailed(at=at, run=request.run, cause=0, error="e")
                ended: list[AnyEvent] = [
                    failed,
                    RunSucceeded(at=at, run=request.run, cause=0),
                    RunCanceled(at=at, run=request.run, cause=0, reason="r"),
                ]
                engine.operate(ended[(place + beat) % 3], failed)
    engine.beat(31)
    outbox = Outbox()

    *_, last = past_ticks(engine.log, "s")
    for frame in engine.log.read(0, last.tick):
        outbox.apply(frame.first_offset, frame.events)

    known = [last.failed_try(offset) for offset in range(last.tick)]
    assert known == [outbox.failed_try(offset) for offset in range(last.tick)]
    assert {1, 2} <= set(known)
