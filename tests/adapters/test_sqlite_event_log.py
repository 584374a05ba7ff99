"""The event log in a SQLite file: the shared promises, and what only this adapter does."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import OperationalError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contracts.archived_event_log import ArchivedEventLogContract, in_storage, move
from contracts.durable_event_log import DurableEventLogContract, RawFrames, acknowledged, writer
from contracts.event_log import NEVER_S, events_of, put, skipped
from contracts.refusing_recorder import assert_becomes_unavailable, errors_below
from ticktrail.adapters.event_log import MemoryEventLog, open_event_log, sqlite_files
from ticktrail.adapters.event_log.recorder import RecorderLog, originator_of
from ticktrail.adapters.event_log.sqlite import DRIVER_ERRORS, TABLE, explain
from ticktrail.adapters.event_log.sqlite_files import open_file
from ticktrail.core.errors import LogConflict, LogUnavailable
from ticktrail.core.events import TickSkipped
from ticktrail.core.frames import EncodedFrame
from ticktrail.core.log import EventLog


class SQLiteFrames:
    """The rows of a partition, through a connection of the test's own."""

    def __init__(self, file: Path, partition: str) -> None:
        self._file = file
        self._id = originator_of(partition).hex

    def load(self, number: int) -> EncodedFrame:
        with self._connection() as connection:
            topic, state = connection.execute(
                f"SELECT topic, state FROM {TABLE} WHERE originator_id = ? AND originator_version = ?",
                (self._id, number),
            ).fetchone()
        return EncodedFrame(number=number, topic=topic, state=state)

    def replace(self, number: int, *, topic: str | None = None, state: bytes | None = None) -> None:
        with self._connection() as connection:
            connection.execute(
                f"UPDATE {TABLE} SET topic = coalesce(?, topic), state = coalesce(?, state) "
                "WHERE originator_id = ? AND originator_version = ?",
                (topic, state, self._id, number),
            )

    def delete(self, number: int) -> None:
        with self._connection() as connection:
            connection.execute(
                f"DELETE FROM {TABLE} WHERE originator_id = ? AND originator_version = ?", (self._id, number)
            )

    @contextmanager
    def inserting(self, frame: EncodedFrame) -> Iterator[Callable[[], None]]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = (self._id, frame.number, frame.topic, frame.state)
            connection.execute(f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?)", row)
            yield connection.commit

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()


