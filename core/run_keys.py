"""Run keys: their digests, and the port of the index that knows who owns them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2s
from typing import Any, Protocol

#: What `RunKeyIndex.owners` has in the place of an offset when nobody owns the key.
NOBODY = -1

_MASK = 2**64 - 1


def run_key_digests(sensor: str, run_keys: Sequence[str]) -> list[bytes]:
    """Return, for each run key of a sensor, the 16 bytes that stand for it.

    BLAKE2s, since keys come from outsiders (file names, pushed events) who must not be able to
    make two of them collide. Among 10**9 keys the odds of any collision are about 1.5e-21.
    """
    # In one loop, as this is most of what a look-up costs.
    after_name = _after_name(sensor)
    digests: list[bytes] = []
    for run_key in _encoded(run_keys):
        state = after_name()
        state.update(run_key)
        digests.append(state.digest())
    return digests


@lru_cache(maxsize=1024)
def _after_name(sensor: str) -> Callable[[], Any]:
    """Return a function that returns the hash that took in the sensor's name: a copy takes half the time of a new one."""
    return blake2s(*_encoded([f"{sensor}\0"]), digest_size=16).copy


def _encoded(texts: Sequence[str]) -> list[bytes]:
    try:
        return list(map(str.encode, texts))
    except UnicodeEncodeError:
        return [text.encode("utf-8", "surrogatepass") for text in texts]


class RunKeyOwners(Protocol):
    """Who owns which run key: what the log is folded into, and what is asked.

    The key of a sensor is owned by the `RunRequested`, or `RunKeyImported`, that first carried it, until a
    `RunKeysReleased` frees it. Keys are handed in as digests (`run_key_digests`), as many as there
    are at once. One thread writes; look-ups come from the same thread.
    """

    @property
    def checkpoint(self) -> int:
        """The offset of the next event to fold in: everything before it is in the index."""

    def owners(self, digests: Sequence[bytes]) -> Sequence[int]:
        """Return, for each key in order, the offset of the owning `RunRequested`, or `NOBODY`."""

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Make each offset the owner of the key in the same place; a key that is owned keeps its owner.

        Of two equal keys the first one's offset counts.
        """

    def release(self, digests: Sequence[bytes]) -> None:
        """Free the keys; a key that nobody owns is passed over."""

    def advance(self, checkpoint: int) -> None:
        """Note that every event before *checkpoint* is in; a smaller one than noted changes nothing."""

    def close(self) -> None:
        """Release what is held, without saving; safe to call twice."""


class RunKeyIndex(RunKeyOwners, Protocol):
    """The owners of all run keys. A projection of the log. Promises: ``tests/contracts/run_key_index.py``."""

    def count(self) -> int:
        """Return how many keys are owned."""

    def digest(self) -> str:
        """Return the `PairSums` of all keys and their owners, as text."""

    def save(self) -> None:
        """Keep what is in the index for the next opening; without it the tail is folded again."""


class PairSums:
    """Sums over (key, owner) pairs, by which two indexes are compared.

    Each pair is mixed into two 64-bit numbers, and these are added up modulo 2**64, so the order does
    not matter and a pair can be taken out again. Equal pairs give equal sums; pairs that differ by
    accident give others but for odds of about 2**-128. They protect from no one who makes pairs up.

    Attributes:
        count: How many pairs there are.
        first, second: The sums.
    """

    __slots__ = ("count", "first", "second")

    def __init__(self, count: int = 0, first: int = 0, second: int = 0) -> None:
        self.count, self.first, self.second = count, first, second

    def add(self, pairs: Iterable[tuple[bytes, int]]) -> PairSums:
        """Add (digest of a key, offset of its owner) pairs."""
        for digest, owner in pairs:
            self.merge(PairSums(1, *_mixed(digest, owner)))
        return self

    def merge(self, other: PairSums) -> PairSums:
        """Add the pairs of other sums."""
        self.count += other.count
        self.first = (self.first + other.first) & _MASK
        self.second = (self.second + other.second) & _MASK
        return self

    def __str__(self) -> str:
        return f"{self.first:016x}{self.second:016x}{self.count:x}"


def _mixed(digest: bytes, owner: int) -> tuple[int, int]:
    """Return the two numbers that stand for a pair; `adapters/run_key_index/sums.py` has them for many."""
    one, two = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
    first = finalized(one ^ finalized(two ^ finalized(owner)))
    return first, finalized(two ^ finalized(one ^ finalized(owner + 1)))


def finalized(number: int) -> int:
    """Return splitmix64 of a 64-bit number: each bit of it changes about half of the result's."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
