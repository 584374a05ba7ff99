"""The record of one sensor's ticks: how many there were, how they ended, and what they last asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..core.events import (
    RequestsPutOff,
    RunRequested,
    TickCompleted,
    TickFailed,
    TickImported,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)
from ..core.lean_events import RequestedKey
from ..core.sensor_state import TickStatus
from .fold import Fold

#: Different reasons that are counted one by one; sensors may put the time into theirs.
MOST_REASONS = 1000

#: Stands for the reasons above `MOST_REASONS`.
OTHERS = "other reasons"


class Outcome(msgspec.Struct, kw_only=True):
    """Ticks that ended alike.

    Attributes:
        status: How they ended.
        why: The skip reason or the error, None if none was given.
        count: How many there were.
        first_at: End of the first one; UTC, microseconds since the epoch.
        last_at: End of the last one; UTC, microseconds since the epoch.
        last_tick: Id of the last one.
    """

    status: TickStatus
    why: str | None
    count: int = 0
    first_at: int
    last_at: int
    last_tick: int


class TickRecord(Fold):
    """How the ticks of one sensor went.

    Attributes:
        checkpoint: Offset of the next event to fold in.
        ticks: How many ticks began here.
        imported: How many ticks came from another system; nothing else is told of them.
        first_tick_at: Start of the first one, None if there was none; UTC, microseconds since the epoch.
        last_end: The end of the tick that ended last, with its offset.
        last_skip: The end of the tick that was skipped last, with its offset.
        last_failure: The end of the tick that failed last, with its offset.
        last_request: The last run that was requested, with the offset of its request.
        requested: How many runs the ticks of the window requested.
        put_off: What the tick that ended last put off, with its offset; None if it did not.
        failing: The failures since the last tick that did not fail.
    """

    def __init__(self, sensor: str, since: int | None = None) -> None:
        """Start at the beginning of a log.

        Args:
            since: The window: outcomes are those of ticks that ended since then (UTC, microseconds since
                the epoch); None stands for those behind the last tick that requested a run.
        """
        super().__init__()
        self._sensor, self._since = sensor, since
        self.ticks, self.imported, self.requested = 0, 0, 0
        self.first_tick_at: int | None = None
        self.last_end: tuple[int, TickSkipped | TickFailed | TickCompleted | TickInterrupted] | None = None
        self.last_skip: tuple[int, TickSkipped] | None = None
        self.last_failure: tuple[int, TickFailed] | None = None
        self.last_request: tuple[int, RunRequested | RequestedKey] | None = None
        self.put_off: tuple[int, RequestsPutOff] | None = None
        self.failing: Outcome | None = None
        self._outcomes: dict[tuple[TickStatus, str | None], Outcome] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            TickStarted: self._started,
            TickImported: self._imported,
            RunRequested: self._asked,
            RequestedKey: self._asked,
            RequestsPutOff: self._put_off,
            TickSkipped: self._skipped,
            TickFailed: self._failed,
            TickCompleted: self._completed,
            TickInterrupted: self._interrupted,
        }

    def outcomes(self) -> list[Outcome]:
        """Return how the ticks of the window ended that requested no run, the most frequent first."""
        return sorted(self._outcomes.values(), key=lambda outcome: (-outcome.count, -outcome.last_at))

    def _started(self, offset: int, event: TickStarted) -> None:
        if event.sensor == self._sensor:
            self.ticks += 1
            self.first_tick_at = event.at if self.first_tick_at is None else self.first_tick_at

    def _imported(self, offset: int, event: TickImported) -> None:
        self.imported += event.sensor == self._sensor

    def _asked(self, offset: int, event: RunRequested | RequestedKey) -> None:
        if event.sensor == self._sensor:
            self.last_request = offset, event
            if self._since is None or event.at >= self._since:
                self.requested += 1

    def _put_off(self, offset: int, event: RequestsPutOff) -> None:
        if event.sensor == self._sensor:
            self.put_off = offset, event

    def _skipped(self, offset: int, event: TickSkipped) -> None:
        if event.sensor == self._sensor:
            why = event.reason or ("all run keys already used" if event.repeated else None)
            self.last_skip = offset, event
            self._ended(offset, event, "SKIPPED", why, 0)

    def _completed(self, offset: int, event: TickCompleted) -> None:
        if event.sensor == self._sensor:
            self._ended(offset, event, "SUCCESS", "acted on events", event.requested)

    def _failed(self, offset: int, event: TickFailed) -> None:
        if event.sensor == self._sensor:
            self.last_failure = offset, event
            self._ended(offset, event, "FAILURE", event.error, event.requested)

    def _interrupted(self, offset: int, event: TickInterrupted) -> None:
        if event.sensor == self._sensor:
            self._ended(offset, event, "INTERRUPTED", event.reason, 0)

    def _ended(self, offset: int, event: Any, status: TickStatus, why: str | None, requested: int) -> None:
        self.last_end = offset, event
        if self.put_off is not None and self.put_off[1].tick != event.tick:
            self.put_off = None
        if status == "FAILURE":
            self.failing = _counted(self.failing, event, status, why)
        elif status != "INTERRUPTED":
            self.failing = None
        if requested and self._since is None:
            self._outcomes.clear()
            self.requested = 0
        elif not requested and (self._since is None or event.at >= self._since):
            self._count(event, status, why)

    def _count(self, event: Any, status: TickStatus, why: str | None) -> None:
        if (status, why) not in self._outcomes and len(self._outcomes) >= MOST_REASONS:
            why = OTHERS
        self._outcomes[status, why] = _counted(self._outcomes.get((status, why)), event, status, why)


def _counted(before: Outcome | None, event: Any, status: TickStatus, why: str | None) -> Outcome:
    first_at = event.at if before is None else before.first_at
    count = 1 if before is None else before.count + 1
    return Outcome(
        status=status, why=why, count=count, first_at=first_at, last_at=event.at, last_tick=event.tick
    )
