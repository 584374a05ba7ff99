"""Databases of `duckdb`, and files that it reads: it does so in C++, where nothing is recorded; each statement is named.

What a statement reads cannot be told from it, so those that read nothing but variables of Python's are named, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MethodType
from typing import Any

from ..own_connections import is_ours
from .unseen import Missed, Refused, Watched, watched

#: By a connection, or the module for the connection that it has.
_STATEMENTS = (
    "execute", "executemany", "sql", "query", "query_df", "from_query", "table", "view", "table_function",
    "read_csv", "read_json", "read_parquet", "from_csv_auto", "from_parquet", "install_extension", "load_extension",
)  # fmt: skip

#: What a relation, which may be older than the tick, is asked for rows.
_ROWS = (
    "fetchone", "fetchmany", "fetchall", "fetchnumpy", "fetchdf", "fetch_df_chunk", "fetch_arrow_table",
    "fetch_arrow_reader", "fetch_record_batch", "df", "to_df", "to_dicts", "iter_rows", "arrow", "to_arrow_table",
    "to_arrow_reader", "record_batch", "pl", "tf", "torch", "execute", "materialize", "preview", "show", "describe",
    "__len__",
)  # fmt: skip

_WRITES = (
    "append", "appender", "query_appender", "write_csv", "to_csv", "write_parquet", "to_parquet", "create", "to_table",
    "insert", "insert_into", "update",
)  # fmt: skip


def _package(module: Any) -> Iterator[tuple[Any, str, Any]]:
    yield from watched(module, ("connect", *_STATEMENTS), _missed)
    yield from watched(module.DuckDBPyConnection, _STATEMENTS, _missed)
    yield from watched(module.DuckDBPyRelation, _ROWS, _missed)
    for holder in (module, module.DuckDBPyConnection, module.DuckDBPyRelation):
        yield from watched(holder, _WRITES, _refused)


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {"duckdb": _package}


class _Missed(Missed):
    def __get__(self, holder: Any, kind: type | None = None) -> Any:
        # Relations have the connection that they are of.
        if is_ours(getattr(holder, "_con", holder)):
            return MethodType(self.really, holder)
        return super().__get__(holder, kind)


def _missed(really: Callable[..., Any], name: str) -> Watched:
    return _Missed(really, f"duckdb {name}")


def _refused(really: Callable[..., Any], name: str) -> Watched:
    missed = _missed(really, name)
    return Refused(missed, f"duckdb {name}")
