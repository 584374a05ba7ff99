"""A search for runs by the first letters of their id, which builds nothing for all the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..core.events import (
    RunCanceled,
    RunFailed,
    RunKeyImported,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
)
from ..core.lean_events import RequestedKey
from .fold import Fold

_COURSE = (RunLaunched, RunStarted, RunSucceeded, RunFailed, RunCanceled)


class RunSearch(Fold):
    """The runs whose id starts so, in the order of their requests, each with the events of its course.

    Those of other systems that own imported run keys are among them; the log tells nothing of their course.

    Attributes:
        checkpoint: Offset of the next event to fold in.
        requests: Offset of each run's request, or `RunKeyImported`, by its id.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix
        self.requests: dict[str, int] = {}
        self._courses: dict[str, list[tuple[int, Any]]] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        steps: dict[type, Callable[[int, Any], None]] = {kind: self._went_on for kind in _COURSE}
        requests: list[type] = [RunRequested, RequestedKey, RunKeyImported]
        return {**steps, **dict.fromkeys(requests, self._requested)}

    def found(self) -> list[str]:
        """Return the ids; one that is the prefix itself comes alone."""
        return [self._prefix] if self._prefix in self.requests else list(self.requests)

    def course(self, run: str) -> list[tuple[int, Any]]:
        """Return the run's launches, start and end, each with its offset."""
        return self._courses.get(run, [])

    def _requested(self, offset: int, event: RunRequested | RequestedKey | RunKeyImported) -> None:
        if event.run.startswith(self._prefix):
            self.requests[event.run] = offset

    def _went_on(self, offset: int, event: Any) -> None:
        if event.run in self.requests:
            self._courses.setdefault(event.run, []).append((offset, event))
