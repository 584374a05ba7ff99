"""How the relations of the tick history are declared: columns with their types, units and meaning."""

from __future__ import annotations

from typing import NamedTuple

#: Version of the stored relations. Segments of another one are built anew.
SCHEMA_VERSION = 3


class Column(NamedTuple):
    """One column of a relation.

    Attributes:
        name: As it is written in SQL, never a reserved word.
        type: DuckDB's name of its type.
        about: What it means, with its unit, and when it is NULL.
    """

    name: str
    type: str
    about: str


class Relation(NamedTuple):
    """What people ask in SQL.

    Attributes:
        name: As it is written in SQL.
        about: What a row is.
        columns: In order.
        query: The rows: for a stored relation out of the events of a range, which are tables named by their
            types; for a view out of other relations.
        order: By which columns the rows of a segment are sorted; none for a view.
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    query: str
    order: tuple[str, ...] = ()

    @property
    def typed_query(self) -> str:
        """The query, with the columns as they are declared: by name, in order, of their types."""
        columns = ", ".join(
            f"CAST({column.name} AS {column.type}) AS {column.name}" for column in self.columns
        )
        return f"SELECT {columns} FROM ({self.query})"
