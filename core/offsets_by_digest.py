"""Offsets by digest, in arrays: millions of them take a fourth of the memory of a dict."""

from __future__ import annotations

from array import array
from struct import Struct
from typing import Self

from .run_keys import NOBODY

#: A slot that has never held anything: a search ends there.
_UNUSED = -2

_halves = Struct("<QQ").unpack


class OffsetsByDigest:
    """A table of offsets under digests of 16 bytes, which are as good as random; 36 to 72 bytes for each."""

    __slots__ = ("_firsts", "_mask", "_offsets", "_seconds", "_used")

    def __init__(self) -> None:
        self._allot(64)

    def get(self, digest: bytes) -> int:
        """Return the offset, `NOBODY` if there is none."""
        offset = self._offsets[self._place(*_halves(digest))]
        return NOBODY if offset == _UNUSED else offset

    def put(self, digest: bytes, offset: int) -> None:
        """Set the offset, in place of the one before; `NOBODY` takes it out."""
        first, second = _halves(digest)
        place = self._place(first, second)
        if self._offsets[place] == _UNUSED:
            if 3 * self._used > 2 * self._mask:
                self._grow()
                place = self._place(first, second)
            self._used += 1
            self._firsts[place], self._seconds[place] = first, second
        self._offsets[place] = offset

    def copy(self) -> Self:
        """Return a table of its own with the same content."""
        twin = type(self).__new__(type(self))
        twin._mask, twin._used = self._mask, self._used
        twin._firsts, twin._seconds = self._firsts[:], self._seconds[:]
        twin._offsets = self._offsets[:]
        return twin

    def _allot(self, slots: int) -> None:
        self._mask, self._used = slots - 1, 0
        self._firsts, self._seconds = array("Q", [0]) * slots, array("Q", [0]) * slots
        self._offsets = array("q", [_UNUSED]) * slots

    def _place(self, first: int, second: int) -> int:
        """Return the slot of a digest, or the unused one where it would be."""
        firsts, offsets, mask = self._firsts, self._offsets, self._mask
        place = first & mask
        while offsets[place] != _UNUSED and (firsts[place] != first or self._seconds[place] != second):
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        held = zip(self._firsts, self._seconds, self._offsets, strict=True)
        self._allot(2 * (self._mask + 1))
        for first, second, offset in held:
            # What was taken out is left behind.
            if offset >= 0:
                place = self._place(first, second)
                self._firsts[place], self._seconds[place], self._offsets[place] = first, second, offset
                self._used += 1
