"""The home folder: what it remembers, what it refuses, and the lock of its one engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ticktrail.adapters.engine_lock import EngineRunning
from ticktrail.adapters.home import DefinitionsSource, Home, HomeError
from ticktrail.adapters.identity import user_name

HOLD = """
import os, sys, time
from ticktrail.adapters.home import Home

with Home.open(sys.argv[1], create=True).engine_lock():
    child = os.fork() if "fork" in sys.argv else -1
    if child == 0:
        time.sleep(60)
    print(child, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home"


class Engine:
    """Another process that holds the engine lock, perhaps with a forked child beside it."""

    def __init__(self, home: Path, *args: str) -> None:
        command = [sys.executable, "-c", HOLD, str(home), *args]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.child = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        if self.child > 0:
            os.kill(self.child, signal.SIGKILL)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = Engine(path, "fork")
    yield engine
    engine.close()


def test_a_missing_home_is_not_made_by_reading_and_the_way_out_is_named(path: Path) -> None:
    with pytest.raises(
        HomeError, match=r"no ticktrail home at .*home: start one with `ticktrail dev -f FILE`"
    ):
        Home.open(path, create=False)

    assert not path.exists()


def test_a_folder_that_is_no_home_is_not_read_as_one(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="no ticktrail home"):
        Home.open(tmp_path, create=False)


def test_what_is_remembered_is_there_at_the_next_opening(path: Path) -> None:
    Home.open(path, create=True).remember_definitions(DefinitionsSource(file="/code/sensors.py"))

    assert Home.open(path, create=False).definitions == DefinitionsSource(file="/code/sensors.py")


def test_opening_twice_to_create_keeps_what_is_remembered(path: Path) -> None:
    Home.open(path, create=True).remember_definitions(DefinitionsSource(module="code.sensors", folder="/srv"))

    again = Home.open(path, create=True)

    assert again.definitions == DefinitionsSource(module="code.sensors", folder="/srv")


def test_the_path_is_absolute_so_that_a_change_of_folder_does_not_move_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert Home.open("home", create=True).path == tmp_path / "home"


def test_a_home_of_a_newer_layout_is_refused_and_left_alone(path: Path) -> None:
    path.mkdir()
    (path / "home.json").write_text('{"layout": 3, "engines": []}')

    with pytest.raises(HomeError, match=r"has layout 3, this release knows up to 2: .* upgrade"):
        Home.open(path, create=True)

    assert json.loads((path / "home.json").read_text())["layout"] == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"layout": "one"}', '{"layout": 1, "log": 5}'])
def test_damaged_settings_are_named_with_the_way_out(path: Path, text: str) -> None:
    path.mkdir()
    (path / "home.json").write_text(text)

    with pytest.raises(HomeError, match=r"home\.json is damaged .* delete it"):
        Home.open(path, create=False)


@pytest.mark.parametrize("create", [True, False])
def test_a_file_in_the_place_of_the_home_is_refused(path: Path, create: bool) -> None:
    path.write_text("not a folder")

    with pytest.raises(HomeError, match="is not a folder"):
        Home.open(path, create=create)


def test_a_home_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(HomeError, match=r"/proc/home cannot be written \(.*\): make it writable, or choose"):
        Home.open("/proc/home", create=True)


def test_settings_that_cannot_be_written_leave_no_litter(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home.open(path, create=True)

    def refuse(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(HomeError, match="no space left on device"):
        home.remember_definitions(DefinitionsSource(file="/code/sensors.py"))

    assert [entry.name for entry in path.iterdir()] == ["home.json"]
    assert home.definitions is None


def test_the_log_lies_in_the_home_unless_another_is_named(path: Path) -> None:
    home = Home.open(path, create=True)
    assert home.log_url == str(path / "log.sqlite")

    home.remember_log("postgresql://ann:secret@db/ticks")

    again = Home.open(path, create=False)
    assert again.log_url == "postgresql://ann:secret@db/ticks"
    assert again.log_name == "postgresql://ann:***@db/ticks"


def test_the_settings_are_for_the_owner_alone_since_they_may_hold_a_password(path: Path) -> None:
    Home.open(path, create=True).remember_log("postgresql://ann:secret@db/ticks")

    assert (path / "home.json").stat().st_mode & 0o077 == 0


def test_new_credentials_for_the_same_log_are_taken(path: Path) -> None:
    home = Home.open(path, create=True)
    home.remember_log("postgresql://ann:secret@db/ticks")

    home.remember_log("postgresql://bob:changed@db/ticks")

    assert home.log_url == "postgresql://bob:changed@db/ticks"


def test_a_home_does_not_change_to_another_log(path: Path) -> None:
    home = Home.open(path, create=True)
    home.remember_log("postgresql://ann:secret@db/ticks")

    with pytest.raises(
        HomeError, match=r"has its log at postgresql://ann:\*\*\*@db/ticks, not at "
    ) as refusal:
        home.remember_log("postgresql://ann:secret@db/others")

    assert "secret" not in str(refusal.value)


def test_a_home_whose_own_log_is_in_use_does_not_change_to_another(path: Path) -> None:
    home = Home.open(path, create=True)
    (path / "log.sqlite").touch()

    with pytest.raises(HomeError, match=r"has its log at .*log\.sqlite"):
        home.remember_log("postgresql://db/ticks")


@pytest.mark.parametrize("run", ["", "..", "a/b", "a b"])
def test_a_run_folder_cannot_lie_outside_the_home(path: Path, run: str) -> None:
    with pytest.raises(HomeError, match="is no run id"):
        Home.open(path, create=True).run_folder(run)


def test_a_run_folder_is_made_only_when_asked(path: Path) -> None:
    home = Home.open(path, create=True)

    folder = home.run_folder("4f1c-9a")
    assert folder == path / "runs" / "4f1c-9a"
    assert not folder.exists()

    assert home.run_folder("4f1c-9a", create=True).is_dir()


def test_a_second_engine_learns_who_has_the_home_and_what_to_do(path: Path, engine: Engine) -> None:
    with pytest.raises(EngineRunning) as refusal, Home.open(path, create=True).engine_lock():
        pass

    text = str(refusal.value)
    assert f"process {engine.process.pid} of {user_name()} on " in text
    assert f"kill {engine.process.pid}" in text
    assert refusal.value.holder is not None
    assert refusal.value.holder.since > 0


def test_a_killed_engine_frees_the_home_though_its_forked_child_lives(path: Path, engine: Engine) -> None:
    engine.kill()

    os.kill(engine.child, 0)
    with Home.open(path, create=True).engine_lock():
        pass


def test_a_forked_child_of_a_living_engine_does_not_free_the_home(path: Path, engine: Engine) -> None:
    os.kill(engine.child, signal.SIGKILL)
    engine.child = -1

    assert Home.open(path, create=True).engine() is not None


def test_a_subprocess_of_a_killed_engine_does_not_keep_the_home(path: Path) -> None:
    home = Home.open(path, create=True)
    with home.engine_lock():
        worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)

    with worker, home.engine_lock():
        worker.communicate(b"\n")


def test_the_holder_is_told_while_the_engine_runs_and_nobody_after(path: Path) -> None:
    home = Home.open(path, create=True)
    assert home.engine() is None

    with home.engine_lock():
        holder = home.engine()

    assert holder is not None
    assert holder.pid == os.getpid()
    assert home.engine() is None


def test_an_engine_that_ended_in_an_error_frees_the_home(path: Path) -> None:
    home = Home.open(path, create=True)

    with pytest.raises(ZeroDivisionError), home.engine_lock():
        raise ZeroDivisionError

    with home.engine_lock():
        assert home.engine() is not None
