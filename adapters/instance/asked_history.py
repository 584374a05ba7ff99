"""The tick history of an instance, opened when it is first asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.authoring.errors import CheckError
from ...core.log import EventLog

if TYPE_CHECKING:
    from ..history.database import History


class AskedHistory:
    """Opens the history of a log, as it is or as it was.

    Attributes:
        folder: Where its segments are, None if it has none.
    """

    def __init__(self, log: EventLog, now: Callable[[], int], folder: Path | None = None) -> None:
        self.folder = folder
        self._log, self._now = log, now
        self._past: tuple[int, int] | None = None
        self._opened: History | None = None

    def as_of(self, position: int, moment: int) -> AskedHistory:
        """Return the same as it was at a position, which was reached at a moment."""
        past = AskedHistory(self._log, self._now, self.folder)
        past._past = position, moment
        return past

    def history(self) -> History:
        """Return the history.

        Raises:
            CheckError: The extra is not installed.
            HistoryError: It cannot be read.
        """
        if self._opened is None:
            try:
                from ..history.database import History, PastMoment
            except ModuleNotFoundError as error:
                raise CheckError(
                    f"the tick history needs {error.name}: install the extra, `pip install 'ticktrail[history]'`"
                ) from error
            past = None if self._past is None else PastMoment(*self._past)
            self._opened = History(self.folder, self._log, now=self._now, as_of=past)
        return self._opened

    def close(self) -> None:
        """Close it if it was opened; safe to call twice."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
