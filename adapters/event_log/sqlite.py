"""The event log in a SQLite file: durable at every append, shared by any number of processes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import ConnectionPoolClosedError, IntegrityError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from ...core.errors import LogUnavailable
from .archive.archived_frames import ArchivedFrames
from .recorder import RecorderLog, ShrinkingRecorder
from .sqlite_files import FileConnection, FileDatastore, FileWatcher
from .wakeups import Wakeups

#: The table of the frames; also the one to look at with the ``sqlite3`` shell.
TABLE = "ticktrail_events"

#: All that the recorder and its driver raise.
DRIVER_ERRORS = (EventSourcingError, sqlite3.Error)

_NEWEST = f"SELECT max(originator_version) FROM {TABLE} WHERE originator_id = ?"

_DELETE = (
    f"DELETE FROM {TABLE} WHERE originator_id = :id AND originator_version < :stop AND originator_version < "
    f"(SELECT max(originator_version) FROM {TABLE} WHERE originator_id = :id)"
)


class FileRecorder(SQLiteApplicationRecorder, ShrinkingRecorder):
    """The stock recorder, which can let go of frames."""

    def __init__(self, datastore: FileDatastore) -> None:
        super().__init__(datastore, events_table_name=TABLE)

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **options: Any
    ) -> Sequence[int] | None:
        ids = super()._insert_events(c, stored_events, **options)
        last = stored_events[-1]
        assert isinstance(last.originator_id, UUID), "so the log names its partitions"
        c.execute(_NEWEST, (last.originator_id.hex,))
        # A number is taken for good, although the frame that had it may be archived and no row any more.
        if c.fetchone()[0] != last.originator_version:
            raise IntegrityError("another writer was first")
        return ids

    def delete_frames(self, originator_id: UUID, stop: int) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(_DELETE, {"id": originator_id.hex, "stop": stop})

    def give_back(self) -> None:
        with self.datastore.get_connection(commit=True) as connection:
            assert isinstance(connection, FileConnection), "a `FileDatastore` has no others"
            connection.give_back()


class SQLiteEventLog(RecorderLog):
    """An `EventLog` in a SQLite file, which is created if it does not exist.

    Args:
        path: The file; its folder must exist.
        partition: The partition to append to and read from; a file holds any number of them.
        poll_interval: Seconds between two looks for appends by other processes, while anybody is
            subscribed.
        archive: Folder of the archives of all partitions; None if there is none.

    Raises:
        ArchiveUnusable: The archive does not say what is in it.
        LogUnavailable: The file cannot be opened, created or written, or is no SQLite database.
    """

    def __init__(
        self,
        path: str | Path,
        partition: str = "main",
        poll_interval: float = 0.02,
        archive: Path | None = None,
    ) -> None:
        file = os.path.abspath(path)
        archived = ArchivedFrames(archive, partition)
        datastore = FileDatastore(file)
        recorder = FileRecorder(datastore)
        try:
            recorder.create_table()
        except DRIVER_ERRORS as error:
            datastore.close()
            raise LogUnavailable(explain(error, file)) from error
        super().__init__(
            recorder,
            partition,
            driver_errors=DRIVER_ERRORS,
            explain=lambda error: explain(error, file),
            wakeups=Wakeups(lambda wake: FileWatcher(file, poll_interval, wake)),
            release=datastore.close,
            archived=archived,
        )


def explain(error: Exception, file: str) -> str:
    """Say what is wrong with *file*, after the SQLite code that the error or a cause of it carries."""
    code = next((c.sqlite_errorcode & 0xFF for c in _chain(error) if hasattr(c, "sqlite_errorcode")), None)
    if isinstance(error, ConnectionPoolClosedError):
        return f"the log {file} was closed, or opened before this process was forked: open it again"
    describe = _DESCRIPTIONS.get(code)
    return describe(file) if describe is not None else f"the log {file} refused: {error}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _cannot_open(file: str) -> str:
    folder = os.path.dirname(file)
    if not os.path.isdir(folder):
        return f"the log {file} cannot be opened: {folder} is not a folder, create it or choose another"
    return f"the log {file} cannot be opened: give this user the right to read and write it and its folder"


def _full(file: str) -> str:
    return f"the disk of the log {file} is full, nothing was written: free some space and try again"


def _io_failed(file: str) -> str:
    return (
        f"writing or reading the log {file} failed, nothing was written: "
        "look for a full disk, a quota or a limit on file sizes"
    )


def _read_only(file: str) -> str:
    return f"the log {file} is read-only: give this user the right to write it and its folder"


def _busy(file: str) -> str:
    return f"another process has kept the log {file} locked for too long: end it, or try again later"


def _not_a_database(file: str) -> str:
    return f"{file} is not a SQLite database, so it is no event log: choose another file"


def _damaged(file: str) -> str:
    return f"the SQLite file {file} is damaged: restore the log from a copy"


_DESCRIPTIONS: dict[int | None, Callable[[str], str]] = {
    sqlite3.SQLITE_CANTOPEN: _cannot_open,
    sqlite3.SQLITE_FULL: _full,
    sqlite3.SQLITE_IOERR: _io_failed,
    sqlite3.SQLITE_READONLY: _read_only,
    sqlite3.SQLITE_PERM: _read_only,
    sqlite3.SQLITE_BUSY: _busy,
    sqlite3.SQLITE_LOCKED: _busy,
    sqlite3.SQLITE_NOTADB: _not_a_database,
    sqlite3.SQLITE_CORRUPT: _damaged,
}
