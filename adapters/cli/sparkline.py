"""Counts over time as one line of text."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = " ▁▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int], most: int | None = None) -> str:
    """Return a bar for each count; what is there at all is seen.

    Args:
        most: The count of a whole bar, the greatest of *counts* without it.
    """
    most = max(max(counts, default=0) if most is None else most, 1)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)


def summed(counts: Sequence[int], length: int) -> list[int]:
    """Return the counts as *length* sums, each of as many neighbours."""
    size = -(-len(counts) // length)
    return [sum(counts[start : start + size]) for start in range(0, len(counts), size)]
