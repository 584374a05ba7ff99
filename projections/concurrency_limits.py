"""Concurrency limits: how many runs may go on at once, as operators set it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..core.events import ConcurrencyLimitSet
from .fold import Fold


class ConcurrencyLimits(Fold):
    """The limits that are set, by name."""

    def __init__(self) -> None:
        super().__init__()
        self._set: dict[str, ConcurrencyLimitSet] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {ConcurrencyLimitSet: self._changed}

    def all(self) -> Mapping[str, ConcurrencyLimitSet]:
        """Return the event that set each limit, by the name of the limit."""
        return self._set

    def max_runs(self) -> dict[str, int]:
        """Return how many runs may go on at once, by the name of the limit."""
        return {name: event.max_runs for name, event in self._set.items() if event.max_runs is not None}

    def dump(self) -> bytes:
        """Return all limits, to be kept."""
        return msgspec.msgpack.encode(list(self._set.values()))

    def load(self, dumped: bytes) -> None:
        """Take up what `dump` returned; the checkpoint is the caller's to set."""
        events = msgspec.msgpack.decode(dumped, type=list[ConcurrencyLimitSet])
        self._set = {event.limit: event for event in events}

    def _changed(self, offset: int, event: ConcurrencyLimitSet) -> None:
        self._set.pop(event.limit, None)
        if event.max_runs is not None:
            self._set[event.limit] = event
