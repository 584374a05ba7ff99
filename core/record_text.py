"""The text of a log record, whatever the user put into it."""

from __future__ import annotations

import logging

from .plain_data import storable_text

_FORMATTER = logging.Formatter()


def record_text(record: logging.LogRecord) -> str:
    """Return the message with the traceback it may carry; never raises, what is not text is escaped."""
    try:
        return storable_text(_FORMATTER.format(record))
    except Exception as error:  # noqa: BLE001 - wrong %-arguments, or a value whose str() raises anything
        return storable_text(
            f"{_shown(record.msg)} (arguments {_shown(record.args)} do not fit: {type(error).__name__})"
        )


def _shown(value: object) -> str:
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001 - the user's __repr__ may raise anything
        return object.__repr__(value)
