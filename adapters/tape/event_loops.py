"""Event loops of `asyncio`: how often a loop looks at the clock, and what threads it has, is no read of the sensor's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from ...core.tape import covered
from .unrecorded import unrecorded


def _loops(module: Any) -> Iterator[tuple[Any, str, Any]]:
    kind = module.BaseEventLoop
    yield kind, "time", unrecorded(kind.time)
    yield kind, "shutdown_default_executor", _shut_down(kind.shutdown_default_executor)


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {"asyncio.base_events": _loops}


def _shut_down(really: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(really)
    async def shutdown_default_executor(*arguments: Any, **named: Any) -> None:
        with covered():
            await really(*arguments, **named)

    return shutdown_default_executor
