"""Databases of PostgreSQL by `psycopg`: what its cursors return is recorded, and while a tape is played nobody is asked.

Recorded is what `Cursor.execute` returned. What comes to a program in other ways (server-side and asynchronous cursors,
`stream`, `copy`, `notifies`, pipelines) is not, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

from ...core.tape import NotOnTape, Player, Reading, Recorder, covered, reading
from ...core.tape.recorder import described
from ...core.tape.statements import sort_of
from . import databases
from .databases import Rows
from .unseen import Missed, refuse

#: What of a connection's parameters says which database it is for.
_PLACE = ("service", "host", "hostaddr", "port", "dbname", "user")


def _connections(module: Any) -> Iterator[tuple[Any, str, Any]]:
    kind = module.Connection
    played = _played_kind(module)
    yield kind, "connect", classmethod(_connect_of(kind.connect.__func__, played))
    for name in ("commit", "rollback"):
        yield kind, name, _left_out(getattr(kind, name))
    yield kind, "transaction", _transaction_of(kind.transaction)
    for name in ("notifies", "pipeline"):
        yield kind, name, Missed(getattr(kind, name), f"psycopg {name}")


def _cursors(module: Any) -> Iterator[tuple[Any, str, Any]]:
    kind = module.Cursor
    yield kind, "execute", _execute_of(kind.execute)
    yield kind, "executemany", _executemany_of(kind.executemany)
    for name in ("stream", "copy"):
        yield kind, name, Missed(getattr(kind, name), f"psycopg {name}")


def _unrecorded_cursors(module: Any) -> Iterator[tuple[Any, str, Any]]:
    kinds = [
        getattr(module, name)
        for name in ("ServerCursor", "AsyncCursor", "AsyncServerCursor")
        if hasattr(module, name)
    ]
    for kind in kinds:
        for name in ("execute", "executemany", "stream", "copy", "fetchone", "fetchmany", "fetchall"):
            if name in vars(kind):
                yield kind, name, Missed(getattr(kind, name), f"psycopg {kind.__name__}")


def _package(module: Any) -> Iterator[tuple[Any, str, Any]]:
    yield module, "connect", module.Connection.connect


def _pools(module: Any) -> Iterator[tuple[Any, str, Any]]:
    kind = module.ConnectionPool
    yield kind, "getconn", _getconn_of(kind.getconn)
    yield kind, "putconn", _putconn_of(kind.putconn)


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {
    "psycopg.connection": _connections,
    "psycopg.cursor": _cursors,
    "psycopg._server_cursor": _unrecorded_cursors,
    "psycopg.cursor_async": _unrecorded_cursors,
    "psycopg._server_cursor_async": _unrecorded_cursors,
    "psycopg": _package,
    "psycopg_pool.pool": _pools,
}


# --- connections ------------------------------------------------------------------------------


def _connect_of(really: Callable[..., Any], played: type) -> Callable[..., Any]:
    @wraps(really)
    def connect(kind: Any, conninfo: str = "", **named: Any) -> Any:
        current, place = reading(), _place(conninfo, named)
        connect_really = partial(really, kind, conninfo, **named)
        if current is None or current.inside:
            connection = connect_really()
        elif isinstance(current, Recorder):
            connection = _recorded(current, place, connect_really)
        else:
            current.observe("database", "connect", place, _nothing, _same, _same)
            connection = played(connect_really, **named)
        connection.taped_place = place
        return connection

    return connect


def _recorded(recorder: Recorder, place: str, connect: Callable[[], Any]) -> Any:
    try:
        with covered():
            connection = connect()
    except Exception as error:
        recorder.record("database", "connect", place, None, described(error))
        raise
    databases.recorded_once(recorder, place)
    return connection


def _place(conninfo: str, named: Mapping[str, Any]) -> str:
    """Return which database is meant, without its password."""
    from psycopg.conninfo import conninfo_to_dict

    parameters = conninfo_to_dict(conninfo)
    parameters.update({name: value for name, value in named.items() if name in _PLACE})
    told = [f"{name}={parameters[name]}" for name in _PLACE if parameters.get(name) is not None]
    return " ".join(["postgresql", *told])


def _place_of(connection: Any) -> str:
    if (place := getattr(connection, "taped_place", None)) is None:
        # It was made before connections were ours.
        place = connection.taped_place = _place("", connection.info.get_parameters())
    return str(place)


def _played_kind(module: Any) -> type:
    class Connection(module.Connection):  # type: ignore[misc]
        """A connection to nobody."""

        def __init__(
            self,
            real: Callable[[], Any],
            *,
            row_factory: Any = None,
            cursor_factory: Any = None,
            autocommit: bool = False,
            **_: Any,
        ) -> None:
            super().__init__(_Nobody())
            self.taped_real = real
            self._autocommit = autocommit
            if row_factory is not None:
                self.row_factory = row_factory
            if cursor_factory is not None:
                self.cursor_factory = cursor_factory

    Connection.__name__ = Connection.__qualname__ = "Connection"
    return Connection


class _Nobody:
    """What a connection has in the place of a server's end, while a tape is played."""

    _encoding = "utf-8"
    socket = -1

    def __init__(self) -> None:
        from psycopg import pq

        self.status = pq.ConnStatus.OK
        self.transaction_status = pq.TransactionStatus.IDLE
        self.pipeline_status = pq.PipelineStatus.OFF
        self._bad = pq.ConnStatus.BAD

    def finish(self) -> None:
        """Be closed."""
        self.status = self._bad

    def __getattr__(self, name: str) -> Any:
        raise NotOnTape(f"psycopg connection: {name}: what a connection says of itself is on no tape")


