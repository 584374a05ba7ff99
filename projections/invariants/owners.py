"""Invariant 3: a run key of a sensor has one owner until it is released."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import RunKeyImported, RunKeyRepeated, RunKeysReleased, RunRequested
from ...core.run_keys import NOBODY, RunKeyOwners, run_key_digests


class KeyOwners:
    """Who owns which key, kept in an index.

    Args:
        report: Called with (offset, what is wrong).
        index: An empty one.
    """

    def __init__(self, report: Callable[[int, str], None], index: RunKeyOwners) -> None:
        self._report, self._index = report, index

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {
            RunRequested: self._requested,
            RunKeyImported: self._requested,
            RunKeyRepeated: self._repeated,
            RunKeysReleased: self._released,
        }

    def _requested(self, offset: int, event: RunRequested | RunKeyImported) -> None:
        if not event.run_key or event.sensor is None:
            return
        digests = run_key_digests(event.sensor, [event.run_key])
        (owner,) = self._index.owners(digests)
        if owner == NOBODY:
            self._index.claim(digests, [offset])
        else:
            verb = "imports" if isinstance(event, RunKeyImported) else "requests"
            self._report(
                offset,
                f"sensor {event.sensor!r} {verb} run key {event.run_key!r} again, "
                f"which the request at offset {owner} owns",
            )

    def _repeated(self, offset: int, event: RunKeyRepeated) -> None:
        (owner,) = self._index.owners(run_key_digests(event.sensor, [event.run_key]))
        if owner != event.owner:
            truth = "nobody does" if owner == NOBODY else f"the one at offset {owner} does"
            self._report(
                offset,
                f"run key {event.run_key!r} of sensor {event.sensor!r} is said to be owned "
                f"by the request at offset {event.owner}, {truth}",
            )

    def _released(self, offset: int, event: RunKeysReleased) -> None:
        self._index.release(run_key_digests(event.sensor, event.run_keys))
