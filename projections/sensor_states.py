"""Sensor states: what the log says of every sensor."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from ..core.events import AnyEvent
from ..core.sensor_state import CHANGING, SensorState, evolve
from .fold import Folded


class SensorStates(Folded):
    """The `SensorState` of each sensor that the log has ever named; one small value per sensor.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    checkpoint = 0
    wanted = CHANGING

    def __init__(self) -> None:
        self._states: dict[str, SensorState] = {}

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """See `Folded.take`."""
        states, begin = self._states, self.checkpoint
        for offset, event in picked:
            if type(event) in CHANGING and offset >= begin:
                sensor: str = event.sensor  # type: ignore[union-attr, assignment]
                state = states.get(sensor)
                states[sensor] = evolve(SensorState(name=sensor) if state is None else state, offset, event)
        self.checkpoint = checkpoint

    def get(self, name: str) -> SensorState:
        """Return the state of the sensor: a blank one, not defined, if the log does not know it."""
        return self._states.get(name) or SensorState(name=name)

    def names(self) -> list[str]:
        """Return the names of all sensors the log knows, sorted."""
        return sorted(self._states)

    def __contains__(self, sensor: object) -> bool:
        return sensor in self._states

    def digest(self) -> str:
        """Return a digest of all states, equal for equal states."""
        return blake2b(
            msgspec.msgpack.encode([self._states[name] for name in self.names()]), digest_size=16
        ).hexdigest()

    def dump(self) -> bytes:
        """Return all states, to be kept."""
        return msgspec.msgpack.encode(list(self._states.values()))

    def load(self, dumped: bytes) -> None:
        """Take up what `dump` returned; the checkpoint is the caller's to set."""
        states = msgspec.msgpack.decode(dumped, type=list[SensorState])
        self._states = {state.name: state for state in states}

    def copy(self) -> SensorStates:
        """Return a projection of its own that goes on from the same checkpoint."""
        twin = SensorStates()
        twin.checkpoint, twin._states = self.checkpoint, dict(self._states)
        return twin
