"""``ticktrail query``: questions in SQL over the whole history."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...core.errors import TickTrailError
from ...core.log import EventLog
from ..home import Home
from ..system import SystemClock
from .extras import needing_history
from .options import COMMON, WHEN, Common, When
from .output import Output
from .reading import opened, view_of
from .text import UsageError

if TYPE_CHECKING:
    import duckdb

    from ..history.database import History


def query(
    sql: Annotated[
        str | None,
        Parameter(help="One statement; without it, those of standard input, or a prompt on a terminal."),
    ] = None,
    /,
    *,
    csv: Annotated[bool, Parameter(help="Write comma-separated values.")] = False,
    parquet: Annotated[Path | None, Parameter(help="Write the result to this Parquet file.")] = None,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Ask the tick history in SQL (DuckDB's), up to the head of the log.

    `ticktrail query "SHOW TABLES"` lists the relations, `"DESCRIBE ticks"` the columns of one; docs/history.md says
    what they mean. Nothing can be changed, and no files but the history's be read.
    """
    if sum((csv, common.json, parquet is not None)) > 1:
        raise UsageError("give one of --csv, --json and --parquet FILE")
    home, out = common.open(), Output(json=common.json)
    with asked(home, when) as history:
        if sql is None and sys.stdin.isatty():
            from .sql_prompt import SqlPrompt

            return SqlPrompt(history, out, home.path / "sql_history").run()
        return _answer(history, out, sys.stdin.read() if sql is None else sql, csv, parquet)


@contextmanager
def asked(home: Home, when: When) -> Iterator[History]:
    """Open the history of a home, as it is or as it was, for the length of the block.

    Raises:
        UsageError: The extra is not installed.
        HistoryError: The history cannot be read.
    """
    with needing_history():
        from ..history.database import History, PastMoment
    now = SystemClock().now
    with opened(home) as log:
        past = None if when.as_of is None else PastMoment(*_past(log, when.as_of, now()))
        history = History(home.history_path, log, now=now, as_of=past)
        try:
            yield history
        finally:
            history.close()


def _past(log: EventLog, as_of: str, now: int) -> tuple[int, int]:
    view = view_of(log, as_of, now)
    return view.log.head(), view.now


def _answer(history: History, out: Output, sql: str, csv: bool, parquet: Path | None) -> int:
    from .result import write_csv, write_json, write_table

    with told(history) as refusals:
        rows = history.sql(sql)
        if parquet is not None:
            out.line(f"{_save(rows, parquet)} rows written to {parquet}")
        elif csv:
            write_csv(rows)
        elif out.json:
            write_json(rows)
        else:
            write_table(rows, out)
    return 1 if refusals else 0


@contextmanager
def told(history: History) -> Iterator[list[str]]:
    """Tell of a question that cannot be answered, as DuckDB says it: with the place in the text."""
    import duckdb

    from ..history.errors import HistoryQueryError

    refusals: list[str] = []
    try:
        yield refusals
    except HistoryQueryError as error:
        refusals.append(str(error))
    except duckdb.Error as error:
        refusals.append(str(history.refused(error)))
    for refusal in refusals:
        sys.stderr.write(f"ticktrail: {refusal}\n")


def _save(rows: duckdb.DuckDBPyRelation, target: Path) -> int:
    """Write the rows to a Parquet file, whole or not at all, and return how many there are.

    Raises:
        TickTrailError: It cannot be written.
    """
    import pyarrow.parquet as pq

    table = rows.to_arrow_table()
    try:
        handle, name = tempfile.mkstemp(dir=target.absolute().parent, prefix=".query-", suffix=".parquet")
        os.close(handle)
        try:
            pq.write_table(table, name, compression="zstd")
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise TickTrailError(f"{target} cannot be written: {error.strerror or error}") from error
    return int(table.num_rows)
