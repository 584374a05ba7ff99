"""The queue of runs: which of those that wait starts next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush

import msgspec

from .run_limits import groups_of, priority_of


class QueuedRun(msgspec.Struct, frozen=True, gc=False):
    """What the queue needs to know of a run.

    Attributes:
        cause: Offset of its `RunRequested`.
        tags: All its tags, or those alone that its priority and limits go by.
    """

    cause: int
    run: str
    job: str
    tags: Mapping[str, str]


#: Limits and their groups, which runs of one heap have in common.
_Groups = tuple[tuple[str, str], ...]


class RunQueue:
    """Runs that wait, the highest priority first, then the oldest request. Limits hold back only whom they concern.

    Args:
        limits: How many runs may go on at once, by the name of the limit.
    """

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        self._limits = dict(limits or {})
        self._waiting: dict[str, QueuedRun] = {}
        # One heap for all that fall under the same limits: of each, only the first can be the next.
        self._heaps: dict[_Groups, list[tuple[int, int, str]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def limits(self) -> Mapping[str, int]:
        """How many runs may go on at once, by the name of the limit."""
        return self._limits

    def add(self, run: QueuedRun) -> None:
        """Let a run wait; one that waits already stays where it is."""
        if run.run not in self._waiting:
            self._waiting[run.run] = run
            self._push(run)

    def discard(self, run: str) -> QueuedRun | None:
        """Let a run wait no longer; return it if it did."""
        # Its place in a heap goes when it comes to be the first.
        return self._waiting.pop(run, None)

    def drain(self) -> list[QueuedRun]:
        """Let no run wait any longer; return those that did, whatever the limits, in their order."""
        runs = sorted(self._waiting.values(), key=lambda run: (-priority_of(run.tags), run.cause))
        self.clear()
        return runs

    def clear(self) -> None:
        """Let no run wait."""
        self._waiting.clear()
        self._heaps.clear()

    def set_limit(self, name: str, max_runs: int | None) -> None:
        """Set a limit, or lift it with None."""
        if max_runs is None:
            self._limits.pop(name, None)
        else:
            self._limits[name] = max_runs
        self._heaps.clear()
        for run in self._waiting.values():
            self._push(run)

    def next(self, busy: Iterable[QueuedRun]) -> QueuedRun | None:
        """Take the run that is to start now; None if none waits, or the limits leave no room.

        Args:
            busy: The runs that go on.
        """
        counts = self._counts(busy)
        best: tuple[int, int, str] | None = None
        for groups, heap in list(self._heaps.items()):
            while heap and not self._is_waiting(heap[0]):
                heappop(heap)
            if not heap:
                del self._heaps[groups]
            elif self._full(groups, counts) is None and (best is None or heap[0] < best):
                best = heap[0]
        return None if best is None else self._waiting.pop(best[2])

    def held_by(self, run: QueuedRun, busy: Iterable[QueuedRun]) -> str | None:
        """Return the limit that keeps a run from starting, None if it is merely not its turn."""
        return self._full(tuple(groups_of(run.job, run.tags, self._limits)), self._counts(busy))

    def _push(self, run: QueuedRun) -> None:
        groups = tuple(groups_of(run.job, run.tags, self._limits))
        heappush(self._heaps.setdefault(groups, []), (-priority_of(run.tags), run.cause, run.run))

    def _is_waiting(self, place: tuple[int, int, str]) -> bool:
        waiting = self._waiting.get(place[2])
        return waiting is not None and waiting.cause == place[1]

    def _counts(self, busy: Iterable[QueuedRun]) -> Counter[tuple[str, str]]:
        return Counter(group for run in busy for group in groups_of(run.job, run.tags, self._limits))

    def _full(self, groups: _Groups, counts: Counter[tuple[str, str]]) -> str | None:
        return next((group[0] for group in groups if counts[group] >= self._limits[group[0]]), None)
