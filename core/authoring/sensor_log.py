"""``context.log``: a logger that keeps its lines with the tick."""

from __future__ import annotations

import logging

from ..plain_data import storable_text

#: When (UTC, microseconds since the epoch), level, text.
LogLine = tuple[int, str, str]

_FORMATTER = logging.Formatter()


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
        line = (round(record.created * 1e6), record.levelname, storable_text(_message(record)))
        self._lines.append(line)
        if self.handlers:
            super().callHandlers(record)


def _message(record: logging.LogRecord) -> str:
    try:
        return _FORMATTER.format(record)
    except Exception as error:  # noqa: BLE001
        # Wrong %-arguments, or a value whose str() raises: the user's slip must not cost the tick.
        return f"{_shown(record.msg)} (arguments {_shown(record.args)} do not fit: {type(error).__name__})"


def _shown(value: object) -> str:
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001
        return object.__repr__(value)
