"""The run-key index in memory: the model of the port, gone with the process."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.run_keys import NOBODY, PairSums


class MemoryRunKeyIndex:
    """A `RunKeyIndex` in a dict, about 150 bytes per key."""

    def __init__(self) -> None:
        self._owners: dict[bytes, int] = {}
        self._checkpoint = 0

    @property
    def checkpoint(self) -> int:
        """The offset of the next event to fold in."""
        return self._checkpoint

    def owners(self, digests: Sequence[bytes]) -> list[int]:
        """Return, for each key in order, the offset of the owning `RunRequested`, or `NOBODY`."""
        owner = self._owners.get
        return [owner(digest, NOBODY) for digest in digests]

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Make each offset the owner of the key in the same place; a key that is owned keeps its owner."""
        claim = self._owners.setdefault
        for digest, offset in zip(digests, offsets, strict=True):
            claim(digest, offset)

    def release(self, digests: Sequence[bytes]) -> None:
        """Free the keys; a key that nobody owns is passed over."""
        for digest in digests:
            self._owners.pop(digest, None)

    def advance(self, checkpoint: int) -> None:
        """Note that every event before *checkpoint* is in; a smaller one changes nothing."""
        self._checkpoint = max(self._checkpoint, checkpoint)

    def count(self) -> int:
        """Return how many keys are owned."""
        return len(self._owners)

    def digest(self) -> str:
        """Return the `PairSums` of all keys and their owners, as text."""
        return str(PairSums().add(self._owners.items()))

    def save(self) -> None:
        """Do nothing: this index ends with its process."""

    def close(self) -> None:
        """Release the index; safe to call twice."""
        self._owners = {}
