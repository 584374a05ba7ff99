"""Making the rows of one range of the log after the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from ...projections.history.schema import Relation
from ...projections.history.stored import CARRIED, OPENED, PARTS, STORED
from .event_tables import EventTables
from .parquet import files, save


class Derivation:
    """Has the rows of the range that was derived last, and what the next range has to know of those before it.

    The rows of the `STORED` relations and of the `PARTS`, and what the `CARRIED` ones are now, are in tables
    named as the relations are.
    """

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        """Begin at the start of a log, with tables in the schema that *database* is in; it stays the caller's."""
        self._database = database
        for relation in CARRIED:
            columns = ", ".join(f"{column.name} {column.type}" for column in relation.columns)
            self._database.execute(f"CREATE OR REPLACE TABLE {relation.name} ({columns})")

    def resume(self, carried: Mapping[str, Path]) -> None:
        """Go on behind a segment: *carried* are its files by the names of the `CARRIED` relations."""
        for relation in CARRIED:
            self._database.execute(
                f"CREATE OR REPLACE TABLE {relation.name} AS FROM {files([carried[relation.name]])}"
            )

    def derive(self, events: EventTables) -> None:
        """Make the rows of the range that follows."""
        tables = dict(events.tables())
        for name, table in tables.items():
            self._database.register(name, table)
        for relation in (OPENED, *STORED, *PARTS):
            self._make(relation, relation.name)
        for relation in CARRIED:
            self._make(relation, f"next_{relation.name}")
        for relation in CARRIED:
            self._database.execute(f"CREATE OR REPLACE TABLE {relation.name} AS FROM next_{relation.name}")
        for name in tables:
            self._database.unregister(name)

    def save(self, relation: Relation, path: Path) -> int:
        """Write the rows of a relation as a Parquet file, sorted, and return how many rows there are."""
        return save(self._database, f"FROM {relation.name}", relation, path)

    def _make(self, relation: Relation, table: str) -> None:
        self._database.execute(f"CREATE OR REPLACE TABLE {table} AS {relation.typed_query}")
