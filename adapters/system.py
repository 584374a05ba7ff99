"""The system's clock, chance and environment, and ids that nobody else has."""

from __future__ import annotations

import os
import random
import time
import uuid


class SystemClock:
    """The port `Clock` on the clock of this machine."""

    def now(self) -> int:
        """Return the calendar time: UTC, microseconds since the epoch."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes backwards."""
        return time.monotonic()


def new_run_id() -> str:
    """Return a new, random id."""
    return str(uuid.uuid4())


def new_run_ids(count: int) -> list[str]:
    """Return new ids: the first is random, the others count on from it in their first eight digits."""
    first, _, rest = new_run_id().partition("-")
    number, skipped = divmod(int(first, 16), 16)
    # Sixteen at a time, since to write a number takes longer than to join two texts.
    heads = [f"{head & 0xFFFFFFF:07x}" for head in range(number, number + (skipped + count) // 16 + 1)]
    tails = [f"{digit}-{rest}" for digit in "0123456789abcdef"]
    return [head + tail for head in heads for tail in tails][skipped : skipped + count]


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def chance() -> float:
    """Return a random number from 0 up to 1."""
    return random.random()


def environment(name: str) -> str | None:
    """Return what the environment variable holds, None if it is not set."""
    return os.environ.get(name)
