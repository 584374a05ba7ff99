"""Histories in the tests: opened over small segments, and their rows as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.history.database import History, PastMoment
from ticktrail.adapters.history.sealing import sealing
from ticktrail.core.events import AnyEvent
from ticktrail.core.log import EventLog

#: When the tests look: 2027-01-01 00:00:00 UTC.
NOW = 1_798_761_600_000_000


@contextmanager
def opened(
    folder: Path | None, log: EventLog, *, segment_events: int = 100, as_of: PastMoment | None = None
) -> Iterator[History]:
    history = History(folder, log, now=lambda: NOW, as_of=as_of, segment_events=segment_events)
    try:
        yield history
    finally:
        history.close()


def seal(folder: Path, log: EventLog, segment_events: int = 100) -> int:
    """Seal what is ripe, and return up to which offset the history is sealed."""
    with sealing(folder, log, segment_events) as sealer:
        assert sealer is not None
        return sealer.seal()


def rows(history: History, sql: str) -> list[tuple[Any, ...]]:
    return history.sql(sql).fetchall()


def content(history: History) -> dict[str, list[tuple[Any, ...]]]:
    """Return all relations, each sorted, with floats to nine digits: their sums depend on the order of adding."""
    return {
        relation.name: sorted(map(_rounded, rows(history, f"FROM {relation.name}")), key=repr)
        for relation in history.relations
    }


def _rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(float(f"{value:.9g}") if isinstance(value, float) else value for value in row)


def log_of(*appends: list[AnyEvent]) -> MemoryEventLog:
    log = MemoryEventLog()
    for events in appends:
        log.append(events, expected=None, recorded_at=events[-1].at, writer="engine:1")
    return log
