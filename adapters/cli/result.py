"""The result of a question as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from .output import Output, status_text

if TYPE_CHECKING:
    import duckdb

#: Rows that a table shows; more are for a file.
SHOWN = 200

#: Characters of a cell that a table shows.
_CELL = 200

#: Characters between two columns.
_GAP = 2

_JSON = "JSON"
_NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "HUGEINT", "FLOAT", "DECIMAL", "SMALLINT", "UBIGINT")


#: Types whose values CSV has as they are.
_AS_THEY_ARE = ("VARCHAR", "BIGINT", "INTEGER", "HUGEINT")


def write_table(rows: duckdb.DuckDBPyRelation, out: Output) -> None:
    """Write the first rows as a table, or below each other if that is too wide, and say if there are more."""
    fetched = rows.limit(SHOWN + 1).fetchall()
    shown = [[_cell(value) for value in row] for row in fetched[:SHOWN]]
    widths = [max(map(cell_len, column)) for column in zip(rows.columns, *_plain(shown), strict=True)]
    if sum(widths) + _GAP * len(widths) <= out.results.width or not shown:
        out.results.print(_table(rows, shown, widths))
    else:
        _write_records(rows.columns, shown, out)
    if len(fetched) > SHOWN:
        out.note(
            f"there are more than these {SHOWN} rows: narrow the question, or write them all with --csv, --json or --parquet"
        )
    elif not shown:
        out.note("no rows")


def _plain(shown: list[list[Text]]) -> Iterator[list[str]]:
    for row in shown:
        yield [cell.plain for cell in row]


def _table(rows: duckdb.DuckDBPyRelation, shown: list[list[Text]], widths: list[int]) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="bold", pad_edge=False)
    for name, kind, width in zip(rows.columns, rows.types, widths, strict=True):
        right = str(kind).startswith(_NUMBERS)
        # Rich takes long to find out by itself how wide the columns are.
        table.add_column(Text(name), justify="right" if right else "left", no_wrap=True, width=width)
    for row in shown:
        table.add_row(*row)
    return table


def _write_records(names: list[str], shown: list[list[Text]], out: Output) -> None:
    width = max(map(len, names))
    for row in shown:
        lines = [
            Text.assemble((f"{name:<{width}}  ", "dim"), cell) for name, cell in zip(names, row, strict=True)
        ]
        out.results.print(Text("\n").join(lines), soft_wrap=True)
        out.line()


def write_csv(rows: duckdb.DuckDBPyRelation) -> None:
    """Write all rows as comma-separated values, with a header; NULL is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows.columns)
    places = [place for place, kind in enumerate(rows.types) if str(kind) not in _AS_THEY_ARE]
    for row in rows.iter_rows():
        cells = list(row)
        for place in places:
            if cells[place] is not None:
                cells[place] = plain(cells[place])
        writer.writerow(cells)


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
