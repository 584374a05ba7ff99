"""What in the log wakes a sensor that reacts to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from .events import (
    AnyEvent,
    AssetMaterialized,
    RunCanceled,
    RunFailed,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
)
from .sorted_events import SortedEvents

#: The events by which a run gets to a status, by the status's name.
STATUS_EVENTS: Mapping[str, type] = {
    "QUEUED": RunRequested,
    "STARTING": RunLaunched,
    "STARTED": RunStarted,
    "SUCCESS": RunSucceeded,
    "FAILURE": RunFailed,
    "CANCELED": RunCanceled,
}

#: Returns the request of an open run, None for any other.
RequestOf = Callable[[str], RunRequested | None]


class WakeUp(msgspec.Struct, frozen=True, kw_only=True):
    """The events that a sensor reacts to.

    Attributes:
        run_status: The status that runs get to, None for a sensor that does not react to runs.
        jobs: The jobs whose runs count; None for all.
        assets: The assets whose materializations count, as people write their keys.
    """

    run_status: str | None = None
    jobs: frozenset[str] | None = None
    assets: frozenset[str] = frozenset()

    def event_types(self) -> list[type]:
        """Return the types of the events that may wake the sensor."""
        on_runs = [] if self.run_status is None else [STATUS_EVENTS[self.run_status]]
        return [*on_runs, AssetMaterialized] if self.assets else on_runs

    def by(self, event: AnyEvent, request_of: RequestOf) -> bool:
        """Whether *event*, of one of the types, wakes the sensor."""
        if isinstance(event, AssetMaterialized):
            return event.asset in self.assets
        if self.jobs is None:
            return True
        run: str = event.run  # type: ignore[union-attr, assignment]
        request = event if isinstance(event, RunRequested) else request_of(run)
        # Of a run that is not known to be open, the sensor itself finds out.
        return request is None or request.job in self.jobs


class WakeUps:
    """Which sensors an event wakes."""

    def __init__(self, wake_ups: Iterable[tuple[str, WakeUp | None]]) -> None:
        """Take the sensors' names, each with what wakes it."""
        self._by_type: dict[type, list[tuple[str, WakeUp]]] = {}
        for sensor, wake_up in wake_ups:
            for kind in () if wake_up is None else wake_up.event_types():
                assert wake_up is not None
                self._by_type.setdefault(kind, []).append((sensor, wake_up))

    def of(self, first_offset: int, events: SortedEvents, request_of: RequestOf) -> list[tuple[str, int]]:
        """Return the sensors that *events* wake, each with the offset of the event that does."""
        by_type = self._by_type
        if not by_type:
            return []
        return [
            (sensor, offset)
            for offset, event in events.chosen(first_offset, frozenset(by_type))
            for sensor, wake_up in by_type[type(event)]
            if wake_up.by(event, request_of)
        ]
