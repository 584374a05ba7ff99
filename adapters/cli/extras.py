"""What needs more than the core install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .text import UsageError


@contextmanager
def needing_history() -> Iterator[None]:
    """Say what to install when an import of the block is not there.

    Raises:
        UsageError: It is not.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the tick history needs {error.name}: install the extra, `pip install 'ticktrail[history]'`"
        ) from error
