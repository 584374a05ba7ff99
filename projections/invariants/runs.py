"""Invariant 4: a run starts once at most, after its request, and ends once at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from ...core.events import RunCanceled, RunFailed, RunLaunched, RunRequested, RunStarted, RunSucceeded

# What is known of a requested run, as bits.
_STARTED, _ENDED = 1, 2


class RunCourses:
    """How far each run is, kept by the digest of its id.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._runs: dict[bytes, int] = {}

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {
            RunRequested: self._requested,
            RunLaunched: self._launched,
            RunStarted: self._started,
            RunSucceeded: self._ended,
            RunFailed: self._ended,
            RunCanceled: self._ended,
        }

    def _requested(self, offset: int, event: RunRequested) -> None:
        digest = _digest(event.run)
        if digest in self._runs:
            self._report(offset, f"run {event.run} is requested a second time")
        else:
            self._runs[digest] = 0

    def _launched(self, offset: int, event: RunLaunched) -> None:
        if _digest(event.run) not in self._runs:
            self._report(offset, f"run {event.run} is launched and was never requested")

    def _started(self, offset: int, event: RunStarted) -> None:
        digest = _digest(event.run)
        known = self._runs.get(digest)
        if known is None:
            self._report(offset, f"run {event.run} starts and was never requested")
            return
        if known & _STARTED:
            self._report(offset, f"run {event.run} starts a second time")
        elif known & _ENDED:
            self._report(offset, f"run {event.run} starts after its end")
        self._runs[digest] = known | _STARTED

    def _ended(self, offset: int, event: RunSucceeded | RunFailed | RunCanceled) -> None:
        digest = _digest(event.run)
        known = self._runs.get(digest)
        if known is None:
            self._report(offset, f"run {event.run} ends and was never requested")
            return
        if known & _ENDED:
            self._report(offset, f"run {event.run} ends a second time")
        elif not known & _STARTED and isinstance(event, RunSucceeded):
            self._report(offset, f"run {event.run} succeeds and was never started")
        self._runs[digest] = known | _ENDED


def _digest(run: str) -> bytes:
    return blake2b(run.encode("utf-8", "surrogatepass"), digest_size=16).digest()
