"""A command line on a home of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import SENSORS, CommandLine


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
