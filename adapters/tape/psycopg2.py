"""Databases of PostgreSQL by `psycopg2`: what its connections and cursors ask the server is not recorded, and named.

Its types cannot be changed, so connections and cursors are of subclasses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import Any

from ...core.tape.statements import sort_of
from .unseen import Missed, Refused, Watched

#: By cursors, those first whose argument is a statement, and then those that write whatever is said.
_STATEMENTS, _WRITES, _READS = (
    ("execute", "executemany", "copy_expert"),
    ("callproc", "copy_from"),
    ("copy_to",),
)

#: By connections; `poll` fetches notifications.
_OF_CONNECTIONS = ("poll", "lobject")


def _package(module: Any) -> Iterator[tuple[Any, str, Any]]:
    # `psycopg2.connect` calls it.
    connect = _connect_of(module._connect, module.extensions.connection, module.extensions.cursor)
    yield module, "_connect", Missed(connect, "psycopg2 connect")


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {"psycopg2": _package}


def _connect_of(really: Callable[..., Any], standard: type, standard_cursor: type) -> Callable[..., Any]:
    between = _connection(standard, standard_cursor)

    @wraps(really)
    def connect(dsn: Any, connection_factory: Any = None, **named: Any) -> Any:
        return really(
            dsn, connection_factory=_watched_connection(connection_factory or between, between), **named
        )

    return connect


def _connection(standard: Any, standard_cursor: type) -> type:
    """Return the class of connections whose cursors are watched."""

    @wraps(standard.cursor)
    def cursor(
        connection: Any, name: Any = None, cursor_factory: Any = None, *more: Any, **named: Any
    ) -> Any:
        kind = cursor_factory or connection.cursor_factory or standard_cursor
        return standard.cursor(connection, name, _watched_cursor(kind), *more, **named)

    members: dict[str, Any] = {
        name: Missed(getattr(standard, name), _named(name)) for name in _OF_CONNECTIONS
    }
    return type(standard.__name__, (standard,), {**_same(standard), **members, "cursor": cursor})


@cache
def _watched_connection(kind: Any, between: type) -> Any:
    """Return a class that does as *kind*, and comes to *between* for its cursors; a function stays as it is."""
    if not isinstance(kind, type) or issubclass(kind, between):
        return kind
    return between if issubclass(between, kind) else type(kind.__name__, (kind, between), _same(kind))


@cache
def _watched_cursor(kind: Any) -> Any:
    if not isinstance(kind, type):
        return kind
    members: dict[str, Any] = {}
    for name in (*_STATEMENTS, *_WRITES, *_READS):
        members[name] = _watched(getattr(kind, name), name)
    return type(kind.__name__, (kind,), {**_same(kind), **members})


def _watched(really: Callable[..., Any], name: str) -> Watched:
    missed, what = Missed(really, _named(name)), _named(name)
    if name in _READS:
        return missed
    return Refused(missed, what, at=1, outside=_writes) if name in _STATEMENTS else Refused(missed, what)


def _same(kind: type) -> dict[str, Any]:
    return {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}


def _named(name: str) -> str:
    return f"psycopg2 {name}"


def _writes(statement: Any) -> bool:
    return sort_of(_text(statement)) == "write"


def _text(statement: Any) -> str:
    """Return the words of a statement, which may be composed; names and values in it say nothing of what it does."""
    if isinstance(statement, bytes):
        return statement.decode()
    if (parts := getattr(statement, "seq", None)) is not None:
        return "".join(map(_text, parts))
    return str(getattr(statement, "string", statement))
