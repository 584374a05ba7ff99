"""The events of a range of the log as Arrow tables, one for each type of event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa

from ...core.event_columns import event_columns
from ...core.lean_events import KIND_OF
from ...core.log import Frame
from ...projections.history.catalogue import Field, event_fields

_ARROW = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "VARCHAR[]": pa.list_(pa.string()),
    "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
    "MAP(VARCHAR, BLOB)": pa.map_(pa.string(), pa.binary()),
    "JSON": pa.string(),
}

_json = msgspec.json.Encoder().encode

#: What Arrow takes for values that it does not know as they are in an event.
_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "MAP(VARCHAR, VARCHAR)": lambda value: list(value.items()),
    "MAP(VARCHAR, BLOB)": lambda value: list(value.items()),
    "JSON": lambda value: _json(value).decode(),
}


class EventTables:
    """Gathers the events of frames that follow each other.

    Attributes:
        count: How many events there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._columns = {kind: _Columns(kind) for kind in KIND_OF.values()}

    def add(self, frame: Frame) -> None:
        """Take in a frame that was read with `IN_COLUMNS`."""
        for events in event_columns(frame):
            columns = self._columns[events.kind]
            columns.offsets += events.offsets
            columns.writers += [frame.writer] * len(events.offsets)
            for name, values in events.columns.items():
                columns.values[name] += values
        self.count += len(frame.events)

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield the table of every type of event by the type's name, empty ones too."""
        for kind, columns in self._columns.items():
            yield kind.__name__, columns.table()


class _Columns:
    def __init__(self, kind: type[msgspec.Struct]) -> None:
        self.offsets: list[int] = []
        self.writers: list[str] = []
        self._fields = event_fields(kind)
        self.values: dict[str, list[Any]] = {field.name: [] for field in self._fields}

    def table(self) -> pa.Table:
        columns = {field.name: _array(field, self.values[field.name]) for field in self._fields}
        offsets = pa.array(self.offsets, pa.int64())
        return pa.table({"event_offset": offsets, "writer": pa.array(self.writers, pa.string()), **columns})


def _array(field: Field, values: Iterable[Any]) -> pa.Array:
    convert = _CONVERTED.get(field.type)
    return pa.array(values if convert is None else map(convert, values), _ARROW[field.type])
