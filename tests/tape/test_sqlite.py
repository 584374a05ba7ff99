"""Reads of SQLite databases, which are gone when the tape is played."""

from __future__ import annotations

import datetime
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.tape import NotOnTape, Player, under
from ticktrail.core.tape.history_player import HistoryPlayer


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "orders.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, price REAL, raw BLOB)")
        rows = [(1, "ä", 1.5, b"\xff"), (2, None, 2.5, None), (2**62, "c", None, b"")]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    return path


_ALL = "SELECT * FROM orders ORDER BY id"


def _rows_of(connection: sqlite3.Connection) -> list[Any]:
    connection.row_factory = sqlite3.Row
    rows = connection.execute(_ALL).fetchall()
    return [(row["name"], row.keys(), tuple(row), isinstance(row, sqlite3.Row)) for row in rows]


def _dicts_of(connection: sqlite3.Connection) -> list[Any]:
    cursor = connection.cursor()
    cursor.row_factory = lambda of, row: {
        column[0]: each for column, each in zip(of.description, row, strict=True)
    }
    return list(cursor.execute(_ALL))


def _columns_of(connection: sqlite3.Connection) -> Any:
    cursor = connection.execute('SELECT id AS "a""b", id AS same, id AS same FROM orders')
    return cursor.description, cursor.fetchall(), cursor.rowcount


def _by_pages(connection: sqlite3.Connection) -> list[Any]:
    cursor = connection.execute(_ALL)
    return [cursor.fetchone(), cursor.fetchmany(2), cursor.fetchmany(2), cursor.fetchone(), cursor.fetchall()]


def _one_of_many(connection: sqlite3.Connection) -> Any:
    return connection.execute("SELECT count(*) FROM orders WHERE id > ?", (1,)).fetchone()[0]


def _twice(connection: sqlite3.Connection) -> list[Any]:
    first, second = connection.execute(_ALL), connection.execute(_ALL)
    return [next(first), next(second), second.fetchall(), next(first)]


def _no_such_table(connection: sqlite3.Connection) -> str:
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute("SELECT * FROM nothing")
    return str(raised.value)


def _in_a_transaction(connection: sqlite3.Connection) -> list[Any]:
    with connection:
        connection.execute("BEGIN")
        rows = connection.execute(_ALL).fetchall()
        connection.execute("COMMIT")
    connection.commit()
    connection.rollback()
    return rows


READS: dict[str, Callable[[sqlite3.Connection], Any]] = {
    "all": lambda connection: connection.execute(_ALL).fetchall(),
    "an iteration": lambda connection: list(connection.cursor().execute(_ALL)),
    "sqlite3.Row": _rows_of,
    "dicts": _dicts_of,
    "columns": _columns_of,
    "pages": _by_pages,
    "a count": _one_of_many,
    "two cursors": _twice,
    "no such table": _no_such_table,
    "a transaction": _in_a_transaction,
    "names": lambda connection: connection.execute(
        "SELECT id FROM orders WHERE name = :name", {"name": "c"}
    ).fetchall(),
    "a pragma": lambda connection: connection.execute("PRAGMA table_info(orders)").fetchall(),
    "nothing": lambda connection: connection.execute("SELECT 1 WHERE 0").fetchall(),
    "a dump": lambda connection: list(connection.iterdump()),
}


@pytest.mark.parametrize("name", READS)
def test_what_was_read_comes_from_the_tape_when_the_database_is_gone(database: Path, name: str) -> None:
    """Seen to fail when connections were Python's own: the tape was called complete, and had nothing."""

    def read() -> Any:
        with closing(sqlite3.connect(database)) as connection:
            return READS[name](connection)

    plain = read()
    then, tape = record(read)
    database.unlink()

    assert tape.complete, tape.uncovered
    assert then == plain
    assert play(tape, read) == then
    assert not database.exists()


def test_columns_of_other_types_come_back_as_they_were(database: Path) -> None:
    sqlite3.register_converter("day", lambda raw: datetime.date.fromisoformat(raw.decode()))

    def read() -> Any:
        with closing(sqlite3.connect(database, detect_types=sqlite3.PARSE_COLNAMES)) as connection:
            return connection.execute("SELECT '2026-01-02' AS \"at [day]\"").fetchall()

    then, tape = record(read)
    assert then == [(datetime.date(2026, 1, 2),)]
    assert play(tape, read) == then


def test_a_connection_that_is_kept_has_its_reads_on_the_tape_of_each_tick(database: Path) -> None:
    """Seen to fail when only the tick that had made the connection could make it when its tape was played."""
    kept = sqlite3.connect(database)

    def count(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])

    def anew() -> int:
        with closing(sqlite3.connect(database)) as connection:
            return count(connection)

    first, one = record(lambda: count(kept))
    with closing(sqlite3.connect(database)) as other, other:
        other.execute("DELETE FROM orders WHERE id = 1")
    second, two = record(lambda: count(kept))

    assert (first, second) == (3, 2)
    for tape, answer in ((one, first), (two, second)):
        assert tape.complete, tape.uncovered
        assert play(tape, lambda: count(kept)) == play(tape, anew) == answer
    kept.close()


