"""Databases of `sqlite3`: connections and cursors of classes of our own, since those of Python cannot be changed.

While a tape is played they are connected to an empty database in memory, and what they return is the tape's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from functools import cache, partial
from itertools import islice
from typing import Any, Self

from ...core.tape import NotOnTape, Player, Reading, Recorder, covered, reading
from ...core.tape.recorder import described
from ...core.tape.statements import sort_of
from . import databases
from .databases import Rows
from .unseen import miss, refuse

#: Where `factory` is among the arguments of `sqlite3.connect` behind the database.
_FACTORY = 4


def _connects(module: Any) -> Iterator[tuple[Any, str, Any]]:
    yield module, "connect", _connect_of(module.connect, module.Connection, module.Cursor)


def _same_connects(module: Any) -> Iterator[tuple[Any, str, Any]]:
    yield module, "connect", sys.modules["sqlite3.dbapi2"].connect


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {
    "sqlite3.dbapi2": _connects,
    "sqlite3": _same_connects,
}


def _connect_of(really: Callable[..., Any], standard: type, cursor: type) -> Callable[..., Any]:
    def connect(database: Any, *arguments: Any, **named: Any) -> Any:
        """Do as `sqlite3.connect`."""
        if len(arguments) > _FACTORY:
            named["factory"] = arguments[_FACTORY]
            arguments = arguments[:_FACTORY] + arguments[_FACTORY + 1 :]
        kind = _taped(named.pop("factory", standard), cursor)
        current = reading()
        # What is in memory nobody else can have written: it is no part of the outside world.
        if current is None or current.inside or database in ("", ":memory:"):
            with covered():
                return really(database, *arguments, factory=kind, **named)
        real = partial(really, database, *arguments, **named)
        place = f"sqlite {database}"
        if isinstance(current, Recorder):
            return _recorded(current, place, partial(real, factory=kind))
        current.observe("database", "connect", place, _nothing, _same, _same)
        with covered():
            connection = really(":memory:", *arguments, factory=kind, **{**named, "uri": False})
        connection.stand_in_for(place, real)
        return connection

    return connect


def _recorded(recorder: Recorder, place: str, make: Callable[[], Any]) -> Any:
    try:
        with covered():
            connection = make()
    except Exception as error:
        recorder.record("database", "connect", place, None, described(error))
        raise
    databases.recorded_once(recorder, place)
    return connection


@cache
def _taped(kind: Any, standard_cursor: type) -> type:
    """Return a class of connections that does as *kind*, whose cursors are taped."""

    class Connection(kind):  # type: ignore[misc]
        taped_place: str | None = None
        taped_real: Callable[[], Any] | None = None

        def __init__(self, database: Any, *arguments: Any, **named: Any) -> None:
            super().__init__(database, *arguments, **named)
            if database not in ("", ":memory:"):
                self.taped_place = f"sqlite {database}"

        def stand_in_for(self, place: str, real: Callable[[], Any]) -> None:
            """Be the connection of a place to which *real* makes a real one."""
            self.taped_place, self.taped_real = place, real

        def cursor(self, factory: Any = standard_cursor) -> Any:
            if not isinstance(factory, type):
                self._miss("a function for cursors")
                return super().cursor(factory)
            return super().cursor(_taped_cursor(factory))

        # The originals would not ask for a cursor of ours.

        def execute(self, *arguments: Any) -> Any:
            return self.cursor().execute(*arguments)

        def executemany(self, *arguments: Any) -> Any:
            return self.cursor().executemany(*arguments)

        def executescript(self, *arguments: Any) -> Any:
            return self.cursor().executescript(*arguments)

        def backup(self, *arguments: Any, **named: Any) -> None:
            self._miss("backup")
            super().backup(*arguments, **named)

        def serialize(self, *arguments: Any, **named: Any) -> Any:
            self._miss("serialize")
            return super().serialize(*arguments, **named)

        def blobopen(self, *arguments: Any, **named: Any) -> Any:
            self._miss("blobopen")
            return super().blobopen(*arguments, **named)

        def _miss(self, what: str) -> None:
            if (current := reading()) is not None and self.taped_place is not None:
                miss(current, f"{what} of {self.taped_place}")

    Connection.__name__, Connection.__qualname__ = kind.__name__, kind.__qualname__
    return Connection


@cache
def _taped_cursor(kind: Any) -> type:
    """Return a class of cursors that does as *kind*, and records what it fetches, or has it of the tape."""

    class Cursor(kind):  # type: ignore[misc]
        #: What is recorded, or played, of the last statement; None if neither is.
        _taped: Rows | None = None
        #: How many rows were taken of what is played; None if it is recorded.
        _taken: int | None = None
        _subject = ""
        row_factory: Any

        def execute(self, statement: str, parameters: Any = ()) -> Self:
            self._taped = None
            current, place = reading(), self.connection.taped_place
            if current is None or current.inside or place is None:
                return self._executed(super().execute, statement, parameters)
            sort = sort_of(statement)
            if sort == "write":
                refuse(current, f"execute {place}: {statement.strip()}")
            elif sort == "read":
                self._subject = databases.subject_of(place, statement, parameters)
                return self._read(current, place, statement, parameters)
            return (
                self
                if isinstance(current, Player)
                else self._executed(super().execute, statement, parameters)
            )

        def executemany(self, statement: str, parameters: Iterable[Any]) -> Self:
            self._refuse(statement)
            return self._executed(super().executemany, statement, parameters)

        def executescript(self, script: str) -> Self:
            self._refuse(script)
            return self._executed(super().executescript, script)

        def fetchone(self) -> Any:
            if self._taped is None:
                return super().fetchone()
            return next(self, None)

        def fetchmany(self, size: int | None = None) -> list[Any]:
            wanted = self.arraysize if size is None else size
            if self._taped is None:
                return list(super().fetchmany(wanted))
            return list(islice(self, wanted))

        def fetchall(self) -> list[Any]:
            return list(super().fetchall()) if self._taped is None else list(self)

        def __next__(self) -> Any:
            if self._taped is None:
                return super().__next__()
            row = self._fetched(self._taped) if self._taken is None else self._played(self._taped)
            return row if self.row_factory is None else self.row_factory(self, row)

        def _executed(self, execute: Callable[..., Any], *arguments: Any) -> Self:
            execute(*arguments)
            return self

        def _refuse(self, statement: str) -> None:
            self._taped = None
            current, place = reading(), self.connection.taped_place
            if current is not None and place is not None:
                refuse(current, f"execute {place}: {statement.strip()}")

        def _read(self, current: Reading, place: str, statement: str, parameters: Any) -> Self:
            if not isinstance(current, Recorder):
                read = partial(self._live, statement, parameters)
                rows = databases.played(current, self._subject, read)
                # It gives the cursor the columns, which rows of `sqlite3.Row` ask it for.
                super().execute(_empty(rows.columns))
                self._taped, self._taken = rows, 0
                return self
            databases.recorded_once(current, place)
            rows = Rows([], [], False, most=current.limits.read)
            current.at_end.append(partial(rows.record, current, self._subject))
            try:
                super().execute(statement, parameters)
            except Exception as error:
                rows.fail(error)
                raise
            rows.columns = [[column[0]] for column in self.description or ()]
            self._taped, self._taken = rows, None
            return self

        def _live(self, statement: str, parameters: Any) -> Rows:
            if self.connection.taped_real is None:
                raise NotOnTape(
                    f"{self._subject}: the connection was made before the tick, it cannot be made anew"
                )
            with closing(self.connection.taped_real()) as connection, closing(connection.cursor()) as cursor:
                rows = cursor.execute(statement, parameters).fetchall()
                return Rows([[column[0]] for column in cursor.description or ()], rows, True)

        def _fetched(self, rows: Rows) -> Any:
            factory, self.row_factory = self.row_factory, None
            try:
                row = super().__next__()
            except StopIteration:
                rows.whole = True
                raise
            finally:
                self.row_factory = factory
            if len(rows.rows) <= rows.most:
                rows.rows.append(row)
            return row

        def _played(self, rows: Rows) -> Any:
            assert self._taken is not None
            if self._taken < len(rows.rows):
                self._taken += 1
                return rows.rows[self._taken - 1]
            if rows.whole:
                raise StopIteration
            what = f"more than {len(rows.rows):,} rows of {self._subject}"
            if (current := reading()) is not None:
                current.miss(what)
            raise NotOnTape(f"{what} are not on the tape: the code fetches what it did not fetch then")

    Cursor.__name__, Cursor.__qualname__ = kind.__name__, kind.__qualname__
    return Cursor


def _empty(columns: Any) -> str:
    """Return a statement without rows that has these columns."""
    named = ", ".join('NULL AS "{}"'.format(column[0].replace('"', '""')) for column in columns)
    return f"SELECT {named or 'NULL'} WHERE 0"


def _nothing() -> None:
    """Read nothing."""


def _same(value: Any) -> Any:
    return value
