"""The events of one append, sorted by type once for all that look for some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import overload

from .events import AnyEvent

#: So few events are found one by one.
_SOME = 20


class SortedEvents(Sequence[AnyEvent]):
    """Events, of which those of some types are found quickly."""

    def __init__(self, events: Sequence[AnyEvent]) -> None:
        self._events, self._kinds = events, list(map(type, events))
        self._present = frozenset(self._kinds)

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[AnyEvent]:
        return iter(self._events)

    @overload
    def __getitem__(self, place: int) -> AnyEvent: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[AnyEvent]: ...
    def __getitem__(self, place: int | slice) -> AnyEvent | Sequence[AnyEvent]:
        return self._events[place]

    def chosen(self, first_offset: int, wanted: frozenset[type]) -> list[tuple[int, AnyEvent]]:
        """Return the events of the types that are wanted, each with its offset."""
        # In compiled code: of millions of events most readers want a few only.
        here = self._present & wanted
        if sum(map(self._kinds.count, here)) <= _SOME:
            return [(first_offset + place, self._events[place]) for place in self._places(here)]
        return list(compress(enumerate(self._events, first_offset), map(here.__contains__, self._kinds)))

    def _places(self, kinds: frozenset[type]) -> list[int]:
        """Return where events stand that are rare, in ascending order."""
        places = list[int]()
        for kind in kinds:
            place = -1
            for _ in range(self._kinds.count(kind)):
                place = self._kinds.index(kind, place + 1)
                places.append(place)
        places.sort()
        return places
