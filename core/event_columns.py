"""The events of a range of the log as columns: for readers of all of them, who need no object per event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from .lean_events import KIND_OF
from .log import Frame
from .packed_events import PackedColumns

#: What a reader of columns wants of `EventLog.read`.
IN_COLUMNS: frozenset[type] = frozenset({PackedColumns})


class EventColumns(msgspec.Struct, frozen=True, gc=False):
    """All events of one type in a frame.

    Attributes:
        kind: The type.
        offsets: The offset of each, ascending.
        columns: By field of the type, the value of each event; a field that came after they were written
            has its default.
    """

    kind: type[msgspec.Struct]
    offsets: Sequence[int]
    columns: Mapping[str, Iterable[Any]]


def event_columns(frame: Frame) -> Iterator[EventColumns]:
    """Yield the events of a frame that was read with `IN_COLUMNS`, type by type.

    Raises:
        msgspec.DecodeError: They are no events of this release.
    """
    if isinstance(frame.events, PackedColumns):
        for tag in frame.events.tags:
            offsets, columns = frame.events.table(tag, frame.first_offset)
            yield EventColumns(KIND_OF[tag], offsets, _named(KIND_OF[tag], columns, len(offsets)))
        return
    places: dict[type, list[int]] = {}
    for place, event in enumerate(frame.events):
        places.setdefault(type(event), []).append(place)
    for kind, of_kind in places.items():
        rows = [msgspec.structs.astuple(frame.events[place]) for place in of_kind]
        offsets = [frame.first_offset + place for place in of_kind]
        yield EventColumns(kind, offsets, _named(kind, list(zip(*rows, strict=True)), len(rows)))


def _named(
    kind: type[msgspec.Struct], columns: Sequence[Sequence[Any]], count: int
) -> dict[str, Iterable[Any]]:
    named: dict[str, Iterable[Any]] = dict(zip(kind.__struct_fields__, columns, strict=False))
    if len(named) < len(kind.__struct_fields__):
        named.update((name, [value] * count) for name, value in _defaults(kind).items() if name not in named)
    return named


@cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        field.name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        for field in msgspec.structs.fields(kind)
    }
