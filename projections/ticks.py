"""Ticks: every tick with its outcome, for listings."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from ..core.events import (
    CursorUpdated,
    RequestRejected,
    RunKeyRepeated,
    RunRequested,
    SensorReacted,
    TickCompleted,
    TickFailed,
    TickImported,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)
from ..core.sensor_state import TickStatus
from .fold import Fold

TICK_STATUSES: tuple[TickStatus, ...] = get_args(TickStatus)


class Tick(msgspec.Struct, kw_only=True):
    """One tick as the log tells it. Times are UTC, microseconds since the epoch.

    Attributes:
        tick: The tick's id, the offset of its `TickStarted`, or `TickImported`.
        engine: Id of the engine that evaluated it, or the source that it was imported from.
        duration: Wall time of the evaluation in seconds; None while it lasts, or if it was interrupted.
        skip_reason: Why it asked for nothing, None if no reason was given.
        error: One line, for failed and interrupted ticks.
        requested: How many runs it asked for.
        repeated: How many of its requests were dropped because their run key is taken.
        rejected: How many of its requests could not become runs.
        reacted: How many events it reacted to.
        cursor_before: The cursor handed to the sensor.
        cursor_after: The cursor the tick left; `cursor_before` if it changed nothing.
        runs: Ids of the runs it asked for, in order.
        scheduled_for: The moment that a schedule's tick stands for, None for sensors.
        origin: Its id in the system that it was imported from, None if it was evaluated here. Of its cursors
            only the later one is known, of its repeats no more than that there were at least so many.
    """

    tick: int
    sensor: str
    engine: str
    started_at: int
    status: TickStatus = "STARTED"
    ended_at: int | None = None
    duration: float | None = None
    skip_reason: str | None = None
    error: str | None = None
    traceback: str | None = None
    requested: int = 0
    repeated: int = 0
    rejected: int = 0
    reacted: int = 0
    cursor_before: str | None = None
    cursor_after: str | None = None
    runs: list[str] = []
    scheduled_for: int | None = None
    origin: int | None = None


class Ticks(Fold):
    """The open ticks, and of the ended ones the latest that are wanted.

    The rows are the projection's own, do not change them.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(
        self, *, wanted: Callable[[Tick], bool] = lambda tick: True, limit: int | None = None
    ) -> None:
        """Start at the beginning of a log.

        Args:
            wanted: Which ticks to keep once they have ended, and to show while they are open.
            limit: How many to keep, the latest started ones; None keeps all.
        """
        super().__init__()
        self._wanted = wanted
        self._limit = limit
        self._open: dict[int, Tick] = {}
        self._ended: list[tuple[int, int, Tick]] = []

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            TickStarted: self._started,
            RunRequested: self._requested,
            RunKeyRepeated: self._repeated,
            RequestRejected: self._rejected,
            SensorReacted: self._reacted,
            CursorUpdated: self._cursor_updated,
            TickSkipped: self._skipped,
            TickFailed: self._failed,
            TickCompleted: self._completed,
            TickInterrupted: self._interrupted,
            TickImported: self._imported,
        }

    def rows(self) -> list[Tick]:
        """Return the wanted ticks, the latest started first, no more than the limit."""
        rows = [tick for _, _, tick in self._ended] + [
            tick for tick in self._open.values() if self._wanted(tick)
        ]
        rows.sort(key=lambda tick: (tick.started_at, tick.tick), reverse=True)
        return rows[: self._limit]

    def _started(self, offset: int, event: TickStarted) -> None:
        self._open[offset] = Tick(
            tick=offset,
            sensor=event.sensor,
            engine=event.engine,
            started_at=event.at,
            cursor_before=event.cursor,
            cursor_after=event.cursor,
            scheduled_for=event.scheduled_for,
        )

    def _requested(self, offset: int, event: RunRequested) -> None:
        if event.tick is not None and (tick := self._open.get(event.tick)) is not None:
            tick.requested += 1
            tick.runs.append(event.run)

    def _repeated(self, offset: int, event: RunKeyRepeated) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.repeated += 1

    def _rejected(self, offset: int, event: RequestRejected) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.rejected += 1

    def _reacted(self, offset: int, event: SensorReacted) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.reacted += 1

    def _cursor_updated(self, offset: int, event: CursorUpdated) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.cursor_after = event.after

    def _skipped(self, offset: int, event: TickSkipped) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.skip_reason, tick.duration = event.reason, event.duration
            self._end(tick, "SKIPPED", event.at)

    def _failed(self, offset: int, event: TickFailed) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.error, tick.traceback, tick.duration = event.error, event.traceback, event.duration
            self._end(tick, "FAILURE", event.at)

    def _completed(self, offset: int, event: TickCompleted) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.duration = event.duration
            self._end(tick, "SUCCESS", event.at)

    def _interrupted(self, offset: int, event: TickInterrupted) -> None:
        if (tick := self._open.get(event.tick)) is not None:
            tick.error = event.reason
            self._end(tick, "INTERRUPTED", event.at)

    def _end(self, tick: Tick, status: TickStatus, at: int) -> None:
        del self._open[tick.tick]
        tick.status, tick.ended_at = status, at
        self._keep(tick)

    def _imported(self, offset: int, event: TickImported) -> None:
        self._keep(
            Tick(
                tick=offset,
                sensor=event.sensor,
                engine=event.source,
                started_at=event.started_at,
                status=event.status,
                ended_at=event.ended_at,
                duration=None if event.ended_at is None else (event.ended_at - event.started_at) / 1e6,
                skip_reason=event.reason,
                error=event.error,
                traceback=event.traceback,
                requested=len(event.runs),
                repeated=max(len(event.run_keys) - len(event.runs), 0),
                reacted=event.reacted,
                cursor_after=event.cursor,
                runs=event.runs,
                origin=event.origin,
            )
        )

    def _keep(self, tick: Tick) -> None:
        if not self._wanted(tick):
            return
        # An imported tick may have started long before those that are in front of it in the log.
        heapq.heappush(self._ended, (tick.started_at, tick.tick, tick))
        if self._limit is not None and len(self._ended) > self._limit:
            heapq.heappop(self._ended)
