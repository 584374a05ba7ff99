"""Imports: what the log has of other systems' histories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from ..core.events import (
    CursorReset,
    RunKeyImported,
    SensorImported,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    TickImported,
    TickStarted,
)
from ..core.run_keys import run_key_digests
from .fold import Fold

_HERE = (TickStarted, CursorReset, SensorStarted, SensorStopped, SensorStatusReset)


class Imports(Fold):
    """The ticks, run keys and sensors that were imported, and which sensors go on here. See `ImportedBefore`.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ticks = defaultdict[str, set[int]](set)
        self._run_keys = set[bytes]()
        self._origins: dict[str, tuple[str, str]] = {}
        self._here = set[str]()

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            **dict.fromkeys(_HERE, self._goes_on),
            TickImported: self._tick,
            RunKeyImported: self._run_key,
            SensorImported: self._sensor,
        }

    def has_tick(self, source: str, tick: int) -> bool:
        """Return whether the tick of that id there was imported."""
        return tick in self._ticks.get(source, ())

    def has_run_key(self, sensor: str, run_key: str) -> bool:
        """Return whether the run key was ever imported, released since or not."""
        return run_key_digests(sensor, [run_key])[0] in self._run_keys

    def is_here(self, sensor: str) -> bool:
        """Return whether the sensor has ticked here, or an operator has switched it or moved its cursor here."""
        return sensor in self._here

    def origin(self, sensor: str) -> tuple[str, str] | None:
        """Return the source and location that the sensor's cursor came from, None if it never came from any."""
        return self._origins.get(sensor)

    def _goes_on(self, offset: int, event: Any) -> None:
        self._here.add(event.sensor)

    def _tick(self, offset: int, event: TickImported) -> None:
        self._ticks[event.source].add(event.origin)

    def _run_key(self, offset: int, event: RunKeyImported) -> None:
        self._run_keys.update(run_key_digests(event.sensor, [event.run_key]))

    def _sensor(self, offset: int, event: SensorImported) -> None:
        self._origins[event.sensor] = event.source, event.location
