"""Invariant 13: what came from another system came once, and belongs to the import that it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import HistoryImported, RunKeyImported, SensorImported, TickImported


class ImportedOnce:
    """The imports, and the ticks that came of each source.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._imports: dict[int, HistoryImported] = {}
        self._ticks = defaultdict[str, set[int]](set)

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {
            HistoryImported: self._began,
            SensorImported: self._came,
            RunKeyImported: self._came,
            TickImported: self._tick,
        }

    def _began(self, offset: int, event: HistoryImported) -> None:
        self._imports[offset] = event

    def _came(self, offset: int, event: SensorImported | RunKeyImported | TickImported) -> None:
        named = self._imports.get(event.cause)
        if named is None or named.source != event.source:
            self._report(
                offset,
                f"a {type(event).__name__} from {event.source} names event {event.cause}, "
                "which is no import from there",
            )

    def _tick(self, offset: int, event: TickImported) -> None:
        self._came(offset, event)
        ticks = self._ticks[event.source]
        if event.origin in ticks:
            self._report(offset, f"tick {event.origin} of {event.source} is imported a second time")
        ticks.add(event.origin)
