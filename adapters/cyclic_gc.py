"""When Python looks for reference cycles: rarely where millions of events are, which have none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Allocations between two looks at the young values, and how many of those come before a look at the older ones.
_THRESHOLDS = (50_000, 20, 20)


def collect_rarely() -> None:
    """Look for cycles less often than is usual, and never again among what there is now.

    A large tick makes many values at once, and none of them in cycles.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


@contextmanager
def without_cyclic_gc() -> Iterator[None]:
    """Look for no cycles during the block."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
