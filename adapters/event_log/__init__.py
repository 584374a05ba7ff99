"""The event log's adapters: memory, a SQLite file, PostgreSQL, the last two on eventsourcing's recorders; and a prefix of any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import LogUnavailable
from .memory import MemoryEventLog

if TYPE_CHECKING:
    from .recorder import RecorderLog

__all__ = ["MemoryEventLog", "open_event_log"]


def open_event_log(
    url_or_path: str | Path, partition: str = "main", *, archive: Path | None = None
) -> RecorderLog:
    """Open a partition of an event log, creating the log if it does not exist.

    Args:
        url_or_path: ``postgresql://...``, or the path of a SQLite file in an existing folder.
        partition: The partition to append to and read from.
        archive: Folder of what was archived of the log, which need not exist; None if nothing was.

    Raises:
        LogUnavailable: The log cannot be opened; the text says why and what to do.
    """
    scheme, separator, _ = str(url_or_path).partition("://")
    if isinstance(url_or_path, Path) or not separator:
        from .sqlite import SQLiteEventLog

        return SQLiteEventLog(url_or_path, partition, archive=archive)
    if scheme in ("postgresql", "postgres"):
        return _open_postgres(str(url_or_path), partition, archive)
    raise LogUnavailable(
        f"there is no event log on {scheme}://: give a path for SQLite, or a postgresql:// URL"
    )


def _open_postgres(url: str, partition: str, archive: Path | None) -> RecorderLog:
    try:
        from .postgres import PostgresEventLog
    except ImportError as error:
        raise LogUnavailable(
            f'the event log on PostgreSQL needs its driver ({error}): pip install "ticktrail[postgres]"'
        ) from error
    return PostgresEventLog(url, partition, archive)
