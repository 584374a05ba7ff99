"""The log of a home, for the length of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...core.log import EventLog
from ..home import Home


@contextmanager
def opened(home: Home) -> Iterator[EventLog]:
    """Open the home's log for the length of the block."""
    log = home.log()
    try:
        yield log
    finally:
        log.close()
