"""The run keys that all sides get: file names, some seen before. Needs the standard library only."""

from __future__ import annotations

import random
from collections.abc import Iterator


def run_key(number: int) -> str:
    """Return the key of that number, as a sensor over a bucket would give it."""
    return f"exports/2026/part-{number:010d}.parquet"


class KeyStream:
    """Batches of keys; the same ones for the same calls.

    Attributes:
        held: How many different keys were given so far.
    """

    def __init__(self, held: int = 0, seed: int = 7) -> None:
        self.held = held
        self._random = random.Random(seed)

    def new(self, count: int) -> list[str]:
        """Return keys that were not given before."""
        first, self.held = self.held, self.held + count
        return [run_key(number) for number in range(first, self.held)]

    def mixed(self, count: int, repeats: float) -> tuple[list[str], int]:
        """Return keys of which a share was given before, in random order, and how many are new."""
        old = round(count * repeats) if count > 1 else int(self._random.random() < repeats)
        seen = [run_key(self._random.randrange(self.held)) for _ in range(old)] if old else []
        keys = seen + self.new(count - old)
        self._random.shuffle(keys)
        return keys, count - old

    def fill(self, count: int, batch: int = 10_000) -> Iterator[list[str]]:
        """Yield new keys up to *count* in batches."""
        for first in range(0, count, batch):
            yield self.new(min(batch, count - first))
