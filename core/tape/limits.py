"""How much a tape may have."""

from __future__ import annotations

import msgspec


class TapeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that reads may take on a tape, encoded; what is more is not recorded, and named.

    Attributes:
        read: One read.
        tick: All reads of a tick.
    """

    read: int = 1 << 20
    tick: int = 1 << 24
