"""How much is measured: a smoke test, the short form of ten minutes, or all."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Scale(Enum):
    """One of three sizes of all benchmarks."""

    TINY = "tiny"
    SHORT = "short"
    FULL = "full"

    def pick(self, tiny: T, short: T, full: T) -> T:
        """Return the value of this scale."""
        return {Scale.TINY: tiny, Scale.SHORT: short, Scale.FULL: full}[self]
