"""`ticktrail replay`: ticks of a real log, evaluated again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from command_line import CommandLine
from harness.engine import EngineHarness, StillClock
from ticktrail.adapters.definitions_file import load_definitions
from ticktrail.adapters.home import DefinitionsSource, Home
from ticktrail.adapters.tape import install, rebind_code
from ticktrail.core.events import BlobStored

SENSORS = '''
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
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.fixture
def code(tmp_path: Path, folder: Path) -> Path:
    path = tmp_path / "sensors.py"
    path.write_text(SENSORS.replace("FOLDER", str(folder)))
    return path


@pytest.fixture
def told(ticktrail: CommandLine, code: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A home with the ticks of three seconds, in each of which a file came; the folder is gone."""
    home = Home.open(ticktrail.home, create=True)
    home.remember_definitions(DefinitionsSource(file=str(code)))
    install()
    loaded = load_definitions(code, None)
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
        (folder / f"{number}.csv").write_text("x" * 30 * number)
        engine.beat(1)
    log.close()
    shutil.rmtree(folder)
    capsys.readouterr()
    return ticktrail


def test_what_is_equal_is_counted_and_nothing_is_read_or_printed(told: CommandLine) -> None:
    head = told.head()
    result = told("replay", "files")

    assert (result.code, result.out) == (0, "files: 3 ticks replayed: 3 equal\n")
    assert result.err == "looking around\n" * 3
    assert told.head() == head


def test_changed_code_is_told_of_tick_by_tick_and_exits_with_1(told: CommandLine, code: Path) -> None:
    code.write_text(code.read_text().replace("st_size", "st_mode"))
    result = told("replay", "files")

    assert result.code == 1
    first, second, third, *_ = result.out.splitlines()
    assert first == "files: 3 ticks replayed: 3 different"
    assert second.split(" of ")[0] == "  tick 3" and second.endswith("different")
    assert third.startswith("    RunRequested 0 given_tags: was {'size': '0'")


def test_ticks_can_be_chosen(told: CommandLine) -> None:
    ticks = [tick["tick"] for tick in told("tick", "list", "files", "--json").records][::-1]

    def chosen(*arguments: str) -> list[int]:
        return [each["tick"] for each in told("replay", "files", "--json", *arguments).records]

    assert chosen() == ticks
    assert chosen("--ticks", str(ticks[1])) == [ticks[1]]
    assert chosen("--ticks", f"{ticks[1]}..") == ticks[1:]
    assert chosen("--ticks", f"..{ticks[1]}") == ticks[:2]
    assert chosen("--last", "2999-01-01") == []


def test_all_stands_for_the_sensors_that_are_recorded(told: CommandLine) -> None:
    result = told("replay", "--all", "--json")

    assert result.code == 0
    assert [(each["sensor"], each["verdict"]) for each in result.records] == [("files", "equal")] * 3
    unrecorded = told("replay", "unrecorded")
    assert unrecorded.out.splitlines()[0] == "unrecorded: 3 ticks replayed: 3 not recorded"


def test_a_blob_that_is_gone_is_said_so(told: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BlobStored, "digest", property(lambda _: b"another"), raising=False)
    result = told("replay", "files")

    assert result.code == 1
    assert "of sensor 'files' cannot be replayed: what the tick read of files is not in the log" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give the name of a sensor, or --all"),
        (("files", "--all"), "give the name of a sensor, or --all"),
        (("nobody",), "there is no sensor 'nobody'"),
        (("files", "--ticks", "one"), "--ticks is 'one': give ids of ticks as A..B, A.., ..B, or one"),
        (("files", "--last", "soon"), "'soon' is no moment"),
    ],
)
def test_wrong_usage_is_said_so(told: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    result = told("replay", *arguments)

    assert result.code != 0 and result.out == ""
    assert said in result.err


def test_code_that_no_longer_loads_is_said_so(told: CommandLine, code: Path) -> None:
    code.write_text("import nothing_of_that_name")
    result = told("replay", "files")

    assert result.code == 1
    assert "nothing_of_that_name" in result.err
    assert os.path.exists(told.home)
