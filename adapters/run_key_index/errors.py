"""Why a mapped run-key index cannot be used, for people."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import TickTrailError


class RunKeyIndexUnavailable(TickTrailError):
    """The index's file cannot be opened, or was written by a newer release; it is left as it is."""

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"the index of run keys {path} cannot be used: {why}; {remedy}")
        self.path = path


class RunKeyIndexNoRoom(RunKeyIndexUnavailable):
    """The disk has no room for a new index, or the process may not write so much."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why, "make room on its disk")


class RunKeyIndexFull(TickTrailError):
    """There is no slot left, and no room on the disk for more; nothing of the batch was taken in."""

    def __init__(self, path: Path, count: int, why: str) -> None:
        super().__init__(
            f"the index of run keys {path} is full with {count} keys and cannot be made longer ({why}): "
            "make room on its disk and start again; nothing is lost, the log has every key"
        )
        self.path = path


class RunKeyIndexDamaged(TickTrailError):
    """The index's file was changed by others, or by its disk."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the index of run keys {path} is damaged: {why}; "
            "run `ticktrail rebuild`, nothing is lost, the log has every key"
        )
        self.path = path


class RunKeyIndexBusy(TickTrailError):
    """The engine changed the index all the time while it was read."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the index of run keys {path} is being changed all the time: try again when the engine has less to do"
        )
        self.path = path
