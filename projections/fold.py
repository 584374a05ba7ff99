"""Folding: how a projection takes events in, each once and in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any

from ..core.events import AnyEvent
from ..core.log import Frame

#: Events that are folded in together at the least, where there are as many.
_MERGED = 20_000


def unseen(checkpoint: int, first_offset: int, events: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
    """Return the part of *events* that a projection at *checkpoint* has not seen.

    The first of them, if any, stands at offset *checkpoint*.

    Args:
        checkpoint: Offset of the next event that the projection waits for.
        first_offset: Offset of the first of *events*.

    Raises:
        ValueError: Events between the checkpoint and *first_offset* were left out.
    """
    if first_offset == checkpoint:
        return events
    if first_offset > checkpoint:
        raise ValueError(
            f"a projection at checkpoint {checkpoint} was given events from offset {first_offset}: "
            f"fold in the {first_offset - checkpoint} events between them first"
        )
    return events[checkpoint - first_offset :]


def chosen(
    first_offset: int, events: Sequence[AnyEvent], wanted: frozenset[type]
) -> list[tuple[int, AnyEvent]]:
    """Return the events of the types that are wanted, each with its offset."""
    # In compiled code: of millions of events most projections want a few only.
    if wanted.isdisjoint(map(type, events)):
        return []
    wants = map(wanted.__contains__, map(type, events))
    return list(compress(enumerate(events, first_offset), wants))


def merged(frames: Iterable[Frame]) -> Iterator[tuple[int, list[AnyEvent]]]:
    """Yield the events of successive frames together, tens of thousands at a time, as (first offset, events).

    Whoever folds a whole log has much less to do by the event then.
    """
    first, events = 0, list[AnyEvent]()
    for frame in frames:
        if not events:
            first = frame.first_offset
        events.extend(frame.events)
        if len(events) >= _MERGED:
            yield first, events
            events = []
    if events:
        yield first, events


class Fold(ABC):
    """A projection that is a step per event type; types without a step do not concern it.

    Attributes:
        checkpoint: Offset of the next event to fold in.
        wanted: The types of event that change it.
    """

    def __init__(self) -> None:
        self.checkpoint = 0
        self._steps_by_type = self._steps()
        self.wanted = frozenset(self._steps_by_type)

    @abstractmethod
    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to do with (offset, event), by type of event."""

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        """Fold in the events from *first_offset* on; those seen before are passed over."""
        steps, news = self._steps_by_type, unseen(self.checkpoint, first_offset, events)
        for offset, event in chosen(self.checkpoint, news, self.wanted):
            steps[type(event)](offset, event)
        self.checkpoint += len(news)
