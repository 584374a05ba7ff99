"""Changes: what happened from one position to another, by sensor, in runs, and by whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..core.events import (
    AnyEvent,
    ConcurrencyLimitSet,
    CursorReset,
    DynamicPartitionsChanged,
    HistoryImported,
    RunCanceled,
    RunFailed,
    RunKeysReleased,
    RunRequested,
    RunStarted,
    RunStatus,
    RunSucceeded,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    TickCompleted,
    TickFailed,
    TickInterrupted,
    TickSkipped,
)
from ..core.sensor_state import TickStatus
from .fold import Fold

_TICK_ENDS: dict[type, TickStatus] = {
    TickCompleted: "SUCCESS",
    TickSkipped: "SKIPPED",
    TickFailed: "FAILURE",
    TickInterrupted: "INTERRUPTED",
}

_RUN_ENDS: dict[type, RunStatus] = {RunSucceeded: "SUCCESS", RunFailed: "FAILURE", RunCanceled: "CANCELED"}

#: What operators do; of these, some may be done by ticks and runs too, and name no actor then.
_ACTIONS = (
    SensorStarted,
    SensorStopped,
    SensorStatusReset,
    CursorReset,
    RunKeysReleased,
    ConcurrencyLimitSet,
    DynamicPartitionsChanged,
    RunRequested,
    RunCanceled,
    HistoryImported,
)


class SensorCourse(msgspec.Struct):
    """What a sensor did.

    Attributes:
        ticks: How many of its ticks ended how.
        requested: How many runs it asked for.
        claimed: The run keys of those, in order.
        released: The run keys that were freed, in order.
    """

    ticks: Counter[TickStatus] = msgspec.field(default_factory=Counter)
    requested: int = 0
    claimed: list[str] = []
    released: list[str] = []


class Changes(Fold):
    """What happened from a position on.

    Attributes:
        checkpoint: Offset of the next event to fold in.
        sensors: What the sensors did, by name; those that did nothing are left out.
        requested: How many runs were requested.
        started: How many runs were started.
        ended: How many runs ended how.
        actions: What operators did, with the offsets.
    """

    def __init__(self, begin: int) -> None:
        """Start at the offset *begin*: what is before it does not count."""
        super().__init__()
        self.checkpoint = begin
        self.sensors = defaultdict[str, SensorCourse](SensorCourse)
        self.requested, self.started = 0, 0
        self.ended = Counter[RunStatus]()
        self.actions: list[tuple[int, AnyEvent]] = []

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            **dict.fromkeys(_TICK_ENDS, self._tick_ended),
            **dict.fromkeys(_RUN_ENDS, self._run_ended),
            **dict.fromkeys(_ACTIONS, self._acted),
            RunRequested: self._run_requested,
            RunStarted: self._run_started,
            RunCanceled: self._run_ended,
            RunKeysReleased: self._released,
        }

    def _tick_ended(
        self, offset: int, event: TickCompleted | TickSkipped | TickFailed | TickInterrupted
    ) -> None:
        self.sensors[event.sensor].ticks[_TICK_ENDS[type(event)]] += 1

    def _run_requested(self, offset: int, event: RunRequested) -> None:
        self._acted(offset, event)
        self.requested += 1
        if event.sensor is not None:
            course = self.sensors[event.sensor]
            course.requested += 1
            course.claimed += [event.run_key] if event.run_key else []

    def _run_started(self, offset: int, event: RunStarted) -> None:
        self.started += 1

    def _run_ended(self, offset: int, event: RunSucceeded | RunFailed | RunCanceled) -> None:
        self._acted(offset, event)
        self.ended[_RUN_ENDS[type(event)]] += 1

    def _released(self, offset: int, event: RunKeysReleased) -> None:
        self._acted(offset, event)
        self.sensors[event.sensor].released += event.run_keys

    def _acted(self, offset: int, event: AnyEvent) -> None:
        if getattr(event, "actor", None) is not None:
            self.actions.append((offset, event))
