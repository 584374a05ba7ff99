"""A command line on a home of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import SENSORS, CommandLine
from harness.engine import EngineHarness, StillClock
from ticktrail.adapters.definitions_file import load_definitions
from ticktrail.adapters.home import DefinitionsSource, Home
from ticktrail.adapters.tape import install, rebind_code

#: A sensor that asks for a run for each file of a folder, and one whose ticks are not recorded.
LISTING = '''
import os
from os import listdir

import ticktrail as dg


@dg.op
def load():
    """Load."""


@dg.job
def load_files():
    load()


@dg.sensor(job=load_files, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def files(context):
    print("looking around")
    for name in sorted(listdir("FOLDER")):
        yield dg.RunRequest(run_key=name, tags={"size": str(os.stat(f"FOLDER/{name}").st_size)})


@dg.sensor(job=load_files, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING, record=False)
def unrecorded():
    return dg.SkipReason("nothing to do")


defs = dg.Definitions(jobs=[load_files], sensors=[files, unrecorded])
'''


@pytest.fixture
def ticktrail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    home = tmp_path / "home"
    monkeypatch.setenv("TICKTRAIL_HOME", str(home))
    monkeypatch.delenv("COLUMNS", raising=False)
    return CommandLine(home, capsys, monkeypatch)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def sensors_py(tmp_path: Path) -> Path:
    """A definitions file with the sensors `files` (RUNNING in code) and `manual` (STOPPED)."""
    path = tmp_path / "sensors.py"
    path.write_text(SENSORS)
    return path


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.fixture
def listing_py(tmp_path: Path, listed: Path) -> Path:
    path = tmp_path / "sensors.py"
    path.write_text(LISTING.replace("FOLDER", str(listed)))
    return path


@pytest.fixture
def recorded(
    ticktrail: CommandLine, listing_py: Path, listed: Path, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """A home with the ticks of three seconds, in each of which a file came; the folder is gone."""
    home = Home.open(ticktrail.home, create=True)
    home.remember_definitions(DefinitionsSource(file=str(listing_py)))
    install()
    loaded = load_definitions(listing_py, None)
    rebind_code()
    log = home.log()
    engine = EngineHarness(
        *loaded.sensors.values(),
        log=log,
        clock=StillClock(),
        record=True,
        jobs=[loaded.definitions.get_job_def("load_files")],
    )
    for number in range(3):
        (listed / f"{number}.csv").write_text("x" * 30 * number)
        engine.beat(1)
    log.close()
    shutil.rmtree(listed)
    capsys.readouterr()
    return ticktrail
