"""``ticktrail verify``: the invariants over the whole log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import count

import msgspec

from ...core.errors import CorruptFrame
from ...core.events import RunKeyImported, RunRequested, RunStarted, TickImported, TickStarted
from ...core.log import EventLog, Frame
from ...projections.invariants import Violation, check
from ..home import Home
from ..progress import read_with_progress
from ..run_key_index import MappedRunKeyIndex
from .comparison import compare
from .options import COMMON, Common
from .output import Output
from .reading import opened

#: Beyond the offset of any event.
_BEYOND = 2**62


class _Counts(msgspec.Struct):
    """What was read.

    Attributes:
        imported: Ticks and run keys of other systems.
        next_offset: Offset after the last event that was read.
    """

    frames: int = 0
    events: int = 0
    ticks: int = 0
    requests: int = 0
    starts: int = 0
    imported: int = 0
    next_offset: int = 0

    def add(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Count while the frames pass through."""
        for frame in frames:
            yield frame
            self.frames += 1
            self.events += len(frame.events)
            self.next_offset = frame.next_offset
            for event in frame.events:
                kind = type(event)
                self.ticks += kind is TickStarted
                self.requests += kind is RunRequested
                self.starts += kind is RunStarted
                self.imported += kind is TickImported or kind is RunKeyImported


def verify(*, common: Common = COMMON) -> int:
    """Check the whole log against the invariants; exits with 1 if one is broken.

    Checked are: what is kept beside the log equals what the log gives (1), each tick's outcome is one
    append (2), no run key is requested twice (3), each run starts and ends once at most (4), ticks of a
    sensor take turns and cursors follow from each other (5), no frame is damaged or missing (7), keys of
    dynamic partitions are added and deleted in turns (9), a sensor reacts to an event once (10), a
    schedule handles a moment once (11), what tapes name is stored whole (12), and what was imported came
    once (13).
    """
    home, out, counts = common.open(), Output(json=common.json), _Counts()
    broken = 0
    with opened(home) as log:
        for violation in _violations(home, log, counts):
            broken += 1
            if out.json:
                out.record(violation)
            else:
                where = (f"invariant {violation.invariant} broken at offset {violation.offset}: ", "red")
                out.line(where, violation.what)
    if out.json:
        out.record({"checked": msgspec.structs.asdict(counts), "violations": broken})
    else:
        out.line(
            f"read: frames {counts.frames}, events {counts.events}, ticks {counts.ticks}, "
            f"run requests {counts.requests}, runs started {counts.starts}"
            + (f", ticks and run keys imported {counts.imported}" if counts.imported else "")
        )
        verdict = ("invariants 1, 2, 3, 4, 5, 7, 9, 10, 11, 12 and 13 hold", "green")
        out.line((f"{broken} violations", "red") if broken else verdict)
    return 1 if broken else 0


def _violations(home: Home, log: EventLog, counts: _Counts) -> Iterator[Violation]:
    try:
        with home.scratch_folder() as folder, ExitStack() as opened:

            def new_index() -> MappedRunKeyIndex:
                index = MappedRunKeyIndex(folder / str(next(numbers)))
                opened.callback(index.close)
                return index

            numbers = count()

            yield from check(counts.add(read_with_progress(log, doing="checking")), new_index)
        yield from _not_rebuildable(home, log)
    except CorruptFrame as damage:
        yield Violation(
            invariant=7,
            offset=counts.next_offset,
            what=f"{damage}; what follows cannot be checked against invariants 2 to 5 and 9 to 13",
        )
        yield from _further_damage(log, damage.frame, counts.next_offset)


def _not_rebuildable(home: Home, log: EventLog) -> Iterator[Violation]:
    comparison = compare(home, log)
    for name in comparison.different:
        rebuilt, live = comparison.digests[name]
        what = f"{name} rebuilt from the log have the digest {rebuilt}, those kept {live}: run `ticktrail rebuild`"
        yield Violation(invariant=1, offset=comparison.saved, what=what)


def _further_damage(log: EventLog, frame: int, offset: int) -> Iterator[Violation]:
    """Yield the damage after a damaged frame that stands at *offset*."""
    while (start := _readable_after(log, frame, offset)) is not None:
        offset = start
        try:
            for sound in log.read(start):
                offset = sound.next_offset
            return
        except CorruptFrame as damage:
            yield Violation(invariant=7, offset=offset, what=str(damage))
            frame = damage.frame


def _readable_after(log: EventLog, frame: int, offset: int) -> int | None:
    """Return the first offset after *offset* that is read without meeting the damaged *frame*."""
    low, high = offset, _BEYOND
    if _meets(log, frame, high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _meets(log, frame, middle):
            low = middle
        else:
            high = middle
    return high


def _meets(log: EventLog, frame: int, start: int) -> bool:
    try:
        next(log.read(start), None)
    except CorruptFrame as damage:
        return damage.frame == frame
    return False
