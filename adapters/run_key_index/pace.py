"""When segments of the main table are split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .layout import SLOTS

if TYPE_CHECKING:
    from .main_table import MainTable

#: The part of the slots that is in use when a round of splits begins, and when it is complete at the latest.
_BEGIN, _COMPLETE = 0.4, 0.8


def used_before_split(table: MainTable) -> float:
    """Return how many slots may be in use before the next segment of this round is split."""
    return SLOTS * (_BEGIN * (1 << table.level) + (_COMPLETE - _BEGIN) * table.split)