class TestSQLiteEventLog(DurableEventLogContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "log.db"

    @pytest.fixture
    def url(self, file: Path) -> str:
        return str(file)

    @pytest.fixture
    def partition(self) -> str:
        return "main"

    @pytest.fixture
    def raw(self, file: Path, partition: str) -> RawFrames:
        return SQLiteFrames(file, partition)

    # --- the file -----------------------------------------------------------------------------

    def test_every_commit_is_synced_to_the_disk(self, file: Path) -> None:
        connection = open_file(str(file))

        pragmas = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]

        connection.close()
        assert pragmas == ["wal", 2]

    def test_processes_that_create_the_file_at_once_all_append(self, url: str, partition: str) -> None:
        writers = [writer(url, partition, f"writer{n}", first=0, count=3) for n in range(5)]

        answers = [dict(acknowledged(process)) for process in writers]

        assert [process.wait() for process in writers] == [0] * 5
        assert sorted(offset for answer in answers for offset in answer) == list(range(0, 30, 2))

    def test_a_file_that_others_are_creating_is_opened_when_they_are_done(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SQLite refuses the switch to WAL at once then, in one of some hundred attempts."""
        refusals = iter(["first", "second"])

        class Contended(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if "journal_mode" in sql and next(refusals, None):
                    error = sqlite3.OperationalError("database is locked")
                    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                    raise error
                return super().execute(sql, *parameters)

        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Contended))

        log = open_event_log(file)

        assert put(log, [skipped(0)]) == 0
        assert next(refusals, None) is None
        log.close()

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("missing/log.db", "missing is not a folder, create it or choose another"),
            ("plain.txt/log.db", "plain.txt is not a folder, create it or choose another"),
            ("plain.txt", "plain.txt is not a SQLite database, so it is no event log"),
            ("folder", "cannot be opened: give this user the right to read and write it"),
            ("/proc/log.db", "the log /proc/log.db cannot be opened: give this user the right"),
        ],
    )
    def test_a_path_that_cannot_hold_a_log_is_refused_with_the_reason(
        self, tmp_path: Path, name: str, text: str
    ) -> None:
        (tmp_path / "plain.txt").write_text("this is a file of somebody else, and long enough\n" * 100)
        (tmp_path / "folder").mkdir()

        with pytest.raises(LogUnavailable, match=text):
            open_event_log(tmp_path / name)

        assert (tmp_path / "plain.txt").read_text().startswith("this is a file of somebody else")

    def test_odd_characters_in_the_path_are_taken_as_they_are(self, tmp_path: Path) -> None:
        path = tmp_path / "a?mode=memory&b#c%41 :memory:.db"
        log = open_event_log(path)
        put(log, [skipped(0)])
        log.close()

        assert path.exists()

    def test_a_log_that_another_process_keeps_locked_says_so(
        self, log: EventLog, url: str, raw: RawFrames, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_files, "BUSY_TIMEOUT", 0.05)
        impatient = open_event_log(url)
        frame = EncodedFrame(number=0, topic="", state=b"")

        with raw.inserting(frame), pytest.raises(LogUnavailable, match="locked for too long: end it"):
            put(impatient, [skipped(0)])

        assert put(impatient, [skipped(0)]) == 0
        impatient.close()

    def test_a_full_disk_refuses_an_append_whole_and_harms_nothing(self, url: str) -> None:
        """The file-size limit of the process stands in for the full disk."""
        subprocess.run([sys.executable, "-c", FULL_DISK, url], check=True, timeout=60)

        log = open_event_log(url)
        assert events_of(log) == [skipped(n) for n in range(4)]
        log.close()

    def test_an_interrupt_that_leaves_a_transaction_open_does_no_lasting_harm(self, url: str) -> None:
        pool = sqlite_files.FilePool(url)
        interrupted = pool.get_connection()
        interrupted.cursor().execute("BEGIN")
        pool.put_connection(interrupted)

        with pool.get_connection().transaction(commit=True) as cursor:
            cursor.execute("CREATE TABLE works (again)")

        pool.close()

    # --- forks --------------------------------------------------------------------------------

    @pytest.mark.parametrize("watched", ["watched", "unwatched"])
    def test_a_forked_child_keeps_its_appends_when_the_parent_closes_the_log(
        self, url: str, watched: str
    ) -> None:
        subprocess.run([sys.executable, "-c", FORKING, url, watched], check=True, timeout=60)

        log = open_event_log(url)
        assert events_of(log) == [skipped(n) for n in range(5)]
        log.close()

    # --- waking -------------------------------------------------------------------------------

    def test_the_file_is_watched_only_while_somebody_is_subscribed(self, log: EventLog) -> None:
        def watchers() -> int:
            return sum(thread.name == "ticktrail-file-watcher" for thread in threading.enumerate())

        first, second = log.subscribe(lambda: None), log.subscribe(lambda: None)
        during = watchers()
        first.close()
        second.close()

        assert (during, watchers()) == (1, 0)

    def test_an_append_of_another_process_wakes(self, log: EventLog, url: str, partition: str) -> None:
        woken = threading.Event()
        subscription = log.subscribe(woken.set)

        process = writer(url, partition, "other", first=0, count=1)

        assert woken.wait(NEVER_S)
        assert len(list(acknowledged(process))) == 1 and process.wait() == 0
        subscription.close()

    def test_a_watcher_warns_once_wakes_once_and_recovers_when_the_file_cannot_be_read(
        self,
        log: EventLog,
        other: EventLog,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        looks = threading.Semaphore(0)
        wakes: list[str] = []
        woken = threading.Event()

        def fail(connection: sqlite3.Connection) -> int:
            looks.release()
            raise sqlite3.OperationalError("gone for a while")

        def wake() -> None:
            wakes.append("woken")
            woken.set()

        subscription = log.subscribe(wake)
        with monkeypatch.context() as broken:
            broken.setattr(sqlite_files, "_data_version", fail)
            for _ in range(4):
                assert looks.acquire(timeout=NEVER_S)
            assert wakes == ["woken"]
            assert caplog.text.count("gone for a while") == 1
            woken.clear()
        put(other, [skipped(0)])

        assert woken.wait(NEVER_S)
        subscription.close()

    # --- errors -------------------------------------------------------------------------------

    @pytest.mark.parametrize("error", errors_below(sqlite3.Error, EventSourcingError), ids=repr)
    def test_every_error_of_the_driver_becomes_ours(self, error: Exception) -> None:
        assert_becomes_unavailable(error, DRIVER_ERRORS, partial(explain, file="/data/log.db"))

    @pytest.mark.parametrize(
        ("code", "text"),
        [
            (sqlite3.SQLITE_FULL, "is full, nothing was written: free some space and try again"),
            (sqlite3.SQLITE_IOERR_WRITE, "look for a full disk, a quota or a limit on file sizes"),
            (sqlite3.SQLITE_READONLY_DIRECTORY, "is read-only: give this user the right"),
            (sqlite3.SQLITE_CORRUPT, "is damaged: restore the log from a copy"),
            (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked for too long"),
        ],
    )
    def test_the_text_of_an_error_says_what_to_do(self, code: int, text: str) -> None:
        cause = sqlite3.OperationalError("some words of SQLite")
        cause.sqlite_errorcode = code
        wrapped = OperationalError(cause)
        wrapped.__cause__ = cause

        assert text in explain(wrapped, "/data/log.db")


class TestArchivedSQLiteEventLog(ArchivedEventLogContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "log.db"

    @pytest.fixture
    def url(self, file: Path) -> str:
        return str(file)

    @pytest.fixture
    def partition(self) -> str:
        return "main"

    @pytest.fixture
    def raw(self, file: Path, plain: RecorderLog, partition: str) -> RawFrames:
        return SQLiteFrames(file, partition)

    def test_the_room_of_archived_frames_is_given_back(self, plain: RecorderLog, file: Path) -> None:
        fill(plain)
        before = file.stat().st_size

        move(plain)

        assert before > 3_000_000
        assert file.stat().st_size < 500_000
        assert file.with_name("log.db-wal").stat().st_size == 0

    def test_the_room_is_given_back_of_a_file_that_an_older_release_made(
        self, file: Path, archive: Path
    ) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE made (before)")
            connection.execute("DROP TABLE made")
            assert connection.execute("PRAGMA auto_vacuum").fetchone() == (0,)
        log = open_event_log(file, archive=archive)
        fill(log)

        move(log, 50)
        first = file.stat().st_size
        move(log)

        assert first < 3_500_000
        assert file.stat().st_size < 500_000
        log.close()

    def test_an_append_does_not_wait_for_readers_when_room_is_given_back(
        self, plain: RecorderLog, other: EventLog, file: Path
    ) -> None:
        """Seen to fail when the write-ahead log was emptied whatever it took: SQLite lets nobody append meanwhile."""
        fill(plain)
        with closing(sqlite3.connect(file)) as reader:
            reader.execute("BEGIN")
            reader.execute(f"SELECT count(*) FROM {TABLE}").fetchone()
            archiving = threading.Thread(target=move, args=(plain, 50))
            archiving.start()

            begin, longest = time.monotonic(), 0.0
            while archiving.is_alive():
                began = time.monotonic()
                put(other, [skipped(100)])
                longest = max(longest, time.monotonic() - began)

            assert time.monotonic() - begin < 10
            assert longest < 5
        archiving.join()

    def test_a_full_disk_leaves_the_log_as_it_was_and_the_next_archiver_succeeds(
        self, plain: RecorderLog, url: str, archive: Path
    ) -> None:
        """The file-size limit of the process stands in for the full disk."""
        fill(plain)
        before = list(plain.stored_frames())

        subprocess.run([sys.executable, "-c", ARCHIVE_ON_FULL_DISK, url, archive], check=True, timeout=60)

        assert list(plain.stored_frames()) == before
        assert in_storage(plain) == [99]


def fill(log: EventLog) -> None:
    """Append some MiB that do not become less by compression."""
    chance = Random(7)
    for number in range(100):
        put(log, [skipped(number, reason=chance.randbytes(25_000).hex())])


#: Archives under a limit on the size of files, then without the limit.
ARCHIVE_ON_FULL_DISK = """
import resource, sys
from pathlib import Path
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.archive.archiver import Archiver, NotArchived

log, archive = open_event_log(sys.argv[1], archive=Path(sys.argv[2])), Path(sys.argv[2])
archiver = Archiver(log, lambda: None)
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit in (100, 1_000_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, unlimited[1]))
    try:
        archiver.run(10**9, at=1, by="ann@host")
    except NotArchived as refused:
        assert "cannot be written (file too large), what is not archived stays in the log's storage" in str(refused), refused
    else:
        raise AssertionError("the limit was not met")
    assert len(list(log.frames_in_storage())) == 100
    assert not list(archive.rglob("*.frames*"))
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
assert archiver.run(10**9, at=1, by="ann@host").frames == 99
log.close()
"""


#: Runs into a limit on the size of files with an append, then goes on without the limit.
FULL_DISK = """
import resource, sys
from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.errors import LogUnavailable
from ticktrail.core.events import TickSkipped

