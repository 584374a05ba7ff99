"""Reading the log: one pass that feeds several projections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..core.events import AnyEvent
from ..core.lean_events import wanted_of
from ..core.log import EventLog
from ..projections.fold import merged
from .progress import read_with_progress


class Projection(Protocol):
    """Anything that events can be folded into."""

    @property
    def checkpoint(self) -> int: ...

    @property
    def wanted(self) -> frozenset[type]: ...

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None: ...


def fold(
    log: EventLog,
    *projections: Projection,
    stop: int | None = None,
    each: Callable[[int, AnyEvent], None] | None = None,
    doing: str = "reading",
) -> int:
    """Bring the projections up to the log's end, or to offset *stop*.

    Args:
        each: Called with every event that was read, and its offset.
        doing: What is being done to the log, for people.

    Returns:
        The offset of the event that would follow.
    """
    head = min(projection.checkpoint for projection in projections)
    wanted = None if each is not None else wanted_of(projection.wanted for projection in projections)
    for first_offset, events in merged(read_with_progress(log, head, stop, doing=doing, wanted=wanted)):
        for projection in projections:
            projection.apply(first_offset, events)
        if each is not None:
            for offset, event in enumerate(events, first_offset):
                each(offset, event)
        head = first_offset + len(events)
    return head
