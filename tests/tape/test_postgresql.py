"""Reads of PostgreSQL databases, which nobody is asked for when the tape is played."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import psycopg_pool
import pytest
from psycopg import sql
from psycopg.rows import class_row, dict_row, namedtuple_row, scalar_row

from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.tape import NotOnTape, Player, under
from ticktrail.core.tape.history_player import HistoryPlayer

pytestmark = pytest.mark.external_service


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS orders WITH (FORCE)")
        connection.execute("CREATE DATABASE orders")
    url = postgres_url.replace("/postgres?", "/orders?")
    assert url != postgres_url
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE orders (id INT PRIMARY KEY, name TEXT, price NUMERIC(10, 2), at TIMESTAMPTZ)"
        )
        connection.execute(
            "INSERT INTO orders VALUES (1, 'ä', 1.50, '2026-07-01 12:00:00.000001+00'), (2, NULL, NULL, NULL)"
        )
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS orders WITH (FORCE)")


def drop(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE orders WITH (FORCE)")


class Order:
    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Order) and other.fields == self.fields

    __hash__ = None  # type: ignore[assignment]


_ALL = "SELECT * FROM orders ORDER BY id"
_TYPES = """
SELECT 1::int2, 2::int8, 1.5::float8, 'NaN'::numeric, true, 'x'::bytea, '2026-01-01'::date, '12:00'::time,
       '1 day 2 s'::interval, '2026-07-01 12:00+02'::timestamptz, ARRAY[1, NULL], ARRAY[ARRAY['a'], ARRAY['b']],
       '{"a": [1, {"b": null}]}'::jsonb, 'c4ca4238-a0b9-2382-0dcc-509a6f75849b'::uuid, '10.0.0.1'::inet,
       ROW(1, 'a'), NULL, 'text'::name, 123456789012345678901234567890::numeric
