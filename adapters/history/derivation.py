"""Making the rows of one range of the log after the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from ...projections.history.schema import Relation
from ...projections.history.stored import CARRIED, OPENED, PARTS, STORED
from .connection import connect
from .event_tables import EventTables
from .parquet import files, save


class Derivation:
    """Has the rows of the range that was derived last, and what the next range has to know of those before it.

    Attributes:
        database: Has the rows, in tables named as the relations are.
    """

    def __init__(self) -> None:
        """Begin at the start of a log."""
        self.database = connect()
        for relation in CARRIED:
            columns = ", ".join(f"{column.name} {column.type}" for column in relation.columns)
            self.database.execute(f"CREATE TABLE {relation.name} ({columns})")

    def resume(self, carried: Mapping[str, Path]) -> None:
        """Go on behind a segment: *carried* are its files by the names of the `CARRIED` relations."""
        for relation in CARRIED:
            self.database.execute(
                f"CREATE OR REPLACE TABLE {relation.name} AS FROM {files([carried[relation.name]])}"
            )

    def derive(self, events: EventTables) -> None:
        """Make the rows of the range that follows."""
        tables = dict(events.tables())
        for name, table in tables.items():
            self.database.register(name, table)
        for relation in (OPENED, *STORED, *PARTS):
            self._make(relation, relation.name)
        for relation in CARRIED:
            self._make(relation, f"next_{relation.name}")
        for relation in CARRIED:
            self.database.execute(f"CREATE OR REPLACE TABLE {relation.name} AS FROM next_{relation.name}")
        for name in tables:
            self.database.unregister(name)

    def rows(self, relation: Relation) -> pa.Table:
        """Return the rows of a `STORED` relation in the last range, or what a `CARRIED` one is now."""
        return self.database.table(relation.name).to_arrow_table()

    def save(self, relation: Relation, path: Path) -> int:
        """Write the same as a Parquet file, sorted, and return how many rows there are."""
        return save(self.database, f"FROM {relation.name}", relation, path)

    def close(self) -> None:
        """Give the memory back."""
        self.database.close()

    def _make(self, relation: Relation, table: str) -> None:
        self.database.execute(f"CREATE OR REPLACE TABLE {table} AS {relation.typed_query}")
