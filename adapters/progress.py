"""Reading the log with a bar, where somebody waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..core.errors import CorruptFrame
from ..core.log import EventLog, Frame
from .cyclic_gc import without_cyclic_gc

#: Events that are read in less than the blink of an eye: no bar for so few.
_FEW = 200_000


def read_with_progress(
    log: EventLog,
    start: int = 0,
    stop: int | None = None,
    *,
    doing: str = "reading",
    wanted: frozenset[type] | None = None,
) -> Iterator[Frame]:
    """Yield the frames from offset *start* up to before *stop*, or to the head, with a bar on standard error if it takes a while.

    There is a bar only on a terminal; it is gone afterwards.

    Args:
        doing: What is being done to the log, for people.
        wanted: The types of event to decode, see `EventLog.read`.
    """
    with without_cyclic_gc():
        yield from _read_with_progress(log, start, stop, doing, wanted)


def _read_with_progress(
    log: EventLog, start: int, stop: int | None, doing: str, wanted: frozenset[type] | None
) -> Iterator[Frame]:
    head = stop if stop is not None else _head(log)
    with events_bar(doing, None if head is None else head - start) as show:
        for frame in log.read(start, stop, wanted=wanted):
            yield frame
            show(frame.next_offset - start)


@contextmanager
def events_bar(doing: str, total: int | None, *, alone: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error for the length of the block, where it is a terminal and there is much to do.

    Args:
        doing: What is being done, for people.
        total: How many events there are to go through, None if nobody knows.
        alone: Draw in the calls only, with no thread beside them, for whoever forks.

    Returns:
        What is to be called with how many are done.
    """
    if not sys.stderr.isatty() or (total is not None and total < _FEW):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (BarColumn(), MofNCompleteColumn(), TextColumn("events"), TimeRemainingColumn())
    with Progress(
        TextColumn(doing),
        *shown,
        console=Console(stderr=True),
        transient=True,
        auto_refresh=not alone,
        # What the user's code prints under a tape must not go through rich, which reads the environment.
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda done: bar.update(task, completed=done, refresh=alone)


def _head(log: EventLog) -> int | None:
    """Return where the log ends, None if its last frame is damaged and does not say."""
    try:
        return log.head()
    except CorruptFrame:
        return None
