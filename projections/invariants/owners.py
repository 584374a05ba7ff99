"""Invariant 3: a run key of a sensor has one owner until it is released."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import RunKeyRepeated, RunKeysReleased, RunRequested
from ...core.run_keys import run_key_digest


class KeyOwners:
    """Who owns which key, kept as digests.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._owners: dict[bytes, int] = {}

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {
            RunRequested: self._requested,
            RunKeyRepeated: self._repeated,
            RunKeysReleased: self._released,
        }

    def _requested(self, offset: int, event: RunRequested) -> None:
        if not event.run_key or event.sensor is None:
            return
        owner = self._owners.setdefault(run_key_digest(event.sensor, event.run_key), offset)
        if owner != offset:
            self._report(
                offset,
                f"sensor {event.sensor!r} requests run key {event.run_key!r} again, "
                f"which the request at offset {owner} owns",
            )

    def _repeated(self, offset: int, event: RunKeyRepeated) -> None:
        owner = self._owners.get(run_key_digest(event.sensor, event.run_key))
        if owner != event.owner:
            truth = "nobody does" if owner is None else f"the one at offset {owner} does"
            self._report(
                offset,
                f"run key {event.run_key!r} of sensor {event.sensor!r} is said to be owned "
                f"by the request at offset {event.owner}, {truth}",
            )

    def _released(self, offset: int, event: RunKeysReleased) -> None:
        for run_key in event.run_keys:
            self._owners.pop(run_key_digest(event.sensor, run_key), None)
