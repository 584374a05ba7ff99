"""What is damaged inside of a segment is told as such by what reads all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from history.seen import log_of, opened, seal
from long_history import History as LongHistory
from ticktrail.adapters.history.errors import HistoryError
from ticktrail.adapters.history.export import export
from ticktrail.adapters.history.report import report_of
from ticktrail.adapters.history.segments import chained
from ticktrail.core.log import EventLog


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    """A log whose history is sealed, with bytes changed in the middle of its ticks."""
    history = LongHistory(seed=3)
    history.tell(2_000)
    log = log_of(*history.appends())
    seal(tmp_path, log)
    for segment in chained(tmp_path / "segments"):
        ticks = bytearray(segment.file("ticks").read_bytes())
        middle = len(ticks) // 2
        ticks[64:middle] = bytes(middle - 64)
        segment.file("ticks").write_bytes(ticks)
    return log


def test_a_report_over_a_damaged_segment_is_refused(log: EventLog, tmp_path: Path) -> None:
    """Seen to fail when DuckDB's error was passed on."""
    with opened(tmp_path, log) as history, pytest.raises(HistoryError, match="the history cannot be read"):
        report_of(history)


def test_an_export_of_a_damaged_segment_is_refused_and_leaves_nothing(log: EventLog, tmp_path: Path) -> None:
    """Seen to fail when DuckDB's error was passed on."""
    parent = tmp_path / "exports"
    parent.mkdir()

    with opened(tmp_path, log) as history, pytest.raises(HistoryError, match="the relation ticks of"):
        export(history, parent / "out", lambda relation, rows: None)

    assert list(parent.iterdir()) == []
