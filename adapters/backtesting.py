"""Backtests from Python: the same as ``ticktrail backtest``, with a result to look into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..core.authoring.definitions import Definitions
from ..core.errors import TickTrailError
from ..core.log import EventLog
from ..core.replay import Backtest, BacktestTick, PastTick
from ..core.replay.summary import Summary
from ..core.tape.history_player import Missing
from ..projections.past_ticks import past_ticks
from .backtest_tables import columns_of, database_of
from .home import Home
from .tape import install, rebind_code, secrets

if TYPE_CHECKING:
    import duckdb


class EmptyLog(TickTrailError):
    """There is no past."""


class BacktestResult(msgspec.Struct, frozen=True):
    """What a backtest came to.

    Attributes:
        sensor: The sensor's name.
        ticks: What became of each tick, in order.
        summary: Counts over all of them.
    """

    sensor: str
    ticks: list[BacktestTick]
    summary: Summary

    @property
    def only_new(self) -> list[str]:
        """The run keys that only the new code asks for, over all ticks."""
        return self.summary.only_new

    @property
    def only_old(self) -> list[str]:
        """The run keys that only the old code asked for, over all ticks."""
        return self.summary.only_old

    @property
    def errors(self) -> list[BacktestTick]:
        """The ticks that failed."""
        return [tick for tick in self.ticks if tick.error is not None]

    @property
    def diverging(self) -> list[BacktestTick]:
        """The ticks that ask for something else."""
        return [tick for tick in self.ticks if tick.diverges]

    def columns(self) -> dict[str, dict[str, list[Any]]]:
        """Return ``backtest_ticks``, a row per tick, and ``backtest_requests``, a row per request that either code made.

        Each is a dict of columns, lists of one length, as data frames are made of: see `ticktrail.adapters.backtest_tables`.
        """
        return columns_of(self.sensor, self.ticks)

    def tables(self) -> dict[str, duckdb.DuckDBPyRelation]:
        """Return both as relations of DuckDB, by their names.

        Raises:
            NoTables: DuckDB is not installed: ``pip install "ticktrail[history]"``.
        """
        columns = self.columns()
        database = database_of(columns)
        return {name: database.table(name) for name in columns}

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Ask DuckDB about the tables ``backtest_ticks`` and ``backtest_requests``.

        Raises:
            NoTables: DuckDB is not installed: ``pip install "ticktrail[history]"``.
            duckdb.Error: It does not understand the question.
        """
        return database_of(self.columns()).sql(query)


def backtest(
    definitions: Definitions,
    sensor: str,
    *,
    home: str | os.PathLike[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    start_cursor: str | Any | None = ...,
    fresh_keys: bool = False,
    missing: Missing = "fail",
) -> BacktestResult:
    """Run new code on the recorded ticks of a sensor. Nothing is stored, and nothing goes out.

    Args:
        definitions: Those that hold the new code.
        sensor: The sensor's name, in them and in the log.
        home: The home that has the ticks; that of TICKTRAIL_HOME, or ``.ticktrail`` in this folder, if left out.
        since, until: Only ticks that started at or after the one, and before the other; UTC if they say no other.
        start_cursor: The cursor to begin with, in place of that of the first tick.
        fresh_keys: Whether no run key is taken at the beginning.
        missing: A read that the tape lacks fails, is answered by the ``"nearest"`` tape before, or made now (``"live"``):
            then functions that ``context.observe`` was given are called, and changes of the outside world still refused.

    Raises:
        DagsterInvariantViolationError: The definitions have no such sensor.
        HomeError: There is no such home.
        EmptyLog: Its log has no event.
        MissingBlob: The log does not have what a tape names.
    """
    place = os.environ.get("TICKTRAIL_HOME", ".ticktrail") if home is None else home
    opened = Home.open(Path(place), create=False)
    install()
    rebind_code()
    secrets.use(opened.tape_settings().secrets)
    first, last = _micros(since, 0), _micros(until, 2**63)
    with closing(opened.log()) as log:
        summary = summary_of(log, first, last)
        run = Backtest(
            definitions.get_sensor_def(sensor),
            definitions,
            start_cursor=start_cursor,
            fresh_keys=fresh_keys,
            missing=missing,
        )
        ticks = list(run.run(_between(past_ticks(log, sensor), first, last)))
    for tick in ticks:
        summary.add(tick)
    return BacktestResult(sensor, ticks, summary)


def summary_of(log: EventLog, since: int, until: int) -> Summary:
    """Return an empty summary over the time of a log, as far as it is between two moments.

    Raises:
        EmptyLog: The log has no event.
    """
    head = log.head()
    if not head:
        raise EmptyLog("the log has no event: let the sensor tick first, with `ticktrail dev`")
    first, last = next(log.read()), next(log.read(head - 1))
    return Summary(start=max(first.recorded_at, since), end=min(last.recorded_at, until))


def _between(pasts: Iterator[PastTick], since: int, until: int) -> Iterator[PastTick]:
    return (past for past in pasts if since <= past.started.at < until)


def _micros(moment: datetime | None, otherwise: int) -> int:
    if moment is None:
        return otherwise
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6)
