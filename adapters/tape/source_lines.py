"""Lines of source code, which tracebacks show: to read them is no read of the sensor's, and they are kept in memory."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from ...core.tape import covered


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    for name in ("updatecache", "checkcache"):
        yield linecache, name, _unrecorded(getattr(linecache, name))


def _unrecorded(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def function(*arguments: Any, **named: Any) -> Any:
        with covered():
            return original(*arguments, **named)

    return function
