"""Threads that a sensor starts: which of them reads first is chance that no tape has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from ...core.tape import NotOnTape, Player, covered, reading

_start = threading.Thread.start


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    yield threading.Thread, "start", start


def start(thread: threading.Thread) -> None:
    """Do as `threading.Thread.start`."""
    current = reading()
    if current is None:
        return _start(thread)
    current.miss(f"thread {thread.name}: what it reads is not recorded")
    if isinstance(current, Player):
        # It would be under no tape, so nothing that it does could be refused.
        raise NotOnTape(f"thread {thread.name}: none is started while a tape is played")
    with covered():
        _start(thread)
