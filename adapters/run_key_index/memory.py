"""The run-key index in memory: the model of the port, gone with the process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from ...core.run_keys import run_key_digest


class MemoryRunKeyIndex:
    """A `RunKeyIndex` in a dict, about 150 bytes per key."""

    def __init__(self) -> None:
        self._owners: dict[bytes, int] = {}
        self._checkpoint = 0

    @property
    def checkpoint(self) -> int:
        """The offset of the next event to fold in."""
        return self._checkpoint

    def owners(self, sensor: str, run_keys: Sequence[str]) -> list[int | None]:
        """Return, for each key in order, the offset of the owning `RunRequested`, or None."""
        owner = self._owners.get
        return [owner(run_key_digest(sensor, key)) for key in run_keys]

    def claim(self, sensor: str, claims: Iterable[tuple[str, int]]) -> None:
        """Make each (run key, offset) the owner's; a key that is owned keeps its owner."""
        claim = self._owners.setdefault
        for key, offset in claims:
            claim(run_key_digest(sensor, key), offset)

    def release(self, sensor: str, run_keys: Iterable[str]) -> None:
        """Free the keys; a key that nobody owns is passed over."""
        for key in run_keys:
            self._owners.pop(run_key_digest(sensor, key), None)

    def advance(self, checkpoint: int) -> None:
        """Note that every event before *checkpoint* is in; a smaller one changes nothing."""
        self._checkpoint = max(self._checkpoint, checkpoint)

    def count(self) -> int:
        """Return how many keys are owned."""
        return len(self._owners)

    def digest(self) -> str:
        """Return the BLAKE2b of all (digest of the key, owner) pairs in the order of the digests."""
        whole = blake2b(digest_size=16)
        for key, offset in sorted(self._owners.items()):
            whole.update(key + offset.to_bytes(8, "little"))
        return whole.hexdigest()

    def save(self) -> None:
        """Do nothing: this index ends with its process."""

    def close(self) -> None:
        """Release the index; safe to call twice."""
        self._owners = {}
