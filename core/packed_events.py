"""The events of a large frame, packed in columns: what a reader does not want costs it nothing.

Of each type of event there is a table, of each table a column per field. A fold of run keys over ten
million events decodes two columns, and neither the run configs nor the starts and ends of the runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, repeat
from operator import eq, is_
from typing import Any, overload

import msgspec

from .events import AnyEvent, RunKeysReleased, RunRequested
from .lean_events import KIND_OF, PassedOver, RequestedKey, RequestedKeys, tag_of

_TAG_OF: dict[type, int] = {kind: tag for tag, kind in KIND_OF.items()}
_PASSED_OVER = PassedOver()

_encode = msgspec.msgpack.Encoder().encode
_decode_table = msgspec.msgpack.Decoder(list[memoryview]).decode
_decode_column = msgspec.msgpack.Decoder(list[Any]).decode


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Events as they are stored.

    Attributes:
        kinds: The tag of each event, in order, a byte each.
        tables: By tag, a msgpack array of the columns, in the order of the type's fields: each the
            msgpack array of the values, or of one value that all events have.
    """

    kinds: bytes
    tables: dict[int, memoryview]


def pack(events: Sequence[AnyEvent]) -> Packed:
    """Return *events* in columns, from which `unpack` makes equal ones."""
    kinds = bytes(map(_TAG_OF.__getitem__, map(type, events)))
    rows = {tag: compress(events, map(eq, kinds, repeat(tag))) for tag in dict.fromkeys(kinds)}
    return Packed(kinds, {tag: memoryview(_table(KIND_OF[tag], of_kind)) for tag, of_kind in rows.items()})


def unpack(packed: Packed, wanted: frozenset[type] | None) -> Sequence[AnyEvent]:
    """Return the events, of which only the *wanted* are decoded.

    Raises:
        msgspec.ValidationError: They are no events of this release.
    """
    events = PackedEvents(packed, KIND_OF.values() if wanted is None else wanted)
    return list(events) if wanted is None else events


class PackedEvents(Sequence[AnyEvent]):
    """Events of which some are decoded; the others are `PassedOver`.

    Args:
        wanted: The types to decode.

    Raises:
        msgspec.ValidationError: They are no events of this release.
    """

    def __init__(self, packed: Packed, wanted: Iterable[type]) -> None:
        self._kinds, self._tables = packed.kinds, packed.tables
        tags = set(self._kinds)
        if not tags <= KIND_OF.keys() or tags != self._tables.keys():
            raise msgspec.ValidationError("the tables are not those of the events")
        decoded = {tag_of(kind): kind for kind in wanted}
        self._decoded = {tag: decoded[tag] for tag in self._tables if tag in decoded}
        self._keys: Sequence[list[Any]] | None = None
        # Releases must keep their place among the claims, so those are single then.
        if self._decoded.get(_REQUEST) is RequestedKey and _RELEASE not in self._tables:
            self._keys = self._columns(_REQUEST, _KEY_FIELDS)
        self._rows = {tag: self._rows_of(tag) for tag in self._decoded if tag != _REQUEST or not self._keys}

    def __len__(self) -> int:
        return len(self._kinds)

    def __iter__(self) -> Iterator[AnyEvent]:
        return map(next, map(self._iterators().__getitem__, self._kinds))

    @overload
    def __getitem__(self, place: int) -> AnyEvent: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[AnyEvent]: ...
    def __getitem__(self, place: int | slice) -> AnyEvent | Sequence[AnyEvent]:
        return list(self)[place]

    def chosen(self, first_offset: int, wanted: frozenset[type]) -> list[tuple[int, AnyEvent]]:
        """Return the events of the types that are wanted, each with its offset.

        The keys of requests come as one `RequestedKeys`, at the first place, if their order among the
        other events does not matter.
        """
        if RequestedKeys not in wanted:
            self._complete()
        singles = [tag for tag, kind in self._decoded.items() if kind in wanted and tag in self._rows]
        flags = self._kinds.translate(bytes(tag in singles for tag in range(256)))
        iterators = {tag: iter(self._rows[tag]) for tag in singles}
        events = map(next, map(iterators.__getitem__, compress(self._kinds, flags)))
        picked = list(zip(self._offsets(first_offset, flags), events, strict=True))
        if self._keys and RequestedKeys in wanted and _REQUEST not in singles:
            picked.insert(0, (first_offset, self._requested_keys(first_offset)))
        return picked

    def _requested_keys(self, first_offset: int) -> RequestedKeys:
        assert self._keys is not None
        flags = self._kinds.translate(bytes(tag == _REQUEST for tag in range(256)))
        offsets = list(self._offsets(first_offset, flags))
        return RequestedKeys(offsets, *(list(_spread(column, len(offsets))) for column in self._keys))

    def _offsets(self, first_offset: int, flags: bytes) -> Iterator[int]:
        return compress(range(first_offset, first_offset + len(flags)), flags)

    def _iterators(self) -> Mapping[int, Iterator[Any]]:
        """Return the events of each tag, those that are not decoded as `PassedOver`."""
        self._complete()
        return {tag: iter(self._rows.get(tag) or repeat(_PASSED_OVER)) for tag in self._tables}

    def _complete(self) -> None:
        """Decode also the requests of which there were only the keys."""
        if self._keys and _REQUEST not in self._rows:
            self._rows[_REQUEST] = self._rows_of(_REQUEST)

    def _rows_of(self, tag: int) -> list[Any]:
        kind: Any = self._decoded[tag]
        count = self._kinds.count(tag)
        columns = self._columns(tag, range(len(kind.__struct_fields__)))
        spread = [_spread(column, count) for column in columns]
        decoded: list[Any] = msgspec.convert(list(zip(repeat(tag, count), *spread, strict=False)), list[kind])
        return decoded

    def _columns(self, tag: int, fields: Iterable[int]) -> list[list[Any]]:
        """Return some columns of a table, those that it has: a field that came later has none."""
        stored, count = _decode_table(self._tables[tag]), self._kinds.count(tag)
        columns = [_decode_column(stored[field]) for field in fields if field < len(stored)]
        if not all(len(column) in (1, count) for column in columns):
            raise msgspec.ValidationError("a column has another length than its table")
        return columns


_REQUEST, _RELEASE = _TAG_OF[RunRequested], _TAG_OF[RunKeysReleased]
_KEY_FIELDS = [RequestedKey.__struct_fields__.index(name) for name in ("sensor", "run_key")]


def _spread(column: list[Any], count: int) -> Iterable[Any]:
    return column if len(column) == count else repeat(column[0], count)


def _table(kind: type[msgspec.Struct], rows: Iterable[AnyEvent]) -> bytes:
    # Cut from one list: that takes less time than a zip of all rows.
    width = len(kind.__struct_fields__)
    values = list(chain.from_iterable(map(msgspec.structs.astuple, rows)))
    return _encode([_encode(_column(values[field::width])) for field in range(width)])


def _column(values: list[Any]) -> list[Any]:
    return values[:1] if _all_one(values) else values


def _all_one(values: list[Any]) -> bool:
    """Say whether all values are the same one, so that nobody could tell them apart."""
    first, last = values[0], values[-1]
    if first is not last and first != last:
        return False
    # Equal numbers may differ in their type, and so may those within run configs.
    return values.count(first) == len(values) if _is_text(first) else all(map(is_, values, repeat(first)))


def _is_text(value: Any) -> bool:
    """Say whether it is text, or nothing, or plainly made of that."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return all(part is None or type(part) is str for part in parts)
