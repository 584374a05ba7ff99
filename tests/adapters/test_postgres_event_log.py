"""The event log in PostgreSQL: the shared promises, and what only this adapter does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event

import psycopg
import pytest
from eventsourcing.domain import EventSourcingError
from psycopg.sql import SQL, Identifier

from contracts.archived_event_log import ArchivedEventLogContract
from contracts.durable_event_log import DurableEventLogContract, RawFrames, acknowledged, writer
from contracts.event_log import NEVER_S, events_of, put, skipped
from contracts.refusing_recorder import assert_becomes_unavailable, errors_below
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.postgres import DRIVER_ERRORS, explain
from ticktrail.adapters.event_log.postgres_frames import TABLE
from ticktrail.adapters.event_log.recorder import RecorderLog, originator_of
from ticktrail.core.errors import LogUnavailable
from ticktrail.core.frames import EncodedFrame
from ticktrail.core.log import EventLog

pytestmark = pytest.mark.external_service

_numbers = itertools.count()


class PostgresFrames:
    """The rows of a partition, through connections of the test's own."""

    def __init__(self, url: str, partition: str) -> None:
        self._url = url
        self._id = originator_of(partition)

    def load(self, number: int) -> EncodedFrame:
        with psycopg.connect(self._url) as connection:
            row = connection.execute(
                f"SELECT topic, state FROM {TABLE} WHERE originator_id = %s AND originator_version = %s",
                (self._id, number),
            ).fetchone()
        assert row is not None
        return EncodedFrame(number=number, topic=row[0], state=row[1])

    def replace(self, number: int, *, topic: str | None = None, state: bytes | None = None) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(
                f"UPDATE {TABLE} SET topic = coalesce(%s, topic), state = coalesce(%s, state) "
                "WHERE originator_id = %s AND originator_version = %s",
                (topic, state, self._id, number),
            )

    def delete(self, number: int) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(
                f"DELETE FROM {TABLE} WHERE originator_id = %s AND originator_version = %s",
                (self._id, number),
            )

    @contextmanager
    def inserting(self, frame: EncodedFrame) -> Iterator[Callable[[], None]]:
        with psycopg.connect(self._url) as connection:
            connection.execute(
                f"INSERT INTO {TABLE} VALUES (%s, %s, %s, %s)",
                (self._id, frame.number, frame.topic, frame.state),
            )
            yield connection.commit


@pytest.fixture
def fresh_database(postgres_url: str) -> Iterator[str]:
    """URL of a database in which no log was opened yet."""
    name = f"fresh{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    yield postgres_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


class TestPostgresEventLog(DurableEventLogContract):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url

    @pytest.fixture
    def partition(self) -> str:
        return f"partition{next(_numbers)}"

    @pytest.fixture
    def raw(self, log: EventLog, url: str, partition: str) -> RawFrames:
        return PostgresFrames(url, partition)

    def test_processes_that_create_the_table_at_once_all_append(self, fresh_database: str) -> None:
        writers = [writer(fresh_database, "main", f"writer{n}", first=0, count=3) for n in range(4)]

        answers = [dict(acknowledged(process)) for process in writers]

        assert [process.wait() for process in writers] == [0] * 4
        assert sorted(offset for answer in answers for offset in answer) == list(range(0, 24, 2))

    def test_a_database_that_an_older_release_made_gets_what_this_one_calls(
        self, fresh_database: str
    ) -> None:
        """Seen to fail when the table alone was looked for."""
        log = open_event_log(fresh_database)
        put(log, [skipped(0)])
        log.close()
        with psycopg.connect(fresh_database) as connection:
            connection.execute("DROP FUNCTION ticktrail_append_2")

        again = open_event_log(fresh_database)

        assert put(again, [skipped(1)], expected=1) == 1
        again.close()

    def test_a_log_goes_on_after_the_server_has_dropped_its_connections(
        self, log: EventLog, url: str, partition: str
    ) -> None:
        put(log, [skipped(0)])

        drop_connections(url)

        assert put(log, [skipped(1)], expected=1) == 1
        assert events_of(log) == [skipped(0), skipped(1)]

    def test_a_subscriber_is_woken_after_its_connection_was_lost(
        self, log: EventLog, other: EventLog, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        woken = Event()
        subscription = log.subscribe(woken.set)

        drop_connections(url)
        put(other, [skipped(0)])

        assert woken.wait(NEVER_S)
        assert "lost the connection that listens for appends" in caplog.text
        subscription.close()

    def test_parameters_of_the_url_reach_the_server(self, url: str, partition: str) -> None:
        log = open_event_log(f"{url}&application_name=ticktrail-test", partition)
        log.head()

        with psycopg.connect(url) as connection:
            names = {row[0] for row in connection.execute("SELECT application_name FROM pg_stat_activity")}

        log.close()
        assert "ticktrail-test" in names

    def test_a_server_that_does_not_answer_is_named_without_the_password(self) -> None:
        with pytest.raises(LogUnavailable) as refused:
            open_event_log("postgresql://ann:secret@127.0.0.1:1/trail")

        assert "the database trail on 127.0.0.1 refused" in str(refused.value)
        assert "check that the server runs" in str(refused.value)
        assert "secret" not in str(refused.value)

    def test_a_broken_url_is_refused(self) -> None:
        with pytest.raises(LogUnavailable, match="this is no PostgreSQL URL"):
            open_event_log("postgresql://host/trail?no_such_parameter=1")

    def test_every_error_of_the_driver_becomes_ours(self) -> None:
        errors = errors_below(psycopg.Error, EventSourcingError)

        assert len(errors) > 100
        for error in errors:
            assert_becomes_unavailable(error, DRIVER_ERRORS, partial(explain, parameters={}))


class TestArchivedPostgresEventLog(ArchivedEventLogContract):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url

    @pytest.fixture
    def partition(self) -> str:
        return f"partition{next(_numbers)}"

    @pytest.fixture
    def raw(self, plain: RecorderLog, url: str, partition: str) -> RawFrames:
        return PostgresFrames(url, partition)


def drop_connections(url: str) -> None:
    """End all connections to the database but the one that does it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