def skipped(number, reason=None):
    return TickSkipped(at=number, tick=number, sensor="inbox", reason=reason, duration=0.5)

def append(*events):
    return log.append(events, expected=None, recorded_at=1, writer="test")

log = open_event_log(sys.argv[1])
append(skipped(0)), append(skipped(1), skipped(2))
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, unlimited[1]))
for _ in range(2):
    try:
        append(*(skipped(n, reason="x" * 100_000) for n in range(20)))
    except LogUnavailable as refused:
        assert "nothing was written" in str(refused), refused
    else:
        raise AssertionError("the limit was not met")
    assert [frame.next_offset for frame in log.read()] == [1, 3] and log.head() == 3
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
assert append(skipped(3)) == 3
log.close()
"""

#: A child appends before and after its parent closes the log that both have open.
FORKING = """
import os, sys
from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.errors import LogUnavailable
from ticktrail.core.events import TickSkipped

def append(log, number):
    event = TickSkipped(at=number, tick=number, sensor="inbox", reason=None, duration=0.5)
    log.append([event], expected=number, recorded_at=1, writer="test")

log = open_event_log(sys.argv[1])
if sys.argv[2] == "watched":
    log.subscribe(lambda: None)
append(log, 0)
to_parent, to_child = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    try:
        append(log, 1)
    except LogUnavailable as refused:
        assert "opened before this process was forked" in str(refused), refused
    own = open_event_log(sys.argv[1])
    append(own, 1)
    os.write(to_parent[1], b"1")
    os.read(to_child[0], 1)
    append(own, 3)
    os.write(to_parent[1], b"3")
    os.read(to_child[0], 1)
    os._exit(0)
