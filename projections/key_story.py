"""The story of one run key of one sensor: who asked for it, and what became of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from ..core.events import RequestRejected, RunKeyImported, RunKeyRepeated, RunKeysReleased, RunRequested
from ..core.lean_events import RequestedKey
from .fold import Fold
from .tick_record import TickRecord

#: How it stands with a run key. Of what was put off the log does not tell the keys: the key may be among it.
Verdict = Literal["requested", "rejected", "released", "put off", "requested by moments", "never asked for"]

#: What stands between a schedule's run key as it was given, and the moment that it holds for.
OF_MOMENT = " @ "


class KeyStory(Fold):
    """What the log tells of one run key. Events stand with their offsets, None if there is none.

    Attributes:
        checkpoint: Offset of the next event to fold in; may be set to that of the key's request, as
            nothing before it matters while that request owns the key.
        requested: The last request with the key, made here or imported.
        released: The last release of the key, if it is not requested since.
        rejected: The last rejection of a request with the key, if none is requested since.
        repeated: The last repeat of the key, since it was requested.
        repeats: How many repeats there are since then.
        of_moments: Requests with the key at single moments, if it is a schedule's.
        of_moment: The last of them.
    """

    def __init__(self, sensor: str, run_key: str) -> None:
        super().__init__()
        self._sensor, self._run_key = sensor, run_key
        self._at_moment = f"{run_key}{OF_MOMENT}"
        self.requested: tuple[int, RunRequested | RequestedKey | RunKeyImported] | None = None
        self.released: tuple[int, RunKeysReleased] | None = None
        self.rejected: tuple[int, RequestRejected] | None = None
        self.repeated: tuple[int, RunKeyRepeated] | None = None
        self.of_moment: tuple[int, RunRequested | RequestedKey | RunKeyImported] | None = None
        self.repeats = self.of_moments = 0

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            RunRequested: self._asked,
            RequestedKey: self._asked,
            RunKeyImported: self._asked,
            RunKeysReleased: self._freed,
            RequestRejected: self._refused,
            RunKeyRepeated: self._again,
        }

    def _asked(self, offset: int, event: RunRequested | RequestedKey | RunKeyImported) -> None:
        if event.sensor != self._sensor or not event.run_key:
            return
        if event.run_key == self._run_key:
            self.requested, self.released, self.rejected, self.repeated = (offset, event), None, None, None
            self.repeats = 0
        elif event.run_key.startswith(self._at_moment):
            self.of_moment = offset, event
            self.of_moments += 1

    def _freed(self, offset: int, event: RunKeysReleased) -> None:
        if event.sensor == self._sensor and self._run_key in event.run_keys:
            self.released = offset, event

    def _refused(self, offset: int, event: RequestRejected) -> None:
        if event.sensor == self._sensor and event.run_key == self._run_key:
            self.rejected = offset, event

    def _again(self, offset: int, event: RunKeyRepeated) -> None:
        if event.sensor == self._sensor and event.run_key == self._run_key:
            self.repeated = offset, event
            self.repeats += 1


def verdict(story: KeyStory, record: TickRecord) -> Verdict:
    """Return how it stands with a run key, given the record of its sensor's ticks."""
    if story.requested is not None and story.released is None:
        return "requested"
    if story.rejected is not None and (story.released is None or story.released[0] < story.rejected[0]):
        return "rejected"
    if story.released is not None:
        return "released"
    if record.put_off is not None:
        return "put off"
    return "requested by moments" if story.of_moments else "never asked for"
