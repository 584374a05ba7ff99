"""How DuckDB is opened: in memory, quiet, with times in UTC, and without a look at Python's variables."""

from __future__ import annotations

from pathlib import Path

import duckdb

from ...core.tape import covered
from ..own_connections import ours
from .parquet import quoted

#: Memory that sealing takes before it goes by way of the disk.
SEALING_MEMORY = "2GB"


def connect() -> duckdb.DuckDBPyConnection:
    """Return a database of its own; the caller closes it."""
    with covered():
        database = ours(duckdb.connect(config={"python_enable_replacements": False}))
    database.execute("SET enable_progress_bar = false")
    database.execute("SET TimeZone = 'UTC'")
    return database


def limit_memory(database: duckdb.DuckDBPyConnection, spilled: Path) -> None:
    """Let a database take `SEALING_MEMORY`, and go by way of a folder for more."""
    database.execute(f"SET temp_directory = {quoted(str(spilled))}")
    database.execute(f"SET memory_limit = '{SEALING_MEMORY}'")