def test_a_database_that_cannot_be_opened_cannot_be_opened_on_the_tape(tmp_path: Path) -> None:
    def read() -> str:
        with pytest.raises(sqlite3.OperationalError) as raised:
            sqlite3.connect(tmp_path / "none" / "x.db")
        return str(raised.value)

    then, tape = record(read)
    (tmp_path / "none").mkdir()

    assert tape.complete, tape.uncovered
    assert play(tape, read) == then


@pytest.mark.parametrize(
    "write",
    [
        lambda connection: connection.execute("INSERT INTO orders (id) VALUES (9)"),
        lambda connection: connection.executemany("DELETE FROM orders WHERE id = ?", [(1,)]),
        lambda connection: connection.executescript("SELECT 1; DROP TABLE orders"),
        lambda connection: connection.cursor().execute("UPDATE orders SET name = 'x'"),
    ],
)
@pytest.mark.parametrize("is_kept", [True, False])
def test_what_writes_is_refused_and_named(database: Path, write: Callable[[Any], Any], is_kept: bool) -> None:
    """Seen to fail when a connection from before the tick wrote while a tape was played."""
    before = database.read_bytes()
    kept = sqlite3.connect(database)
    _, tape = record(lambda: kept.execute(_ALL).fetchall())
    player = Player(tape)

    with under(player):
        connection = kept if is_kept else sqlite3.connect(database)
        with pytest.raises(NotOnTape, match="nothing is written while a tape is played"):
            write(connection)
        if not is_kept:
            connection.close()

    kept.commit()
    kept.close()
    assert database.read_bytes() == before
    assert len(player.missing) == 1 and f"sqlite {database}" in player.missing[0]


def test_a_tick_may_write(database: Path) -> None:
    def act() -> int:
        with closing(sqlite3.connect(database)) as connection, connection:
            return int(connection.execute("INSERT INTO orders (id) VALUES (9) RETURNING id").fetchone()[0])

    assert record(act)[0] == 9
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (4,)


def test_more_rows_than_were_fetched_then_are_not_on_the_tape(database: Path) -> None:
    """Seen to fail when the end of what is on the tape was taken for the end of the rows."""

    def read(count: int) -> list[Any]:
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute(_ALL).fetchmany(count)

    then, tape = record(lambda: read(2))

    assert play(tape, lambda: read(2)) == then
    with pytest.raises(NotOnTape, match="more than 2 rows of sqlite"):
        play(tape, lambda: read(3))


def test_other_parameters_and_other_databases_are_other_reads(database: Path, tmp_path: Path) -> None:
    def read(path: Path, number: int) -> Any:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT ?", (number,)).fetchone()

    _, tape = record(lambda: (read(database, 1), read(tmp_path / "other.db", 2)))

    assert play(tape, lambda: (read(database, 1), read(tmp_path / "other.db", 2))) == ((1,), (2,))
    with pytest.raises(NotOnTape):
        play(tape, lambda: read(database, 2))
    with pytest.raises(NotOnTape):
        play(tape, lambda: read(tmp_path / "third.db", 1))


def test_what_the_tape_lacks_is_asked_of_the_database_if_that_is_wished(database: Path) -> None:
    def read(wanted: int) -> Any:
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT id FROM orders WHERE id = ?", (wanted,)).fetchall()

    _, tape = record(lambda: read(1))
    database.with_name("kept").write_bytes(database.read_bytes())

    with under(HistoryPlayer(tape, "live", {}, at=0)):
        assert (read(1), read(2)) == ([(1,)], [(2,)])


def test_a_database_in_memory_is_a_part_of_the_sensor() -> None:
    def read() -> Any:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("CREATE TABLE t (a)")
            connection.execute("INSERT INTO t VALUES (1)")
            return connection.execute("SELECT * FROM t").fetchall()

    then, tape = record(read)

    assert tape.complete and not tape.channels
    assert play(tape, read) == then == [(1,)]


def test_classes_of_ones_own_stay_what_they_are(database: Path) -> None:
    class Mine(sqlite3.Connection):
        def names(self) -> list[Any]:
            return [row[0] for row in self.execute("SELECT name FROM orders ORDER BY id")]

    def read() -> Any:
        with closing(sqlite3.connect(database, factory=Mine)) as connection:
            return connection.names(), isinstance(connection, Mine)

    then, tape = record(read)
    database.unlink()

    assert play(tape, read) == then == (["ä", None, "c"], True)


def _backup(one: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(":memory:")) as other:
        one.backup(other)


@pytest.mark.parametrize("act", [lambda one: one.serialize(), _backup])
def test_a_copy_of_the_database_is_named_and_not_recorded(database: Path, act: Callable[[Any], Any]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert record(lambda: act(connection))[1].uncovered[0].endswith(f"of sqlite {database}")
