"""Reading with a bar."""

from __future__ import annotations

import sys
import threading

import pytest

from ticktrail.adapters import progress
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.core.events import EngineStopped


@pytest.fixture
def log() -> MemoryEventLog:
    log = MemoryEventLog()
    for number in range(5):
        events = [EngineStopped(at=number, engine="e", reason="") for _ in range(10)]
        log.append(events, expected=None, recorded_at=1, writer="w")
    return log


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("few", [0, 1000])
def test_the_frames_are_those_of_the_log_bar_or_not(
    log: MemoryEventLog, monkeypatch: pytest.MonkeyPatch, terminal: bool, few: int
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(progress, "_FEW", few)

    assert list(progress.read_with_progress(log, 15)) == list(log.read(15))


def test_a_bar_is_shown_for_much_on_a_terminal_only(
    log: MemoryEventLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_FEW", 0)
    list(progress.read_with_progress(log, doing="counting"))
    quiet = capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    list(progress.read_with_progress(log, doing="counting"))

    assert quiet == ""
    assert "counting" in capsys.readouterr().err


def test_a_bar_alone_is_drawn_in_the_calls_and_by_no_thread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seen to fail when the bar had a thread, which a fork would have left in the middle of something."""
    monkeypatch.setattr(progress, "_FEW", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    before = set(threading.enumerate())

    with progress.events_bar("testing", 40, alone=True) as show:
        show(20)
        begun = set(threading.enumerate()) - before

    assert not begun
    assert "20/40" in capsys.readouterr().err
