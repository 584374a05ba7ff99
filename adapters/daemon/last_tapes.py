"""The last tape of each sensor, by which its next one is compared: a folder that did not change is not hashed again."""

from __future__ import annotations

from threading import Lock

from ...core.tape import Tape

_NONE = Tape()


class LastTapes:
    """The last tapes of sensors, those that ticked last.

    Args:
        most: Bytes that all tapes together may take.
    """

    def __init__(self, most: int = 64 << 20) -> None:
        self._most, self._held = most, 0
        self._tapes: dict[str, Tape] = {}
        self._lock = Lock()

    def take(self, sensor: str) -> Tape:
        """Return a sensor's last tape, which is not kept any longer; an empty one if there is none."""
        with self._lock:
            tape = self._tapes.pop(sensor, _NONE)
            self._held -= _size(tape)
        return tape

    def keep(self, sensor: str, tape: Tape) -> None:
        """Keep what a sensor recorded, instead of the tapes of those that have not ticked for longer."""
        self.take(sensor)
        with self._lock:
            self._tapes[sensor] = tape
            self._held += _size(tape)
            while self._held > self._most:
                self._held -= _size(self._tapes.pop(next(iter(self._tapes))))


def _size(tape: Tape) -> int:
    return sum(map(len, tape.channels.values()))
