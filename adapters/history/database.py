"""The history as a database: its relations, up to the head of the log, for questions in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from ...core.event_columns import IN_COLUMNS
from ...core.log import EventLog
from ...projections.history.schema import Relation
from ...projections.history.stored import (
    CARRIED,
    CARRIED_TICKS,
    ONGOING,
    PARTS,
    STARTED_COLUMNS,
    STORED,
    TICKS,
)
from ...projections.history.views import AS_OF, VIEWS
from ..cyclic_gc import without_cyclic_gc
from ..own_connections import ours
from ..run_key_index.marks import mark_of
from .connection import connect
from .derivation import Derivation
from .errors import HistoryDamaged, HistoryError, HistoryQueryError
from .event_tables import EventTables
from .parquet import files, quoted
from .question import checked
from .sealing import SEGMENT_EVENTS, sealing
from .segments import Segment, chained


class PastMoment(NamedTuple):
    """Up to when the history is looked at.

    Attributes:
        position: How many events of the log are in it.
        moment: The moment that ages count back from; UTC, microseconds since the epoch.
    """

    position: int
    moment: int


class History:
    """The relations of a log's history. Every question is answered up to the head of the log.

    Segments are only read; the log's tail behind them is held in memory. A history whose tail has grown
    long is sealed first, unless another process does so.
    """

    def __init__(
        self,
        folder: Path | None,
        log: EventLog,
        *,
        now: Callable[[], int],
        as_of: PastMoment | None = None,
        segment_events: int = SEGMENT_EVENTS,
    ) -> None:
        """Open the history.

        Args:
            folder: Where the segments are; made if need be. None for a log that has none: all of it is held in
                memory.
            log: The log, which stays the caller's.
            now: Tells the time; UTC, microseconds since the epoch.
            as_of: Up to when to look, None for the head as it is at each question.
            segment_events: From how many events on the tail is sealed.

        Raises:
            HistoryError: It cannot be read.
            CorruptFrame, UnknownSchema, LogUnavailable: As the log does.
        """
        self._folder, self._log, self._now, self._as_of = folder, log, now, as_of
        self._ripe = segment_events
        self._chain: list[Segment] = []
        self._still = False
        self._tail: Derivation | None = None
        self._head = 0
        self._database = connect()
        self._ranges = ours(self._database.cursor())
        try:
            self._prepare()
            self._check_mark()
            self.refresh()
        except BaseException:
            self.close()
            raise

    @property
    def relations(self) -> tuple[Relation, ...]:
        """All relations, in the order in which people read of them."""
        return (*STORED, *VIEWS, AS_OF)

    def sql(self, question: str) -> duckdb.DuckDBPyRelation:
        """Return what a question comes to, up to the head: a DuckDB relation, worked out when it is fetched.

        Only reading is allowed, and only of the history.

        Raises:
            HistoryQueryError: It cannot be answered; says DuckDB's reason, and the relations there are.
            HistoryError: The history cannot be read.
        """
        statement = checked(question)
        if not self._still:
            self.refresh()
        try:
            return self._database.sql(statement)
        except duckdb.IOException as error:
            raise self._damaged(error) from error
        except duckdb.Error as error:
            raise self.refused(error) from error

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Return all rows of a question of our own, see `sql`.

        Raises:
            HistoryError: The history cannot be read.
        """
        relation = self.sql(question)
        with reading_errors("the history"):
            return relation.fetchall()

    def refused(self, error: duckdb.Error) -> HistoryQueryError:
        """Return what to tell people of DuckDB's refusal."""
        names = ", ".join(relation.name for relation in self.relations)
        return HistoryQueryError(f"{str(error).rstrip()}\nrelations: {names}")

    def _damaged(self, error: duckdb.Error) -> HistoryDamaged:
        return HistoryDamaged(self._folder or Path(), f"cannot be read ({_line(error)})")

    @contextmanager
    def still(self) -> Iterator[None]:
        """Answer all questions of the block as of its beginning, so that their answers agree.

        Raises:
            HistoryError: The history cannot be read.
        """
        self.refresh()
        self._still = True
        try:
            yield
        finally:
            self._still = False

    def refresh(self) -> None:
        """Take in what was appended and sealed since the last question.

        Raises:
            HistoryError: The history cannot be read.
            CorruptFrame, UnknownSchema, LogUnavailable: As the log does.
        """
        if self._folder is not None and self._log.head() - self._sealed >= self._ripe:
            with sealing(self._folder, self._log, self._ripe) as sealer:
                if sealer is not None:
                    sealer.seal()
        chain = self._segments()
        try:
            tail, begins = self._tail, self._tail is None
            if tail is None or _stop(chain) != self._sealed:
                tail = self._tail = self._restarted(chain)
            if begins or [segment.path for segment in chain] != [segment.path for segment in self._chain]:
                self._chain = chain
                self._define()
        except duckdb.IOException as error:
            raise self._damaged(error) from error
        self._read_tail(tail)
        self._set_moment()

    def close(self) -> None:
        """Give the memory back; safe to call twice."""
        self._ranges.close()
        self._database.close()

    @property
    def _sealed(self) -> int:
        return _stop(self._chain)

    def _segments(self) -> list[Segment]:
        return [] if self._folder is None else chained(self._folder / "segments")

    def _prepare(self) -> None:
        database = self._database
        database.execute("SET parquet_metadata_cache = true")
        database.execute("CREATE SCHEMA tail")
        database.execute("CREATE SCHEMA last_range")
        self._ranges.execute("SET schema = 'last_range'")
        for relation in (*STORED, *PARTS, CARRIED_TICKS):
            database.execute(f"CREATE TABLE tail.{relation.name} ({_typed(relation)})")
        database.execute(f"CREATE TABLE {AS_OF.name} ({_typed(AS_OF)})")
        if self._folder is not None:
            segments = str(self._folder.absolute() / "segments") + "/"
            database.execute(f"SET allowed_directories = [{quoted(segments)}]")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")

    def _check_mark(self) -> None:
        """Make sure that the segments are of this log."""
        chain = self._segments()
        if not chain:
            return
        manifest = chain[-1].manifest()
        mark = mark_of(self._log, chain[-1].stop)
        if mark is None or mark.hex() != manifest.mark:
            raise HistoryError(
                f"the history in {self._folder} is of another log: run `ticktrail rebuild` to make it anew"
            )

    def _define(self) -> None:
        """Define the relations over the segments and the tail."""
        for relation in (*STORED, *PARTS):
            query = f"FROM tail.{relation.name}"
            if self._chain:
                sealed = files(segment.file(relation.name).absolute() for segment in self._chain)
                query = f"FROM {sealed} UNION ALL {query}"
            self._database.execute(
                f"CREATE OR REPLACE VIEW {relation.name} AS {self._until(relation, query)}"
            )
        for relation in VIEWS:
            self._database.execute(f"CREATE OR REPLACE VIEW {relation.name} AS {relation.typed_query}")

    def _until(self, relation: Relation, query: str) -> str:
        if relation is TICKS:
            query = f"{query} UNION ALL BY NAME SELECT *, 'STARTED' AS status, 0 AS reacted FROM tail.{CARRIED_TICKS.name}"
        if self._as_of is None:
            return query
        if relation in PARTS:
            # Sums cannot be taken back: they are made anew of the ticks as they were.
            return relation.typed_query
        position = self._as_of.position
        if relation is not TICKS:
            return f"SELECT * FROM ({query}) WHERE event_offset < {position}"
        return _ticks_until(query, position)

    def _restarted(self, chain: Sequence[Segment]) -> Derivation:
        """Begin the tail anew behind the last segment."""
        if self._tail is not None:
            for relation in (*STORED, *PARTS, CARRIED_TICKS):
                self._database.execute(f"DELETE FROM tail.{relation.name}")
        tail, self._head = Derivation(self._ranges), _stop(chain)
        if chain:
            tail.resume({relation.name: chain[-1].file(relation.name) for relation in CARRIED})
        self._insert(CARRIED_TICKS)
        return tail

    def _read_tail(self, tail: Derivation) -> None:
        events = EventTables()
        with without_cyclic_gc():
            for frame in self._log.read(self._head, wanted=IN_COLUMNS):
                events.add(frame)
        if not events.count:
            return
        tail.derive(events)
        self._head += events.count
        for relation in (*STORED, *PARTS):
            self._insert(relation)
        self._database.execute(f"DELETE FROM tail.{CARRIED_TICKS.name}")
        self._insert(CARRIED_TICKS)

    def _insert(self, relation: Relation) -> None:
        self._database.execute(f"INSERT INTO tail.{relation.name} FROM last_range.{relation.name}")

    def _set_moment(self) -> None:
        position, moment = self._as_of or (self._head, self._now())
        self._database.execute(f"DELETE FROM {AS_OF.name}")
        self._database.execute(f"INSERT INTO {AS_OF.name} VALUES ({position}, make_timestamp({moment}))")


@contextmanager
def reading_errors(what: str) -> Iterator[None]:
    """Say what cannot be read in the place of what DuckDB says, for the length of the block.

    Raises:
        HistoryError: It cannot be read.
    """
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        raise HistoryError(f"{what} cannot be read: {_line(error)}") from error


def _stop(chain: Sequence[Segment]) -> int:
    return chain[-1].stop if chain else 0


def _typed(relation: Relation) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in relation.columns)


def _ticks_until(query: str, position: int) -> str:
    """Return the ticks as they were: one that ended later goes on."""
    columns = ", ".join(
        column.name
        if column in STARTED_COLUMNS
        else f"CASE WHEN end_offset < {position} THEN {column.name} ELSE {ONGOING.get(column.name, 'NULL')} END "
        f"AS {column.name}"
        for column in TICKS.columns
    )
    return f"SELECT {columns} FROM ({query}) WHERE tick < {position}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
