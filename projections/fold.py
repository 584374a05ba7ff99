"""Folding: how a projection takes events in, each once and in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..core.events import AnyEvent
from ..core.log import Frame
from ..core.packed_events import PackedEvents
from ..core.sorted_events import SortedEvents

#: Events that are folded in together at the least, where there are as many.
_GATHERED = 30_000


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
    if not isinstance(events, PackedEvents | SortedEvents):
        events = SortedEvents(events)
    return events.chosen(first_offset, wanted)


def are_all(kind: type, picked: Iterable[tuple[int, AnyEvent]]) -> bool:
    """Return whether all events are of that type, and there are any."""
    return {type(event) for _, event in picked} == {kind}


def gathered(
    frames: Iterable[Frame], wanted: frozenset[type]
) -> Iterator[tuple[int, list[tuple[int, AnyEvent]]]]:
    """Yield the wanted events of successive frames, tens of thousands at a time, as (checkpoint after them, chosen).

    Whoever folds a whole log has much less to do by the event then.
    """
    picked, end, begun = list[tuple[int, AnyEvent]](), 0, None
    for frame in frames:
        begun = frame.first_offset if begun is None else begun
        picked += chosen(frame.first_offset, frame.events, wanted)
        end = frame.next_offset
        if end - begun >= _GATHERED:
            yield end, picked
            picked, begun = [], None
    if begun is not None:
        yield end, picked


class Folded(ABC):
    """What events are folded into: each once, in order.

    Attributes:
        checkpoint: Offset of the next event to fold in.
        wanted: The types of event that change it.
    """

    wanted: frozenset[type]

    @property
    @abstractmethod
    def checkpoint(self) -> int: ...

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        """Fold in the events from *first_offset* on; those seen before are passed over."""
        news = unseen(self.checkpoint, first_offset, events)
        self.take(chosen(self.checkpoint, news, self.wanted), self.checkpoint + len(news))

    @abstractmethod
    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """Fold in all that is wanted of the events up to *checkpoint*.

        Args:
            picked: Events with their offsets, in order: all that are wanted from the own checkpoint on;
                there may be others, and earlier ones.
        """


class Fold(Folded):
    """A projection that is a step per event type; types without a step do not concern it."""

    checkpoint = 0

    def __init__(self) -> None:
        self._steps_by_type = self._steps()
        self.wanted = frozenset(self._steps_by_type)

    @abstractmethod
    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to do with (offset, event), by type of event."""

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """See `Folded.take`."""
        step_of, begin = self._steps_by_type.get, self.checkpoint
        for offset, event in picked:
            if (step := step_of(type(event))) is not None and offset >= begin:
                step(offset, event)
        self.checkpoint = checkpoint
