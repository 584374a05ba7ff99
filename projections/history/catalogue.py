"""The event catalogue as SQL sees it: a table for each type of event, and one relation of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from ...core.lean_events import KIND_OF

#: Fields that are columns of all events, by the column's name.
SHARED = {
    "sensor": "sensor",
    "tick": "tick",
    "run_id": "run",
    "asset": "asset",
    "actor": "actor",
    "cause": "cause",
}

_TYPES: dict[Any, str] = {
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    str: "VARCHAR",
    bytes: "BLOB",
    list[str]: "VARCHAR[]",
    dict[str, str]: "MAP(VARCHAR, VARCHAR)",
    dict[str, bytes]: "MAP(VARCHAR, BLOB)",
    dict[str, Any]: "JSON",
}

#: What the body says in the place of bytes.
_IN_BODY = {
    ("BlobStored", "digest"): "lower(hex(digest))",
    ("BlobStored", "content"): "octet_length(content)",
    ("TapeRecorded", "short"): "map_keys(short)",
    ("TapeRecorded", "stored"): "map_keys(stored)",
}


class Field(NamedTuple):
    """A field of a type of event.

    Attributes:
        type: DuckDB's name of its type.
    """

    name: str
    type: str


@cache
def event_fields(kind: type[msgspec.Struct]) -> tuple[Field, ...]:
    """Return the fields of a type of event, in order."""
    return tuple(Field(field.name, _type_of(field.type)) for field in msgspec.structs.fields(kind))


def _type_of(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "VARCHAR"
    if (found := _TYPES.get(annotation)) is not None:
        return found
    (inner,) = [part for part in get_args(annotation) if part is not NoneType]
    return _type_of(inner)


def all_events() -> str:
    """Return the query for the events of a range, of all types."""
    return " UNION ALL ".join(_events_of(kind) for kind in KIND_OF.values())


def _events_of(kind: type[msgspec.Struct]) -> str:
    names = {field.name for field in event_fields(kind)}
    shared = [f"{field if field in names else 'NULL'} AS {column}" for column, field in SHARED.items()]
    if kind.__name__ == "TickStarted":
        shared[list(SHARED).index("tick")] = "event_offset AS tick"
    body = ", ".join(_body(kind)) or "'nothing': NULL"
    return (
        f"SELECT event_offset, make_timestamp(\"at\") AS occurred_at, '{kind.__name__}' AS kind, "
        f"{', '.join(shared)}, writer, to_json({{{body}}}) AS body FROM {kind.__name__}"
    )


def _body(kind: type[msgspec.Struct]) -> Iterator[str]:
    for field in event_fields(kind):
        if field.name != "at" and field.name not in SHARED.values():
            plain = f'CAST("{field.name}" AS JSON)' if field.type == "JSON" else f'"{field.name}"'
            value = _IN_BODY.get((kind.__name__, field.name), plain)
            yield f"'{field.name}': {value}"
