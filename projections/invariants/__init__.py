"""The invariants that every log keeps, checked event by event.

==  ============================================================================================
2   A tick's outcome is one append: its lines, verdicts, cursor and end are all there or none is. One that puts
    requests off requests no more than it may, and keeps its cursor.
3   No two requests of one sensor, made here or imported, carry the same run key, unless its release lies
    between them;
    and no two run keys share a digest, which would pass for that.
4   A run starts once at most, after its request, and ends once at most.
5   One tick of a sensor is in flight at a time, none while it is quarantined, and each cursor follows from the
    one before.
7   Nothing in the log is changed or deleted: its offsets leave no gap.
9   A key of dynamic partitions is added while it is not there, and deleted while it is.
10  A sensor reacts to each event once, in the order of the log, unless its cursor is reset.
11  A schedule handles its moments once and in order, unless its cursor is reset.
12  What a tape names by its digest was stored before it, whole.
13  What came from another system came once, and belongs to the import that it names.
==  ============================================================================================

Invariant 1, that all state can be rebuilt, is not about the log alone: ``ticktrail rebuild --check``.
Damage inside a frame, the other half of 7, is found by the log itself: `CorruptFrame`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import msgspec

from ...core.log import Frame
from ...core.run_keys import RunKeyOwners
from ..run_keys_in_memory import MemoryRunKeyIndex
from .collisions import KeyCollisions
from .imports import ImportedOnce
from .moments import MomentOrder
from .owners import KeyOwners
from .partitions import PartitionSets
from .reactions import ReactionOrder
from .runs import RunCourses
from .tapes import StoredTapes
from .ticks import TickOutcomes
from .turns import Turns

__all__ = ["CHECKED", "Violation", "check"]

#: The numbers of the invariants that `check` looks at.
CHECKED = (2, 3, 4, 5, 7, 9, 10, 11, 12, 13)


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the log breaks an invariant.

    Attributes:
        invariant: Its number in the table above.
        offset: Offset of the event that cannot stand after those before it.
        what: What is wrong, for people.
    """

    invariant: int
    offset: int
    what: str


def check(
    frames: Iterable[Frame], new_index: Callable[[], RunKeyOwners] = MemoryRunKeyIndex
) -> Iterator[Violation]:
    """Yield what is broken, in the order of the log.

    Keeps a digest and a number per run, a small value per sensor, and two numbers per run key.

    Args:
        frames: The whole log, from offset 0.
        new_index: Makes the empty indexes that keep those of the run keys; the caller closes them.
    """
    found: list[Violation] = []

    def report(invariant: int, offset: int, what: str) -> None:
        found.append(Violation(invariant=invariant, offset=offset, what=what))

    outcomes = TickOutcomes(partial(report, 2))
    steps: dict[type, list[Callable[[int, Any], None]]] = {}
    checkers = (
        KeyOwners(partial(report, 3), new_index()),
        KeyCollisions(partial(report, 3), new_index()),
        RunCourses(partial(report, 4)),
        Turns(partial(report, 5)),
        PartitionSets(partial(report, 9)),
        ReactionOrder(partial(report, 10)),
        MomentOrder(partial(report, 11)),
        StoredTapes(partial(report, 12)),
        ImportedOnce(partial(report, 13)),
    )
    for checker in checkers:
        for kind, step in checker.steps().items():
            steps.setdefault(kind, []).append(step)
    head = 0
    for frame in frames:
        if frame.first_offset != head:
            report(
                7, frame.first_offset, f"offset {frame.first_offset} follows {head - 1}: events are missing"
            )
        head = frame.next_offset
        append = (frame.recorded_at, frame.writer)
        for offset, event in enumerate(frame.events, frame.first_offset):
            outcomes.see(offset, event, append)
            for step in steps.get(type(event), ()):
                step(offset, event)
        yield from found
        found.clear()
    outcomes.end(head)
    yield from found
