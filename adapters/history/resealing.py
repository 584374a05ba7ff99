"""Making the history anew from the log alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from ...core.log import EventLog
from .errors import HistoryError
from .sealing import sealing


def reseal(folder: Path, log: EventLog) -> int:
    """Drop all segments, seal the log anew, and return the offset up to which it is sealed.

    Raises:
        HistoryError: Another process seals, or the disk is full; what is not sealed then is at the next question.
    """
    with sealing(folder, log) as sealer:
        if sealer is None:
            raise HistoryError(
                f"the history in {folder} is being sealed by another process, or cannot be written: try again"
            )
        shutil.rmtree(folder / "segments")
        (folder / "segments").mkdir()
        return sealer.seal()
