"""Reading the log with a bar, where somebody waits for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

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
    if not sys.stderr.isatty() or (head is not None and head - start < _FEW):
        yield from log.read(start, stop, wanted=wanted)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (BarColumn(), MofNCompleteColumn(), TextColumn("events"), TimeRemainingColumn())
    with Progress(TextColumn(doing), *shown, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None if head is None else head - start)
        for frame in log.read(start, stop, wanted=wanted):
            yield frame
            bar.update(task, completed=frame.next_offset - start)


def _head(log: EventLog) -> int | None:
    """Return where the log ends, None if its last frame is damaged and does not say."""
    try:
        return log.head()
    except CorruptFrame:
        return None