def _is_played() -> bool:
    current = reading()
    return isinstance(current, Player) and not current.inside


def _left_out(really: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a method that does nothing while a tape is played: nothing was written that it could be about."""

    @wraps(really)
    def method(connection: Any) -> None:
        if not _is_played():
            really(connection)

    return method


def _transaction_of(really: Callable[..., Any]) -> Callable[..., Any]:
    @contextmanager
    def played(connection: Any) -> Iterator[Any]:
        yield connection

    @wraps(really)
    def transaction(connection: Any, *arguments: Any, **named: Any) -> Any:
        if _is_played():
            return played(connection)
        return really(connection, *arguments, **named)

    return transaction


# --- pools ------------------------------------------------------------------------------------


def _getconn_of(really: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(really)
    def getconn(pool: Any, timeout: float | None = None) -> Any:
        current = reading()
        if current is None or current.inside:
            return really(pool, timeout)
        if isinstance(current, Player):
            return pool.connection_class.connect(pool.conninfo, **(pool.kwargs or {}))
        # Who waits for whom in a pool is no read of the sensor's.
        with covered():
            connection = really(pool, timeout)
        if isinstance(current, Recorder):
            databases.recorded_once(current, _place_of(connection))
        return connection

    return getconn


def _putconn_of(really: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(really)
    def putconn(pool: Any, connection: Any) -> None:
        if isinstance(connection.pgconn, _Nobody):
            connection.close()
            return
        with covered():
            really(pool, connection)

    return putconn


# --- cursors ----------------------------------------------------------------------------------


def _execute_of(really: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(really)
    def execute(cursor: Any, query: Any, params: Any = None, **named: Any) -> Any:
        current = reading()
        if current is None or current.inside:
            return really(cursor, query, params, **named)
        statement, place = _text(query), _place_of(cursor.connection)
        sort = sort_of(statement)
        if sort == "write":
            refuse(current, f"execute {place}: {statement.strip()}")
        elif sort == "read":
            subject = databases.subject_of(place, statement, params)
            return _read(current, cursor, place, subject, partial(really, cursor, query, params, **named))
        return cursor if isinstance(current, Player) else really(cursor, query, params, **named)

    return execute


def _read(current: Reading, cursor: Any, place: str, subject: str, execute: Callable[[], Any]) -> Any:
    if not isinstance(current, Recorder):
        _show(cursor, databases.played(current, subject, partial(_live, cursor, execute)))
        return cursor
    databases.recorded_once(current, place)
    rows = Rows([], [], True)
    current.inside += 1
    try:
        execute()
        rows = _rows(cursor)
    except Exception as error:
        rows.fail(error)
        raise
    finally:
        current.inside -= 1
        rows.record(current, subject)
    if len(cursor._results) != 1:
        current.miss(f"execute {subject}: results of several statements at once are not recorded")
    return cursor


def _rows(cursor: Any) -> Rows:
    if (result := cursor.pgresult) is None:
        return Rows([], [], False)
    columns = [
        [result.fname(i).decode(cursor._encoding), result.ftype(i), result.fmod(i), result.fsize(i)]
        for i in range(result.nfields)
    ]
    return Rows(columns, cursor._tx.load_rows(0, result.ntuples, tuple), True)


def _live(cursor: Any, execute: Callable[[], Any]) -> Rows:
    connection = cursor.connection
    if not isinstance(connection.pgconn, _Nobody):
        execute()
        return _rows(cursor)
    statement, params = execute.args[1:]  # type: ignore[attr-defined]
    with connection.taped_real() as real:
        return _rows(real.execute(statement, params))


def _executemany_of(really: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(really)
    def executemany(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        current = reading()
        if current is not None and not current.inside:
            refuse(current, f"execute {_place_of(cursor.connection)}: {_text(query).strip()}")
        return really(cursor, query, *arguments, **named)

    return executemany


def _text(query: Any) -> str:
    if isinstance(query, str):
        return query
    if isinstance(query, bytes):
        return query.decode()
    return str(query.as_string(None)) if hasattr(query, "as_string") else repr(query)


def _show(cursor: Any, rows: Rows) -> None:
    """Let a cursor have what a tape has in the place of what a server returned."""
    cursor._reset()
    cursor._tx, cursor._results = _Loaded(rows.rows), [_Result(rows)]
    cursor._select_current_result(0)


class _Result:
    """A result of which there is no server's."""

    def __init__(self, rows: Rows) -> None:
        from psycopg.pq import ExecStatus

        self._columns = rows.columns
        self.status = ExecStatus.TUPLES_OK
        self.nfields, self.ntuples = len(rows.columns), len(rows.rows)
        self.command_tuples = self.ntuples
        self.command_status = b"SELECT %d" % self.ntuples

    def fname(self, index: int) -> bytes:
        return str(self._columns[index][0]).encode()

    def ftype(self, index: int) -> int:
        return int(self._columns[index][1])

    def fmod(self, index: int) -> int:
        return int(self._columns[index][2])

    def fsize(self, index: int) -> int:
        return int(self._columns[index][3])


class _Loaded:
    """What makes rows of a result, of one whose values are there already."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._rows = rows

    def set_pgresult(self, *_: Any, **__: Any) -> None:
        """Have it already."""

    def load_row(self, index: int, make_row: Callable[[Any], Any]) -> Any:
        return make_row(self._rows[index])

    def load_rows(self, first: int, end: int, make_row: Callable[[Any], Any]) -> list[Any]:
        return [make_row(row) for row in self._rows[first:end]]


def _nothing() -> None:
    """Read nothing."""


def _same(value: Any) -> Any:
    return value