os.read(to_parent[0], 1)
append(log, 2)
log.close()
os.write(to_child[1], b"2")
os.read(to_parent[0], 1)
again = open_event_log(sys.argv[1])
append(again, 4)
again.close()
os.write(to_child[1], b"4")
assert os.waitpid(child, 0)[1] == 0
"""


class SQLiteAgainstTheModel(RuleBasedStateMachine):
    """Whatever is done to two handles of a file, it holds what the log in memory holds."""

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.file = Path(self.folder.name, "log.db")
        self.model = MemoryEventLog()
        self.handles = [self.open(), self.open()]
        self.written = 0

    def open(self) -> RecorderLog:
        return open_event_log(self.file, archive=self.file.with_name("archive"))

    @rule(which=st.integers(0, 1), count=st.integers(1, 4), off_by=st.sampled_from([None, 0, 0, -1, 1, 5]))
    def append(self, which: int, count: int, off_by: int | None) -> None:
        events = [skipped(self.written + n) for n in range(count)]
        expected = None if off_by is None else max(self.model.head() + off_by, 0)

        assert _outcome(self.handles[which], events, expected) == _outcome(self.model, events, expected)

        self.written += count

    @rule(which=st.integers(0, 1), start=st.integers(0, 40), length=st.none() | st.integers(0, 20))
    def read(self, which: int, start: int, length: int | None) -> None:
        stop = None if length is None else start + length

        assert list(self.handles[which].read(start, stop)) == list(self.model.read(start, stop))

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        self.handles[which].close()
        self.handles[which] = self.open()

    @rule(which=st.integers(0, 1), position=st.integers(0, 40))
    def archive(self, which: int, position: int) -> None:
        move(self.handles[which], position)

    @invariant()
    def heads_agree(self) -> None:
        assert [handle.head() for handle in self.handles] == [self.model.head()] * 2

    def teardown(self) -> None:
        for handle in self.handles:
            handle.close()
        self.folder.cleanup()


def _outcome(log: EventLog, events: list[TickSkipped], expected: int | None) -> tuple[str, int]:
    try:
        return "appended", put(log, events, expected=expected)
    except LogConflict as conflict:
        return "conflict", conflict.actual


def test_a_sqlite_log_behaves_as_the_log_in_memory() -> None:
    few = settings(max_examples=15, stateful_step_count=20, deadline=None, database=None)
    run_state_machine_as_test(SQLiteAgainstTheModel, settings=few)
