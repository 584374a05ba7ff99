"""The result of a question as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .output import Output, status_text

if TYPE_CHECKING:
    import duckdb

#: Rows that a table shows; more are for a file.
SHOWN = 1_000

#: Characters of a cell that a table shows.
_CELL = 200

_JSON = "JSON"
_NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "HUGEINT", "FLOAT", "DECIMAL", "SMALLINT", "UBIGINT")


def write_table(rows: duckdb.DuckDBPyRelation, out: Output) -> None:
    """Write the first rows as a table, or below each other if that is too wide, and say how many more there are."""
    fetched = iter(rows.iter_rows())
    shown = [[_cell(value) for value in row] for row in islice(fetched, SHOWN)]
    table = _table(rows, shown)
    if Measurement.get(out.results, out.results.options, table).maximum < out.results.width or not shown:
        out.results.print(table)
    else:
        _write_records(rows.columns, shown, out)
    if more := sum(1 for _ in fetched):
        out.note(
            f"{more} more rows: add LIMIT to the question, or write them all with --csv, --json or --parquet"
        )
    elif not shown:
        out.note("no rows")


def _table(rows: duckdb.DuckDBPyRelation, shown: list[list[Text]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for name, kind in zip(rows.columns, rows.types, strict=True):
        right = str(kind).startswith(_NUMBERS)
        table.add_column(Text(name), justify="right" if right else "left", no_wrap=True)
    for row in shown:
        table.add_row(*row)
    return table


def _write_records(names: list[str], shown: list[list[Text]], out: Output) -> None:
    width = max(map(len, names))
    for row in shown:
        for name, cell in zip(names, row, strict=True):
            out.results.print(Text.assemble((f"{name:<{width}}  ", "dim"), cell), soft_wrap=True)
        out.line()


def write_csv(rows: duckdb.DuckDBPyRelation) -> None:
    """Write all rows as comma-separated values, with a header; NULL is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows.columns)
    for row in rows.iter_rows():
        writer.writerow("" if value is None else plain(value) for value in row)


def write_json(rows: duckdb.DuckDBPyRelation) -> None:
    """Write all rows as JSON objects, one per line; JSON columns are part of the object."""
    names = rows.columns
    parsed = [str(kind) == _JSON for kind in rows.types]
    for row in rows.iter_rows():
        record = {
            name: msgspec.Raw(value.encode()) if is_json and isinstance(value, str) else _as_json(value)
            for name, value, is_json in zip(names, row, parsed, strict=True)
        }
        sys.stdout.write(msgspec.json.encode(record).decode() + "\n")


def plain(value: Any) -> str:
    """Return a value as people write it; times are ISO text, and UTC where nothing is said."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 or not isfinite(value) else f"{value:.0f}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict, bytes)):
        return msgspec.json.encode(_as_json(value)).decode()
    return str(value)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("-", style="dim")
    text = plain(value)
    if len(text) > _CELL:
        text = text[: _CELL - 1] + "…"
    return Text(text, style=status_text(text)[1])


def _as_json(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has no number for is null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
