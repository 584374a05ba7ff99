"""The engine lock: at most one engine per home on a machine, and who it is."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path

import msgspec

from ..core.errors import TickTrailError
from .identity import user_name

#: How long a second engine tries before it gives up, in seconds: `engine_holder` holds a shared
#: lock for some microseconds, which must not keep an engine from starting.
_PATIENCE = 0.2

_held: set[int] = set()


class EngineHolder(msgspec.Struct, frozen=True, kw_only=True):
    """The process that holds an engine lock.

    Attributes:
        since: When it took the lock; UTC, microseconds since the epoch.
    """

    pid: int
    host: str
    user: str
    since: int

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since / 1e6))
        return f"process {self.pid} of {self.user} on {self.host}, since {since}"


class EngineRunning(TickTrailError):
    """Another engine runs on the home.

    Attributes:
        holder: Who it is; None if it took the lock this very moment and has not said so yet.
    """

    def __init__(self, home: Path, holder: EngineHolder | None) -> None:
        who = "another process" if holder is None else str(holder)
        how = "stop it" if holder is None else f"stop it (kill {holder.pid} on {holder.host})"
        super().__init__(
            f"an engine already runs on the home {home}: {who}; {how}, or choose another home with --home"
        )
        self.home, self.holder = home, holder


class EngineLock:
    """The lock, held; `release` gives it back and is safe to call twice."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        _held.add(fd)

    def release(self) -> None:
        """Let the next engine in."""
        if self._fd in _held:
            _held.discard(self._fd)
            os.close(self._fd)
            self._fd = -1


def hold_engine_lock(home: Path) -> EngineLock:
    """Take the engine lock of *home*.

    Raises:
        EngineRunning: Another process has it.
        OSError: The lock file cannot be written.
    """
    fd = os.open(home / "engine.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _lock(fd, home)
        me = EngineHolder(
            pid=os.getpid(), host=socket.gethostname(), user=user_name(), since=time.time_ns() // 1000
        )
        text = msgspec.json.encode(me)
        os.pwrite(fd, text, 0)
        os.ftruncate(fd, len(text))
    except BaseException:
        os.close(fd)
        raise
    return EngineLock(fd)


def engine_holder(home: Path) -> EngineHolder | None:
    """Return who holds the engine lock of *home*, or None if it is free."""
    try:
        fd = os.open(home / "engine.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    deadline = time.monotonic() + _PATIENCE
    try:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None
            except BlockingIOError:
                # Between locking and writing its name the holder is unknown for some microseconds.
                if (holder := _holder(fd)) is not None:
                    return holder
                time.sleep(0.01)
    finally:
        os.close(fd)
    return None


def _lock(fd: int, home: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EngineRunning(home, _holder(fd)) from None
            time.sleep(0.01)


def _holder(fd: int) -> EngineHolder | None:
    try:
        return msgspec.json.decode(os.pread(fd, 4096, 0), type=EngineHolder)
    except msgspec.DecodeError:
        return None


def _forget_in_child() -> None:
    """Close the inherited copies: a child that outlives a killed engine must not keep its lock."""
    for fd in _held:
        os.close(fd)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)
