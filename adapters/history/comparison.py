"""Invariant 1 for the history: what was sealed equals what the log alone gives."""

from __future__ import annotations

from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import duckdb

from ...core.event_columns import IN_COLUMNS
from ...core.log import EventLog
from ...projections.history.schema import Relation
from ...projections.history.stored import (
    CARRIED,
    DAY_PARTS,
    DURATION_PARTS,
    GAP_PARTS,
    PARTS,
    RUN_PARTS,
    SEALED,
    STORED,
)
from ..progress import read_with_progress
from .connection import connect
from .derivation import Derivation
from .event_tables import EventTables
from .parquet import files
from .sealing import FAN_IN, SEGMENT_EVENTS
from .segments import Segment, chained

#: Of a relation: how many rows there are, and the sum of their hashes.
_Sum = tuple[int, int]


def history_digests(folder: Path, log: EventLog) -> tuple[str, str] | None:
    """Return the digests of the history made anew from the log, and of the one that is sealed; None if none is.

    The order of rows, and where segments begin, do not count. Of `PARTS`, what they add up to is compared with the
    sealed rows that they are made of, which are themselves compared with the log's.

    Raises:
        HistoryDamaged: A segment is missing, or is not what was sealed.
        CorruptFrame, UnknownSchema, LogUnavailable: As the log does.
    """
    chain = chained(folder / "segments")
    if not chain:
        return None
    for segment in chain:
        segment.verify()
    with _opened(chain) as database:
        added_up = {relation.name: _added_up(database, relation, f"({relation.query})") for relation in PARTS}
        sealed = {relation.name: _rows(database, relation) for relation in (*STORED, *CARRIED)}
        sealed |= {relation.name: _added_up(database, relation, relation.name) for relation in PARTS}
    return _digest(_rebuilt(log, chain[-1].stop) | added_up), _digest(sealed)


def _rebuilt(log: EventLog, stop: int) -> dict[str, _Sum]:
    sums = {relation.name: (0, 0) for relation in STORED}
    with closing(connect()) as database:
        derivation, events = Derivation(database), EventTables()
        for frame in read_with_progress(log, 0, stop, doing="rebuilding the history", wanted=IN_COLUMNS):
            events.add(frame)
            if events.count >= FAN_IN * SEGMENT_EVENTS or frame.next_offset == stop:
                derivation.derive(events)
                events = EventTables()
                for relation in STORED:
                    sums[relation.name] = _added(sums[relation.name], _rows(database, relation))
        return sums | {relation.name: _rows(database, relation) for relation in CARRIED}


def _rows(database: duckdb.DuckDBPyConnection, relation: Relation) -> _Sum:
    return _sum(database, f"FROM {relation.name}")


def _added_up(database: duckdb.DuckDBPyConnection, relation: Relation, parts: str) -> _Sum:
    return _sum(database, _ADDED_UP[relation].format(parts))


#: Sums of parts, however many they are in; without what depends on the order of adding.
_ADDED_UP = {
    DAY_PARTS: (
        "SELECT sensor, day, sum(p.ticks), sum(p.skipped), sum(p.succeeded), sum(p.failed), sum(p.requested), "
        "sum(p.repeated), sum(p.evaluated), max(p.longest_duration), max(p.longest_gap), max(p.last_started_at), "
        "max(p.last_failed_at) FROM {} AS p GROUP BY sensor, day"
    ),
    DURATION_PARTS: "SELECT sensor, bucket, sum(p.evaluated) FROM {} AS p GROUP BY sensor, bucket",
    GAP_PARTS: "SELECT * FROM {} AS p",
    RUN_PARTS: (
        "SELECT request_offset, any_value(run_id), any_value(job), any_value(sensor), any_value(tick), "
        "any_value(run_key), any_value(requested_at), any_value(tags), max(last_offset), arg_max(status, last_offset), "
        "max(launched_at), min(started_at), max(ended_at), arg_max_null(error, last_offset) "
        "FROM {} AS p GROUP BY request_offset"
    ),
}


def _opened(chain: list[Segment]) -> duckdb.DuckDBPyConnection:
    """Return a database with the sealed relations; of what is carried, what the last segment says."""
    database = connect()
    for relation in SEALED:
        of = chain[-1:] if relation in CARRIED else chain
        sealed = files(segment.file(relation.name) for segment in of)
        database.execute(f"CREATE VIEW {relation.name} AS FROM {sealed}")
    return database


def _sum(database: duckdb.DuckDBPyConnection, query: str) -> _Sum:
    """Return how many rows a query has, and the sum of their hashes."""
    ((count, total),) = database.execute(
        f"SELECT count(*), COALESCE(sum(CAST(hash(r) AS HUGEINT)), 0) FROM ({query}) AS r"
    ).fetchall()
    return int(count), int(total)


def _digest(sums: dict[str, _Sum]) -> str:
    return blake2b(repr(sorted(sums.items())).encode(), digest_size=16).hexdigest()


def _added(one: _Sum, other: _Sum) -> _Sum:
    return one[0] + other[0], one[1] + other[1]
