"""What a backtest comes to."""

from __future__ import annotations

from collections import Counter

import msgspec

from ..python_version import version_note
from .backtest import BacktestTick, Change

#: Into how many spans the time is divided in which requests are counted.
SPANS = 60

#: How many ticks that diverge, and lines of what was missing, are kept.
_KEPT = 1_000


class Summary(msgspec.Struct):
    """Counts over all ticks of a backtest; its memory follows what differs, not how many ticks there are.

    Attributes:
        start, end: The time that the counts over time span; UTC, microseconds since the epoch.
        ticks: How many ticks were evaluated.
        counts: How many requests were added, removed, changed and unchanged.
        old, new: How many requests there were in each span of the time, before and after.
        diverging: The first ticks in which the code asks for something else.
        diverged: How many there are.
        errors: How many ticks failed; the first of them.
        missing: What the code read that no tape has, and how often.
        not_evaluated: Why ticks were left out, and how many.
        versions: Of ticks that failed, or read what is on no tape, how many another Python recorded, and what to say.
        balance: Of run keys that one code asks for more often than the other, by how much the new one does.
    """

    start: int
    end: int
    ticks: int = 0
    counts: Counter[Change] = msgspec.field(default_factory=Counter)
    old: list[int] = msgspec.field(default_factory=lambda: [0] * SPANS)
    new: list[int] = msgspec.field(default_factory=lambda: [0] * SPANS)
    diverging: list[BacktestTick] = msgspec.field(default_factory=list)
    diverged: int = 0
    errors: int = 0
    first_error: BacktestTick | None = None
    missing: Counter[str] = msgspec.field(default_factory=Counter)
    not_evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    versions: Counter[str] = msgspec.field(default_factory=Counter)
    balance: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, tick: BacktestTick) -> None:
        """Count a tick."""
        if tick.why_not is not None:
            self.not_evaluated[tick.why_not] += 1
            return
        self.ticks += 1
        if tick.requests:
            self._count_requests(tick)
        if tick.diverges:
            self.diverged += 1
            if len(self.diverging) < _KEPT:
                self.diverging.append(tick)
        if tick.error is not None:
            self.errors += 1
            self.first_error = self.first_error or tick
        if (tick.error or tick.missing) and (note := version_note(tick.python)) is not None:
            self.versions[note] += 1
        for what in tick.missing:
            if what in self.missing or len(self.missing) < _KEPT:
                self.missing[what] += 1

    def _count_requests(self, tick: BacktestTick) -> None:
        span = self._span(tick.at)
        for request in tick.requests:
            self.counts[request.change] += 1
            self.old[span] += request.old is not None
            self.new[span] += request.new is not None
            if request.run_key and request.change in ("added", "removed"):
                self._weigh(request.run_key, 1 if request.change == "added" else -1)

    def _weigh(self, run_key: str, by: int) -> None:
        self.balance[run_key] += by
        if not self.balance[run_key]:
            del self.balance[run_key]

    def _span(self, at: int) -> int:
        length = max(self.end - self.start, 1)
        return min(max((at - self.start) * SPANS // length, 0), SPANS - 1)

    @property
    def only_new(self) -> list[str]:
        """The run keys that only the new code asks for, over all ticks."""
        return [key for key, balance in self.balance.items() if balance > 0]

    @property
    def only_old(self) -> list[str]:
        """The run keys that only the old code asked for, over all ticks."""
        return [key for key, balance in self.balance.items() if balance < 0]
