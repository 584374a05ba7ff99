"""Run keys: their digest, and the port of the index that knows who owns them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Protocol


def run_key_digest(sensor: str, run_key: str) -> bytes:
    """Return the 16 bytes that stand for a run key of a sensor.

    BLAKE2b, since keys come from outsiders (file names, pushed events) who must not be able to
    make two of them collide. Among 10**9 keys the odds of any collision are about 1.5e-21.
    """
    return blake2b(f"{sensor}\0{run_key}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


class RunKeyIndex(Protocol):
    """Who owns which run key. A projection of the log. Promises: ``tests/contracts/run_key_index.py``.

    The key of a sensor is owned by the `RunRequested` that first carried it, until a
    `RunKeysReleased` frees it. One thread writes; look-ups come from the same thread.
    """

    @property
    def checkpoint(self) -> int:
        """The offset of the next event to fold in: everything before it is in the index."""

    def owners(self, sensor: str, run_keys: Sequence[str]) -> list[int | None]:
        """Return, for each key in order, the offset of the owning `RunRequested`, or None."""

    def claim(self, sensor: str, claims: Iterable[tuple[str, int]]) -> None:
        """Make each (run key, offset) the owner's; a key that is owned keeps its owner."""

    def release(self, sensor: str, run_keys: Iterable[str]) -> None:
        """Free the keys; a key that nobody owns is passed over."""

    def advance(self, checkpoint: int) -> None:
        """Note that every event before *checkpoint* is in; a smaller one than noted changes nothing."""

    def count(self) -> int:
        """Return how many keys are owned."""

    def digest(self) -> str:
        """Return a digest of all (key, owner) pairs, the same for the same pairs in any order."""

    def save(self) -> None:
        """Keep what is in the index for the next opening; without it the tail is folded again."""

    def close(self) -> None:
        """Release the index without saving; safe to call twice."""
