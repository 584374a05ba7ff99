"""Lines of source code, which tracebacks show: to read them is no read of the sensor's, and they are kept in memory."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from typing import Any

from .unrecorded import unrecorded


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    for name in ("updatecache", "checkcache"):
        yield linecache, name, unrecorded(getattr(linecache, name))
