"""The event log's adapters: memory, a SQLite file, PostgreSQL, the last two on eventsourcing's recorders; and a prefix of any."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import LogUnavailable
from ...core.log import EventLog
from .memory import MemoryEventLog

__all__ = ["MemoryEventLog", "open_event_log"]


def open_event_log(url_or_path: str | Path, partition: str = "main") -> EventLog:
    """Open a partition of an event log, creating the log if it does not exist.

    Args:
        url_or_path: ``postgresql://...``, or the path of a SQLite file in an existing folder.
        partition: The partition to append to and read from.

    Raises:
        LogUnavailable: The log cannot be opened; the text says why and what to do.
    """
    scheme, separator, _ = str(url_or_path).partition("://")
    if isinstance(url_or_path, Path) or not separator:
        from .sqlite import SQLiteEventLog

        return SQLiteEventLog(url_or_path, partition)
    if scheme in ("postgresql", "postgres"):
        return _open_postgres(str(url_or_path), partition)
    raise LogUnavailable(
        f"there is no event log on {scheme}://: give a path for SQLite, or a postgresql:// URL"
    )


def _open_postgres(url: str, partition: str) -> EventLog:
    try:
        from .postgres import PostgresEventLog
    except ImportError as error:
        raise LogUnavailable(
            f'the event log on PostgreSQL needs its driver ({error}): pip install "ticktrail[postgres]"'
        ) from error
    return PostgresEventLog(url, partition)
