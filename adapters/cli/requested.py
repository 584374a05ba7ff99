"""Requests of runs by their offsets."""

from __future__ import annotations

from collections.abc import Collection

from ...core.events import RunKeyImported, RunRequested
from ...core.log import EventLog


def requested_runs(log: EventLog, offsets: Collection[int]) -> dict[int, RunRequested | RunKeyImported]:
    """Return the requests at *offsets*, made here or imported, in the order of the log; other events there are passed over."""
    if not offsets:
        return {}
    wanted, requests = set(offsets), dict[int, RunRequested | RunKeyImported]()
    for frame in log.read(min(wanted), max(wanted) + 1):
        for offset, event in enumerate(frame.events, frame.first_offset):
            if offset in wanted and isinstance(event, RunRequested | RunKeyImported):
                requests[offset] = event
    return requests
