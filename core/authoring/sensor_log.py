"""``context.log``: a logger that keeps its lines with the tick."""

from __future__ import annotations

import logging

from ..record_text import record_text

#: When (UTC, microseconds since the epoch), level, text.
LogLine = tuple[int, str, str]


class SensorLogger(logging.Logger):
    """A logger of one evaluation, unknown to `logging.getLogger`, that appends to a list.

    Handlers that the user adds get the records as well. Writing a line never raises: what cannot be
    formatted is kept unformatted, what is not valid text is escaped.
    """

    def __init__(self, name: str, lines: list[LogLine]) -> None:
        super().__init__(name, logging.DEBUG)
        self._lines = lines

    def callHandlers(self, record: logging.LogRecord) -> None:
        """Keep the record, then do what a logger does."""
        line = (round(record.created * 1e6), record.levelname, record_text(record))
        self._lines.append(line)
        if self.handlers:
            super().callHandlers(record)
