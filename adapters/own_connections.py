"""Connections of DuckDB by which we read ourselves: what a tick asks of the tick history is named as such, not by them."""

from __future__ import annotations

from typing import Any, TypeVar
from weakref import WeakSet

Connection = TypeVar("Connection")

_own: WeakSet[Any] = WeakSet()


def ours(connection: Connection) -> Connection:
    """Return a connection, which is ours from now on."""
    _own.add(connection)
    return connection


def is_ours(connection: Any) -> bool:
    """Return whether a connection is one of ours."""
    return connection in _own
