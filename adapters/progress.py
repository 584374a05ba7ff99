"""Reading with a bar, where somebody waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ..core.errors import CorruptFrame
from ..core.log import EventLog, Frame
from .cyclic_gc import without_cyclic_gc

T = TypeVar("T")

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
    with events_bar(doing, None if head is None else head - start) as moved_to:
        for frame in log.read(start, stop, wanted=wanted):
            yield frame
            moved_to(frame.next_offset - start)


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
    with _bar(doing, "events", total, alone=alone) as moved_to:
        yield moved_to


def with_progress(items: Iterable[T], total: int, *, doing: str, unit: str) -> Iterator[T]:
    """Yield the items, with a bar on standard error if that is a terminal; it is gone afterwards.

    Args:
        total: How many there are.
        unit: What they are, for people.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    with _bar(doing, unit, total) as moved_to:
        for count, item in enumerate(items, 1):
            yield item
            moved_to(count)


@contextmanager
def _bar(doing: str, unit: str, total: int | None, *, alone: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a bar for the length of the block, which says how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
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
        yield lambda completed: bar.update(task, completed=completed, refresh=alone)


def _head(log: EventLog) -> int | None:
    """Return where the log ends, None if its last frame is damaged and does not say."""
    try:
        return log.head()
    except CorruptFrame:
        return None
