"""What can be wrong with a history, and with what is asked of it."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import TickTrailError


class HistoryError(TickTrailError):
    """The history cannot be used as it is."""


class HistoryDamaged(HistoryError):
    """A segment is missing or not what was sealed.

    Attributes:
        path: The file or folder.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"the history is damaged, {path} {what}: the log is not touched by that, "
            "run `ticktrail rebuild` to make the history anew from it"
        )
        self.path = path


class HistoryQueryError(TickTrailError):
    """The question cannot be answered: it is no SQL, or asks for what there is not."""
