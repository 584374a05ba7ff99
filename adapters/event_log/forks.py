"""No SQLite connection lives through a fork.

SQLite counts its file locks per process in memory; a forked child inherits the count but not the
locks. If the child then opened the log itself, the parent could take it for unused when closing it
and delete the write-ahead log under the child's feet, with acknowledged appends in it. So whatever
holds connections closes them before a fork and opens new ones after it.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """A holder of connections."""

    def pause(self) -> None:
        """Wait until no connection is in use, close all, and let none be opened until told."""

    def resume(self) -> None:
        """In the parent: connections may be opened again."""

    def abandon(self) -> None:
        """In the child: end the pause, for good; whoever needs connections opens a holder of its own."""


_holders: WeakSet[Forkable] = WeakSet()
_paused: list[Forkable] = []
_forking = Lock()


def pause_at_forks(holder: Forkable) -> None:
    """Call *holder* around every fork of this process, for as long as it lives."""
    with _forking:
        _holders.add(holder)


def _before() -> None:
    _forking.acquire()
    for holder in tuple(_holders):
        holder.pause()
        _paused.append(holder)


def _in_parent() -> None:
    while _paused:
        _paused.pop().resume()
    _forking.release()


def _in_child() -> None:
    while _paused:
        _paused.pop().abandon()
    _forking.release()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
