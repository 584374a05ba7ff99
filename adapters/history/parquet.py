"""Parquet files as DuckDB reads and writes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from ...projections.history.schema import Relation


def files(paths: Iterable[Path]) -> str:
    """Return the table function that reads some files as one."""
    listed = ", ".join(quoted(str(path)) for path in paths)
    return f"read_parquet([{listed}])"


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def save(database: duckdb.DuckDBPyConnection, query: str, relation: Relation, path: Path) -> int:
    """Write the rows of *query*, which are of *relation*, sorted as it says, and return how many there are.

    Raises:
        duckdb.Error: They cannot be written.
    """
    order = ", ".join(relation.order)
    ((copied,),) = database.execute(
        f"COPY (SELECT * FROM ({query}) ORDER BY {order}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    return int(copied)