"""


def _by_pages(connection: psycopg.Connection[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_ALL)
        pages = [
            cursor.rownumber,
            cursor.fetchone(),
            cursor.fetchmany(5),
            cursor.fetchone(),
            cursor.fetchall(),
        ]
        cursor.scroll(0, "absolute")
        return [*pages, list(cursor), cursor.rowcount, cursor.statusmessage]


def _columns(connection: psycopg.Connection[Any]) -> list[Any]:
    described = connection.execute(_ALL).description
    assert described is not None
    return [(tuple(column), column.type_display, repr(column)) for column in described]


def _no_such_table(connection: psycopg.Connection[Any]) -> Any:
    with pytest.raises(psycopg.errors.UndefinedTable) as raised:
        connection.execute("SELECT * FROM nothing")
    connection.rollback()
    return str(raised.value), raised.value.sqlstate


def _in_a_transaction(connection: psycopg.Connection[Any]) -> Any:
    with connection.transaction():
        connection.execute("SET LOCAL search_path TO public")
        rows = connection.execute(_ALL).fetchall()
    connection.commit()
    return rows


READS: dict[str, Callable[[psycopg.Connection[Any]], Any]] = {
    "all": lambda connection: connection.execute(_ALL).fetchall(),
    "types": lambda connection: [
        (repr(each), type(each)) for each in connection.execute(_TYPES).fetchall()[0]
    ],
    "pages": _by_pages,
    "columns": _columns,
    "dicts": lambda connection: connection.cursor(row_factory=dict_row).execute(_ALL).fetchall(),
    "named tuples": lambda connection: (
        connection.cursor(row_factory=namedtuple_row).execute(_ALL).fetchall()[0]._asdict()
    ),
    "objects": lambda connection: connection.cursor(row_factory=class_row(Order)).execute(_ALL).fetchall(),
    "scalars": lambda connection: connection.cursor(row_factory=scalar_row).execute(_ALL).fetchall(),
    "parameters": lambda connection: connection.execute(
        "SELECT name FROM orders WHERE id = %s", (1,)
    ).fetchall(),
    "composed": lambda connection: connection.execute(
        sql.SQL("SELECT {} FROM orders").format(sql.Identifier("id"))
    ).fetchall(),
    "binary": lambda connection: connection.execute(_ALL, binary=True).fetchall(),
    "no such table": _no_such_table,
    "a transaction": _in_a_transaction,
    "nothing": lambda connection: connection.execute("SELECT 1 WHERE false").fetchall(),
    "a client cursor": lambda connection: (
        psycopg.ClientCursor(connection).execute("SELECT %s", ("a",)).fetchone()
    ),
}


@pytest.mark.parametrize("name", READS)
def test_what_was_read_comes_from_the_tape_when_the_database_is_gone(
    postgres_url: str, url: str, name: str
) -> None:
    """Seen to fail when cursors were not recorded: the tape was called complete, and had nothing."""

    def read() -> Any:
        with psycopg.connect(url) as connection:
            return READS[name](connection)

    plain = read()
    then, tape = record(read)
    drop(postgres_url)

    assert tape.complete, tape.uncovered
    assert then == plain
    assert play(tape, read) == then


def test_a_server_that_refuses_does_so_on_the_tape(url: str) -> None:
    def read() -> str:
        with pytest.raises(psycopg.OperationalError) as raised:
            psycopg.connect(url, dbname="nothing")
        return str(raised.value)

    then, tape = record(read)

    assert tape.complete, tape.uncovered
    assert "nothing" in then
    assert play(tape, read) == then


def test_a_connection_that_is_kept_has_its_reads_on_the_tape_of_each_tick(url: str) -> None:
    """Seen to fail when only the tick that had made the connection could make it when its tape was played."""

    def count(connection: psycopg.Connection[Any]) -> int:
        return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])  # type: ignore[index]

    def anew() -> int:
        with psycopg.connect(url) as connection:
            return count(connection)

    with psycopg.connect(url, autocommit=True) as kept:
        first, one = record(lambda: count(kept))
        kept.execute("DELETE FROM orders WHERE id = 1")
        second, two = record(lambda: count(kept))

        assert (first, second) == (2, 1)
        for tape, answer in ((one, first), (two, second)):
            assert tape.complete, tape.uncovered
            assert play(tape, lambda: count(kept)) == play(tape, anew) == answer


def test_a_pool_is_asked_for_no_connection_while_a_tape_is_played(postgres_url: str, url: str) -> None:
    """Seen to fail when it waited for one until it gave up."""
    with psycopg_pool.ConnectionPool(url, min_size=1, open=True) as pool:

        def read() -> Any:
            with pool.connection() as connection:
                return connection.execute(_ALL).fetchall()

        then, tape = record(read)
        assert tape.complete, tape.uncovered
    drop(postgres_url)

    assert play(tape, read) == then


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize(
    "write",
    [
        lambda connection: connection.execute("DELETE FROM orders"),
        lambda connection: connection.cursor().executemany("DELETE FROM orders WHERE id = %s", [(1,)]),
        lambda connection: connection.execute(
            "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone"
        ),
    ],
)
def test_what_writes_is_refused_and_named(url: str, write: Callable[[Any], Any], is_kept: bool) -> None:
    """Seen to fail when a connection from before the tick wrote while a tape was played."""
    with psycopg.connect(url) as kept:
        _, tape = record(lambda: kept.execute(_ALL).fetchall())
        player = Player(tape)

        refused = pytest.raises(NotOnTape, match="nothing is written while a tape is played")
        with under(player), psycopg.connect(url, autocommit=True) as anew, refused:
            write(kept if is_kept else anew)

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (2,)
    assert len(player.missing) == 1 and "postgresql" in player.missing[0]


def test_a_password_is_not_on_the_tape(url: str) -> None:
    def read() -> Any:
        with psycopg.connect(url, password="hunter2") as connection:
            return connection.execute("SELECT 1").fetchone()

    then, tape = record(read)

    assert b"hunter2" not in b"".join(tape.channels.values())
    assert play(tape, read) == then == (1,)


async def _asynchronously(url: str) -> Any:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute("SELECT 1")
        return await cursor.fetchone()


def _from_a_server_cursor(url: str) -> Any:
    with psycopg.connect(url) as connection, connection.cursor(name="some") as cursor:
        return cursor.execute(_ALL).fetchall()


def _streamed(url: str) -> Any:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        return list(cursor.stream(_ALL))


def _copied(url: str) -> Any:
    copied = "COPY orders TO STDOUT"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(copied) as copy:
        return list(copy)


def _several(url: str) -> Any:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1; SELECT 2").fetchall()


@pytest.mark.parametrize(
    ("read", "named"),
    [
        (lambda url: asyncio.run(_asynchronously(url)), "psycopg AsyncCursor"),
        (_from_a_server_cursor, "psycopg ServerCursor"),
        (_streamed, "psycopg stream"),
        (_copied, "psycopg copy"),
        (_several, "several statements at once"),
    ],
)
def test_what_is_not_recorded_is_named(url: str, read: Callable[[str], Any], named: str) -> None:
    """Seen to fail: libpq opens its sockets where Python sees nothing of it, so such tapes were called complete."""
    _, tape = record(lambda: read(url))

    assert any(named in each for each in tape.uncovered), tape.uncovered


def test_what_the_tape_lacks_is_asked_of_the_database_if_that_is_wished(url: str) -> None:
    def read(wanted: int) -> Any:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT id FROM orders WHERE id = %s", (wanted,)).fetchall()

    _, tape = record(lambda: read(1))

    with under(HistoryPlayer(tape, "live", {}, at=0)):
        assert (read(1), read(2)) == ([(1,)], [(2,)])
