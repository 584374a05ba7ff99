"""Invariant 12: what a tape names by its digest was stored before it, whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.events import BlobStored, TapeRecorded
from ...core.tape.storing import MissingBlob, content_of


class StoredTapes:
    """The digests of what is stored.

    Args:
        report: Called with (offset, what is wrong).
    """

    def __init__(self, report: Callable[[int, str], None]) -> None:
        self._report = report
        self._stored: set[bytes] = set()

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {BlobStored: self._blob, TapeRecorded: self._tape}

    def _blob(self, offset: int, event: BlobStored) -> None:
        try:
            content_of(event)
        except MissingBlob as error:
            self._report(offset, str(error))
        self._stored.add(event.digest)

    def _tape(self, offset: int, event: TapeRecorded) -> None:
        for channel, digest in event.stored.items():
            if digest not in self._stored:
                self._report(
                    offset,
                    f"the tape of tick {event.tick} names {channel} {digest.hex()}, which was not stored",
                )
