"""`ticktrail dev`: what it remembers, and who may run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import CommandLine
from ticktrail.adapters.home import DefinitionsSource, Home


class Dev:
    """`ticktrail dev` in a process of its own."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "ticktrail", "dev", "--json", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ), text=True
        )

    def wait_for(self, event: str) -> None:
        assert self.process.stdout is not None
        while f'"event":"{event}"' not in (line := self.process.stdout.readline()):
            assert line, self.process.communicate()[1]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()
        return self.process.returncode


@pytest.fixture
def dev(ticktrail: CommandLine, sensors_py: Path) -> Iterator[Dev]:
    dev = Dev("-f", sensors_py)
    yield dev
    if dev.process.poll() is None:
        dev.process.kill()
        dev.process.communicate()


def test_the_definitions_are_remembered_for_the_next_time(
    ticktrail: CommandLine, dev: Dev, sensors_py: Path
) -> None:
    dev.wait_for("TickCompleted")
    assert dev.stop() == 0

    home = Home.open(ticktrail.home, create=False)
    assert home.definitions == DefinitionsSource(file=str(sensors_py))
    again = Dev()
    again.wait_for("TickStarted")
    assert again.stop() == 0
    assert ticktrail("verify").code == 0


def test_a_second_engine_on_the_home_is_refused_with_who_has_it(
    ticktrail: CommandLine, dev: Dev, sensors_py: Path
) -> None:
    dev.wait_for("TickStarted")

    result = ticktrail("dev", "-f", sensors_py)

    assert result.code == 1
    assert f"an engine already runs on the home {ticktrail.home}: process {dev.process.pid} of" in result.err
    assert dev.stop() == 0


def test_an_action_of_an_operator_takes_effect_in_the_running_engine(
    ticktrail: CommandLine, dev: Dev
) -> None:
    dev.wait_for("TickStarted")

    assert ticktrail("sensor", "start", "manual").err == ""

    dev.wait_for("SensorStarted")
    dev.wait_for("TickSkipped")
    assert dev.stop() == 0


def test_a_home_with_its_own_log_takes_no_other(
    ticktrail: CommandLine, sensors_py: Path, tmp_path: Path
) -> None:
    ticktrail("sensor", "start", "manual", "-f", sensors_py)

    result = ticktrail("dev", "-f", sensors_py, "--log", tmp_path / "other.sqlite")

    assert result.code == 1
    assert "has its log at" in result.err
    assert not (tmp_path / "other.sqlite").exists()


def test_a_log_elsewhere_is_found_from_any_folder(
    ticktrail: CommandLine, sensors_py: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dev = Dev("-f", sensors_py, "--log", "elsewhere.sqlite")
    dev.wait_for("TickCompleted")
    assert dev.stop() == 0

    monkeypatch.chdir("/")

    assert (tmp_path / "elsewhere.sqlite").exists()
    assert ticktrail("tick", "list", "--json").records[-1]["sensor"] == "files"


def test_definitions_must_be_named_where_none_are_remembered(
    ticktrail: CommandLine, sensors_py: Path
) -> None:
    ticktrail("sensor", "start", "manual", "-f", sensors_py)

    result = ticktrail("dev")

    assert result.code == 2
    assert "give -f FILE or -m MODULE" in result.err


def test_a_home_that_cannot_be_written_is_told(ticktrail: CommandLine, sensors_py: Path) -> None:
    result = ticktrail("dev", "-f", sensors_py, "--home", "/proc/home")

    assert result.code == 1
    assert "the home /proc/home cannot be written" in result.err
