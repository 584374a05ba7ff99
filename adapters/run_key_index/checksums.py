"""The checksums of a mapped table's segments: verified when a segment is first looked at."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from .layout import TABLE_WORDS, Unusable

if TYPE_CHECKING:
    import numpy as np

    from .table import Table

#: Flag in a checksum's word that there is one.
_KNOWN = 1 << 32

#: Of a segment: not looked at yet, found to be right, changed since its checksum was computed.
_UNSEEN, _TRUSTED, _CHANGED = 0, 1, 2


class Checksums:
    """Which segments can be trusted, and which have changed.

    Args:
        table: The table; its number of segments is known.
        trusted: Whether no segment has to be verified.
    """

    def __init__(self, table: Table, *, trusted: bool) -> None:
        self._table = table
        self._states = bytearray([_TRUSTED if trusted else _UNSEEN]) * table.segments

    def begin(self) -> None:
        """Take all segments for new ones: none has a checksum."""
        self._states = bytearray([_CHANGED]) * self._table.segments

    def trust(self, segment: int) -> None:
        """Verify the segment unless that was done before.

        Raises:
            Unusable: It is not what was saved.
        """
        if not self._states[segment]:
            if self._known(segment) != _KNOWN | self._checksum(segment):
                raise Unusable(f"segment {segment} is not what was saved")
            self._states[segment] = _TRUSTED

    def change(self, segment: int) -> None:
        """Note, before it happens, that the segment is written to."""
        if self._states[segment] != _CHANGED:
            self._table.mapping.words[self._place(segment)] = 0
            self._states[segment] = _CHANGED

    def trust_all(self, segments: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Do as `trust` to all of them, where most were looked at before."""
        for segment in self._below(segments, _TRUSTED):
            self.trust(segment)

    def change_all(self, segments: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Do as `change` to all of them, where most were changed before."""
        for segment in self._below(segments, _CHANGED):
            self.change(segment)

    def find_changed(self) -> None:
        """Take over which segments a writer before had changed: its checksums are not there any more."""
        for segment in range(len(self._states)):
            if not self._known(segment):
                self._states[segment] = _CHANGED

    def append(self) -> None:
        """Take in a new segment at the end."""
        self._states.append(_TRUSTED)
        self.change(len(self._states) - 1)

    def keep(self) -> bool:
        """Compute the checksums of all that changed; return whether there was any."""
        changed = [segment for segment, state in enumerate(self._states) if state == _CHANGED]
        for segment in changed:
            self._table.mapping.words[self._place(segment)] = _KNOWN | self._checksum(segment)
            self._states[segment] = _TRUSTED
        return bool(changed)

    def _below(self, segments: np.ndarray[Any, np.dtype[np.int64]], state: int) -> list[int]:
        import numpy as np

        below: list[int] = np.unique(
            segments[np.frombuffer(self._states, np.uint8)[segments] < state]
        ).tolist()
        return below

    def _place(self, segment: int) -> int:
        return self._table.start_of(segment) + TABLE_WORDS

    def _known(self, segment: int) -> int:
        return self._table.mapping.words[self._place(segment)]

    def _checksum(self, segment: int) -> int:
        self._table.will_read(segment)
        start = self._table.start_of(segment)
        return zlib.crc32(self._table.mapping.words[start : start + TABLE_WORDS])
