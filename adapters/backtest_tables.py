"""What a backtest came to as tables: plain columns, relations of DuckDB, files of Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..core.errors import TickTrailError
from ..core.replay import BacktestTick, RequestChange

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: The columns of a table by their names, all of one length.
Columns = dict[str, list[Any]]

#: The tables.
TICKS, REQUESTS = "backtest_ticks", "backtest_requests"

#: Ticks that are in memory before they go to a file.
_AT_ONCE = 20_000

_json = msgspec.json.Encoder(order="sorted").encode

_OF_TICK: Mapping[str, Callable[[BacktestTick], Any]] = {
    "tick": lambda tick: tick.tick,
    "started_at": lambda tick: tick.at,
    "cursor_before": lambda tick: tick.cursor_before,
    "cursor_after": lambda tick: tick.cursor_after,
    "added": lambda tick: tick.count("added"),
    "removed": lambda tick: tick.count("removed"),
    "changed": lambda tick: tick.count("changed"),
    "unchanged": lambda tick: tick.count("unchanged"),
    "error": lambda tick: tick.error,
    "missing": lambda tick: list(tick.missing),
    "why_not": lambda tick: tick.why_not,
}

#: Of a request before and after; what is not flat is JSON.
_CONTENT: Mapping[str, Callable[[Any], Any]] = {
    "job": lambda request: request.job,
    "partition_key": lambda request: request.partition_key,
    "run_config": lambda request: _json(request.run_config).decode(),
    "tags": lambda request: _json(request.given_tags).decode(),
    "asset_selection": lambda request: None if (keys := request.asset_selection) is None else list(keys),
}


class NoTables(TickTrailError):
    """What tables are made with is not installed."""

    def __init__(self, missing: ImportError) -> None:
        super().__init__(f'tables need DuckDB and Arrow ({missing}): pip install "ticktrail[history]"')


def columns_of(sensor: str, ticks: Sequence[BacktestTick]) -> dict[str, Columns]:
    """Return the tables of a backtest by their names.

    ``backtest_ticks`` has a row per tick: sensor, tick, started_at (UTC, microseconds), cursor_before, cursor_after, how many
    requests were added, removed, changed and unchanged, error, missing (a list), why_not. ``backtest_requests`` has one
    per request that either code made: sensor, tick, started_at, change, run_key, and before and after (``old_``, ``new_``) job,
    partition_key, run_config and tags (JSON), asset_selection (a list).
    """
    rows = [(tick, change) for tick in ticks for change in tick.requests]
    requests: Columns = {
        "sensor": [sensor] * len(rows),
        "tick": [tick.tick for tick, _ in rows],
        "started_at": [tick.at for tick, _ in rows],
        "change": [change.change for _, change in rows],
        "run_key": [change.run_key for _, change in rows],
    }
    for side in ("old", "new"):
        for name, value in _CONTENT.items():
            requests[f"{side}_{name}"] = [_content(change, side, value) for _, change in rows]
    of_ticks = {name: [value(tick) for tick in ticks] for name, value in _OF_TICK.items()}
    return {TICKS: {"sensor": [sensor] * len(ticks), **of_ticks}, REQUESTS: requests}


def _content(change: RequestChange, side: str, value: Callable[[Any], Any]) -> Any:
    request = getattr(change, side)
    return None if request is None else value(request)


def database_of(columns: Mapping[str, Columns]) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that has the tables.

    Raises:
        NoTables: DuckDB or Arrow is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise NoTables(error) from error
    database = duckdb.connect(config={"python_enable_replacements": False})
    for name, table in columns.items():
        database.register(name, _arrow(name, table))
    return database


@contextmanager
def parquet_files(folder: Path, sensor: str) -> Iterator[Callable[[BacktestTick], None]]:
    """Write a sensor's tables to ``backtest_ticks/SENSOR.parquet`` and ``backtest_requests/SENSOR.parquet``.

    The files are there when the block has ended, whole; what they held before is replaced.

    Returns:
        What is to be called with each tick.

    Raises:
        NoTables: Arrow is not installed.
        TickTrailError: They cannot be written.
    """
    waiting = list[BacktestTick]()
    targets = {name: folder / name / f"{sensor}.parquet" for name in (TICKS, REQUESTS)}
    try:
        with ExitStack() as opened:
            files = {name: opened.enter_context(_file(name, path)) for name, path in targets.items()}

            def write_waiting() -> None:
                for name, table in columns_of(sensor, waiting).items():
                    files[name].write_table(_arrow(name, table))
                waiting.clear()

            def write(tick: BacktestTick) -> None:
                waiting.append(tick)
                if len(waiting) == _AT_ONCE:
                    write_waiting()

            yield write
            write_waiting()
    except OSError as error:
        raise TickTrailError(
            f"the tables cannot be written to {folder}: {error.strerror or error}"
        ) from error


@contextmanager
def _file(table: str, path: Path) -> Iterator[Any]:
    schema = _schema(table)
    from pyarrow.parquet import ParquetWriter

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with ParquetWriter(unfinished, schema) as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _arrow(name: str, columns: Columns) -> pa.Table:
    schema = _schema(name)
    return schema.empty_table().from_pydict(columns, schema=schema)


def _schema(table: str) -> pa.Schema:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise NoTables(error) from error
    text, number = pa.string(), pa.int64()
    fields = {"sensor": text, "tick": number, "started_at": pa.timestamp("us")}
    if table == TICKS:
        fields |= {name: text for name in _OF_TICK if name not in fields}
        fields |= dict.fromkeys(("added", "removed", "changed", "unchanged"), number)
        fields["missing"] = pa.list_(text)
    else:
        fields |= {"change": text, "run_key": text}
        fields |= {f"{side}_{name}": text for side in ("old", "new") for name in _CONTENT}
        fields |= dict.fromkeys(("old_asset_selection", "new_asset_selection"), pa.list_(text))
    return pa.schema(list(fields.items()))
