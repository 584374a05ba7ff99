"""``context.log`` of a step: a logger whose lines become events."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..record_text import record_text

#: Takes level and text of a line.
Write = Callable[[str, str], None]


class StepLogger(logging.Logger):
    """A logger of one step, unknown to `logging.getLogger`; handlers that the user adds are called too."""

    def __init__(self, name: str, write: Write) -> None:
        super().__init__(name, logging.DEBUG)
        self._write = write

    def callHandlers(self, record: logging.LogRecord) -> None:
        """Write the record, then do what a logger does."""
        self._write(record.levelname, record_text(record))
        if self.handlers:
            super().callHandlers(record)
