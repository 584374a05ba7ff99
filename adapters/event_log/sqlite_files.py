"""Connections to the SQLite file of a log: how they are opened, pooled and watched."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from threading import Event, Lock, Thread, current_thread

from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool, SQLiteDatastore

from .forks import pause_at_forks

logger = logging.getLogger(__name__)

#: Seconds to wait for another process's transaction.
BUSY_TIMEOUT = 30.0

#: Pages that are given back in one transaction, which others wait for: a twentieth of a second.
_PAGES = 2_000

#: Milliseconds to wait for readers to have gone; others append then.
_MOMENT_MS = 100

#: Makes a file one that can be made smaller bit by bit: a new one, or an old one at its next VACUUM.
_AUTO_VACUUM = "PRAGMA auto_vacuum=INCREMENTAL"


def open_file(file: str) -> sqlite3.Connection:
    """Open *file* in WAL mode, with every commit synced to the disk."""
    connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        if not _pragma(connection, "page_count"):
            # Of a new file alone: others would be locked for it.
            connection.execute(_AUTO_VACUUM)
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL, trying again: SQLite does not always wait when several processes do it at once."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


class FileConnection(SQLiteConnection):
    """A pooled connection that can say whether a transaction is open."""

    @property
    def in_transaction(self) -> bool:
        return self._sqlite_conn.in_transaction

    def give_back(self) -> None:
        """Make the file as small as what is in it, in short transactions; in one long one if it is of an old release."""
        connection = self._sqlite_conn
        if not _pragma(connection, "auto_vacuum"):
            connection.execute(_AUTO_VACUUM)
            connection.execute("VACUUM")
        for _ in range(0, _pragma(connection, "freelist_count"), _PAGES):
            # `execute` would go one page far.
            connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
        _truncate_wal(connection)


class FilePool(SQLiteConnectionPool):
    """The recorder's connections to one file."""

    def __init__(self, file: str) -> None:
        super().__init__(db_name=file, pool_timeout=BUSY_TIMEOUT)
        pause_at_forks(self)

    def get_connection(
        self, timeout: float | None = None, *, is_writer: bool | None = None
    ) -> SQLiteConnection:
        # The log lets one thread append at a time and SQLite locks out other processes, so the pool's
        # own lock on writers is not needed; it would stay held if a connection could not be opened.
        return super().get_connection(timeout, is_writer=None)

    def put_connection(self, conn: SQLiteConnection) -> None:
        # An interrupt (Ctrl-C) at the wrong moment leaves a transaction open, and then every later use of
        # the connection would fail; closing it rolls back.
        if isinstance(conn, FileConnection) and conn.in_transaction:
            conn.close()
        super().put_connection(conn)

    def pause(self) -> None:
        self._put_condition.acquire()
        while self._in_use:
            self._put_condition.wait()
        while self._pool:
            self._pool.pop().close()

    def resume(self) -> None:
        # Wake-ups meant for threads that wait for a connection may have gone to `pause`.
        self._put_condition.notify_all()
        self._put_condition.release()

    def abandon(self) -> None:
        self._closed = True
        self._put_condition.release()

    def _create_connection(self) -> FileConnection:
        return FileConnection(open_file(self.db_name), max_age=self.max_age)


class FileDatastore(SQLiteDatastore):
    """eventsourcing's datastore, on a `FilePool`."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.pool = FilePool(file)


class FileWatcher:
    """Calls *wake* from a thread of its own when anyone has committed to the file."""

    def __init__(self, file: str, interval: float, wake: Callable[[], None]) -> None:
        self._file = file
        self._interval = interval
        self._wake = wake
        self._stop = Event()
        self._using = Lock()
        self._failing = False
        self._connection: sqlite3.Connection | None = open_file(file)
        # Read before the thread starts, so that no commit after the subscription is missed.
        self._seen: int | None = _data_version(self._connection)
        self._thread = Thread(target=self._run, name="ticktrail-file-watcher", daemon=True)
        self._thread.start()
        pause_at_forks(self)

    def close(self) -> None:
        """End the thread; safe to call twice."""
        self._stop.set()
        if self._thread is not current_thread():
            self._thread.join()

    def pause(self) -> None:
        self._using.acquire()
        self._disconnect()

    def resume(self) -> None:
        self._using.release()

    def abandon(self) -> None:
        self._stop.set()
        self._using.release()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            if self._changed():
                self._wake()
        with self._using:
            self._disconnect()

    def _changed(self) -> bool:
        """Whether anyone may have committed since the last look."""
        with self._using:
            try:
                if self._connection is None:
                    self._connection = open_file(self._file)
                version = _data_version(self._connection)
            except sqlite3.Error as error:
                return self._failed(error)
            self._failing = False
            changed, self._seen = version != self._seen, version
            return changed

    def _failed(self, error: sqlite3.Error) -> bool:
        """Note a failed look; only the first of several wakes: whoever reads then meets the error itself."""
        self._disconnect()
        first, self._failing = not self._failing, True
        if first:
            logger.warning("the event log %s cannot be watched for now: %s", self._file, error)
        return first

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        # The numbers of different connections cannot be compared.
        self._connection = self._seen = None


def _data_version(connection: sqlite3.Connection) -> int:
    """Return a number that differs from the last one if another connection has committed meanwhile."""
    return _pragma(connection, "data_version")


def _truncate_wal(connection: sqlite3.Connection) -> None:
    """Copy the write-ahead log into the file, and make it empty if nobody reads for a moment: appends wait for that."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    connection.execute(f"PRAGMA busy_timeout={_MOMENT_MS}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT * 1000)}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
