"""Appending what an operator decides on the newest state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...core.errors import LogConflict
from ...core.events import AnyEvent
from ...core.log import EventLog
from ...projections.fold import Folded
from ..folding import fold
from ..system import SystemClock


def append_decided(
    log: EventLog, actor: str, decide: Callable[[int], Sequence[AnyEvent]], *states: Folded
) -> int | None:
    """Append what *decide* says, given the time; if somebody was faster, it is asked again.

    Args:
        states: What it decides on; brought to the head before it is asked.

    Returns:
        The offset of the first event, None if there is nothing to do.
    """
    while True:
        head, now = fold(log, *states), SystemClock().now()
        events = decide(now)
        if not events:
            return None
        try:
            return log.append(events, expected=head, recorded_at=now, writer=f"cli:{actor}")
        except LogConflict:
            continue
