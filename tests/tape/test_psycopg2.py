"""Reads of PostgreSQL by `psycopg2` are named, and no replay makes them, whenever its connections were made."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool
import pytest
from psycopg2 import sql

from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.tape import NotOnTape, Player, Tape, observe, under
from ticktrail.core.tape.history_player import HistoryPlayer

pytestmark = pytest.mark.external_service


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(postgres_url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE orders (id INT, name TEXT)")
        cursor.execute("INSERT INTO orders VALUES (1, 'a'), (2, 'b')")
        connection.commit()
        yield connection


class Explicit(psycopg2.extensions.cursor):  # type: ignore[misc]
    """As the documentation of older releases has it."""

    def execute(self, query: Any, vars: Any = None) -> None:
        psycopg2.extensions.cursor.execute(self, query, vars)


def _rows(connection: Any, factory: Any = None, name: str | None = None) -> list[Any]:
    with connection.cursor(name, cursor_factory=factory) as cursor:
        cursor.execute("SELECT * FROM orders ORDER BY id")
        return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in cursor.fetchall()]


def _called(connection: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.callproc("abs", [-1])
        return cursor.fetchone()


def _copied(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.copy_to(sys.stderr, "orders")


def _many_values(connection: Any) -> Any:
    with connection.cursor() as cursor:
        return psycopg2.extras.execute_values(cursor, "VALUES %s", [(1,), (2,)], fetch=True)


READS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "rows": ("execute", _rows),
    "dicts": ("execute", lambda connection: _rows(connection, psycopg2.extras.RealDictCursor)),
    "rows of dicts": ("execute", lambda connection: _rows(connection, psycopg2.extras.DictCursor)),
    "named tuples": ("execute", lambda connection: _rows(connection, psycopg2.extras.NamedTupleCursor)),
    "a cursor of the user's": ("execute", lambda connection: _rows(connection, Explicit)),
    "on the server": ("execute", lambda connection: _rows(connection, name="some")),
    "values": ("execute", _many_values),
    "a function": ("callproc", _called),
    "copy": ("copy_to", _copied),
    "notifications": ("poll", lambda connection: connection.poll()),
}


@pytest.mark.parametrize("case", READS)
def test_a_read_by_a_connection_older_than_the_tick_is_named_and_not_replayed(
    connection: Any, case: str
) -> None:
    """Seen to fail: libpq opens its sockets where Python hears nothing of it, so such tapes were called complete."""
    name, read = READS[case]

    plain = read(connection)
    then, tape = record(lambda: read(connection))
    player = Player(tape)
    with under(player), pytest.raises(NotOnTape, match=f"psycopg2 {name}"):
        read(connection)

    assert then == plain
    assert tape.uncovered == (f"psycopg2 {name}",)
    assert player.missing == [f"psycopg2 {name}"]


@pytest.mark.parametrize(
    "factory", [None, psycopg2.extensions.connection, psycopg2.extras.DictConnection], ids=str
)
def test_a_connection_of_the_tick_is_named_and_not_made_by_a_replay(postgres_url: str, factory: Any) -> None:
    def read() -> Any:
        connecting = psycopg2.connect(postgres_url, connection_factory=factory)
        with closing(connecting) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone()[0]

    then, tape = record(read)

    assert then == 1 and tape.uncovered == ("psycopg2 connect", "psycopg2 execute")
    with pytest.raises(NotOnTape, match="psycopg2 connect is on no tape"):
        play(tape, read)


@pytest.mark.parametrize("kind", ["DictConnection", "RealDictConnection", "NamedTupleConnection"])
def test_cursors_of_the_connections_of_extras_are_met(postgres_url: str, kind: str) -> None:
    """Seen to fail when the connections' own way to make cursors came before ours."""
    factory = getattr(psycopg2.extras, kind)
    with closing(psycopg2.connect(postgres_url, connection_factory=factory)) as connection:
        with connection.cursor() as cursor:
            _, tape = record(lambda: cursor.execute("SELECT 1"))

        assert isinstance(connection, factory)
        assert isinstance(cursor, getattr(psycopg2.extras, kind.replace("Connection", "Cursor")))
        assert tape.uncovered == ("psycopg2 execute",)


def test_pools_and_factories_of_cursors_are_met(postgres_url: str) -> None:
    pool = psycopg2.pool.SimpleConnectionPool(
        1, 1, postgres_url, cursor_factory=psycopg2.extras.RealDictCursor
    )
    with closing(pool.getconn()) as connection, connection.cursor() as cursor:
        _, tape = record(lambda: cursor.execute("SELECT 1 AS one"))

        assert cursor.fetchone() == {"one": 1} and tape.uncovered == ("psycopg2 execute",)


WRITES: dict[str, Callable[[Any], Any]] = {
    "text": lambda cursor: cursor.execute("DELETE FROM orders"),
    "bytes": lambda cursor: cursor.execute(b"DELETE FROM orders"),
    "composed": lambda cursor: cursor.execute(
        sql.SQL("WITH gone AS (DELETE FROM {} RETURNING 1) SELECT * FROM gone").format(
            sql.Identifier("orders")
        )
    ),
    "many": lambda cursor: cursor.executemany("DELETE FROM orders WHERE id = %s", [(1,), (2,)]),
    "a function": lambda cursor: cursor.callproc("pg_sleep", [0]),
    "copy": lambda cursor: cursor.copy_from(sys.stdin, "orders"),
}


@pytest.mark.parametrize("case", WRITES)
def test_what_writes_is_refused_though_what_the_tape_lacks_is_asked_of_the_server(
    connection: Any, case: str
) -> None:
    """Seen to fail when only what is on no tape was refused: rows were deleted by a backtest that asked for rows."""
    cursor = connection.cursor()
    player = HistoryPlayer(Tape(), "live", {}, at=0)
    composed = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("orders"))

    with under(player), pytest.raises(NotOnTape, match="nothing is written while a tape is played"):
        WRITES[case](cursor)
    with under(player):
        cursor.execute(composed)
        assert cursor.fetchone() == (2,)

    assert player.missing[-1] == "psycopg2 execute"


def test_what_is_read_within_an_observation_is_on_the_tape(connection: Any) -> None:
    def read() -> Any:
        return observe("observed", "orders", "", lambda: [list(row) for row in _rows(connection)])

    then, tape = record(read)
    connection.close()

    assert tape.complete and play(tape, read) == then == [[1, "a"], [2, "b"]]


def test_connections_and_cursors_are_what_they_were(connection: Any) -> None:
    seen: list[Any] = []
    psycopg2.extras.register_uuid(conn_or_curs=connection)

    with connection, connection.cursor() as cursor:
        cursor.execute("LISTEN said; NOTIFY said, 'it'")
        seen += [cursor.statusmessage, cursor.name, cursor.connection is connection]
    connection.commit()
    select.select([connection], [], [], 0)
    connection.poll()

    assert seen == ["NOTIFY", None, True] and connection.notifies[-1].payload == "it"
    assert isinstance(connection, psycopg2.extensions.connection)
    assert isinstance(cursor, psycopg2.extensions.cursor)
    assert repr(cursor).startswith("<cursor object at") and repr(connection).startswith(
        "<connection object at"
    )
    assert str(type(cursor)) == str(psycopg2.extensions.cursor)
    assert psycopg2.connect.__module__ == "psycopg2" and type(psycopg2.connect) is type(_rows)
    with pytest.raises(TypeError):
        connection.cursor(nothing=1)
