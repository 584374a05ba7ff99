"""Reading the log: one pass that feeds several projections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import get_args

from ..core.events import AnyEvent
from ..core.lean_events import wanted_of
from ..core.log import EventLog
from ..projections.fold import Folded, gathered
from .progress import read_with_progress


def fold(
    log: EventLog,
    *projections: Folded,
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
    if each is not None:
        projections += (_Each(each, head),)
    wanted = [projection.wanted for projection in projections]
    frames = read_with_progress(log, head, stop, doing=doing, wanted=wanted_of(wanted))
    for head, picked in gathered(frames, frozenset().union(*wanted)):
        kinds = {type(event) for _, event in picked}
        for projection in projections:
            projection.take(() if projection.wanted.isdisjoint(kinds) else picked, head)
    return head


class _Each(Folded):
    """Tells of every event."""

    checkpoint = 0
    wanted = frozenset(get_args(AnyEvent))

    def __init__(self, tell: Callable[[int, AnyEvent], None], checkpoint: int) -> None:
        self._tell, self.checkpoint = tell, checkpoint

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        for offset, event in picked:
            self._tell(offset, event)
        self.checkpoint = checkpoint
