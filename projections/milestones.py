"""Milestones: the few events by which a sensor was defined, imported, switched, moved by hand, or held back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ..core.events import (
    CursorReset,
    EngineStarted,
    EngineStopped,
    RequestsPutOff,
    RunKeysReleased,
    SensorDefined,
    SensorImported,
    SensorQuarantined,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
)
from .fold import Fold

E = TypeVar("E")

_OF_SENSORS = (
    SensorDefined,
    SensorRetired,
    SensorQuarantined,
    SensorStarted,
    SensorStopped,
    SensorStatusReset,
    SensorImported,
    CursorReset,
    RunKeysReleased,
    RequestsPutOff,
)


class Milestones(Fold):
    """Of all sensors the definitions, imports, quarantines, put-off requests and operators' actions; and the latest start or end of an engine.

    Attributes:
        checkpoint: Offset of the next event to fold in.
        engine: The latest start or end of an engine with its offset, None if none ever started.
    """

    def __init__(self) -> None:
        super().__init__()
        self.engine: tuple[int, EngineStarted | EngineStopped] | None = None
        self._told: dict[str, list[tuple[int, Any]]] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        steps: dict[type, Callable[[int, Any], None]] = {kind: self._sensor for kind in _OF_SENSORS}
        return {**steps, EngineStarted: self._engine, EngineStopped: self._engine}

    def latest(self, sensor: str, kind: type[E], *, before: int | None = None) -> tuple[int, E] | None:
        """Return the sensor's latest event of the type, with its offset; None if there is none.

        Args:
            before: Leave out what stands at this offset or behind it.
        """
        return next((told for told in self._back(sensor, before) if isinstance(told[1], kind)), None)

    def release(
        self, sensor: str, run_key: str, *, before: int | None = None
    ) -> tuple[int, RunKeysReleased] | None:
        """Return the latest release of the run key, None if there is none; *before* as for `latest`."""
        for offset, event in self._back(sensor, before):
            if isinstance(event, RunKeysReleased) and run_key in event.run_keys:
                return offset, event
        return None

    def _back(self, sensor: str, before: int | None) -> Iterator[tuple[int, Any]]:
        """Yield what was told of the sensor, the latest first."""
        told = reversed(self._told.get(sensor, ()))
        return (item for item in told if before is None or item[0] < before)

    def _sensor(self, offset: int, event: Any) -> None:
        self._told.setdefault(event.sensor, []).append((offset, event))

    def _engine(self, offset: int, event: EngineStarted | EngineStopped) -> None:
        self.engine = offset, event
