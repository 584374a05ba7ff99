"""A package of several modules, in the real engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.daemon import Daemon
from ticktrail.core.events import AssetMaterialized, RunFailed, RunRequested, SensorDefined, TickFailed

PACKAGE = Path(__file__).parent / "multi_file"


@pytest.fixture(params=["multi_file", "multi_file.definitions"])
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    shutil.copytree(PACKAGE, tmp_path / "multi_file", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "inbox").mkdir()
    one = Daemon(tmp_path, module=request.param)
    yield one
    one.close()


def test_a_package_of_several_modules_ticks_and_runs(engine: Daemon) -> None:
    (engine.folder / "inbox" / "north.txt").write_text("1\n2\n")

    engine.start()
    engine.wait_for("RunSucceeded")
    (engine.folder / "inbox" / "south.txt").write_text("40\n")
    engine.wait_for("RunSucceeded", 2)
    assert engine.stop() == 0

    assert [event.run_key for event in engine.events(RunRequested)] == ["north.txt", "south.txt"]
    assert [
        (event.asset, event.metadata["total"])
        for event in engine.events(AssetMaterialized)
        if event.asset == "shop/total"
    ] == [("shop/total", 3), ("shop/total", 40)]
    assert engine.events(TickFailed, RunFailed) == []
    assert engine.violations() == []


def test_a_changed_module_of_the_package_is_a_changed_sensor(engine: Daemon) -> None:
    sensors = engine.folder / "multi_file" / "sensors.py"
    engine.start()
    engine.wait_for("TickSkipped")
    assert engine.stop() == 0

    sensors.write_text(sensors.read_text().replace("run_key=name", 'run_key=f"file {name}"'))
    engine.start()
    engine.wait_for("TickSkipped")
    assert engine.stop() == 0

    before, after = engine.events(SensorDefined)
    assert before.fingerprint != after.fingerprint


def test_a_package_that_does_not_fit_together_starts_nothing(engine: Daemon) -> None:
    (engine.folder / "multi_file" / "jobs.py").write_text("")

    engine.start()

    assert engine.wait() == 1
    assert "sensor 'inbox_sensor' targets the job 'order_job'" in engine.wait_for_error("order_job")
    assert engine.events() == []
