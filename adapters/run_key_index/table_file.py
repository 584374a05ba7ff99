"""The file under a mapped run-key index: opened, locked, made longer, mapped."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import time
from pathlib import Path

from .layout import HEADER_SIZE, file_size

#: How long a writer tries to get the lock, in seconds: a reader that looks whether there is a writer
#: holds it for some microseconds.
_PATIENCE = 0.2

#: By how many segments at least, and by which part of it, the file is made longer.
_LEAST, _PART = 16, 8

_locks: set[int] = set()


class TableFile:
    """An open file that is mapped into memory.

    Args:
        path: The file.
        write: Lock it for the one writer, and make it if it is not there. Otherwise it is only read.

    Raises:
        OSError: It cannot be opened; a `BlockingIOError` if another writer has it.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path, self._write = path, write
        self._lock = _locked(path) if write else None
        # Not the descriptor with the lock: a map keeps a copy of its own, and forked children inherit that.
        try:
            self._fd = os.open(path, (os.O_RDWR if write else os.O_RDONLY) | os.O_CLOEXEC)
        except BaseException:
            self._unlock()
            raise

    @property
    def size(self) -> int:
        """The size in bytes, asking the system."""
        return os.fstat(self._fd).st_size

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode, which a copy does not have in common with it."""
        status = os.fstat(self._fd)
        return status.st_dev, status.st_ino & (2**64 - 1)

    def map(self) -> mmap.mmap:
        """Map the whole file, which is not empty."""
        mapped = mmap.mmap(self._fd, 0, access=mmap.ACCESS_WRITE if self._write else mmap.ACCESS_READ)
        # Pages in large groups would be written back as groups, for one key each; and growth would halt now and then.
        mapped.madvise(mmap.MADV_RANDOM)
        return mapped

    def write(self, offset: int, content: memoryview[int]) -> None:
        """Write to a part of the file that there is."""
        left = content.cast("B")
        while left:
            written = os.pwrite(self._fd, left, offset)
            offset, left = offset + written, left[written:]

    def reserve(self) -> None:
        """Make a new file the size of a table of one segment, all zeros."""
        _reserve(self._fd, 0, file_size(1, direct=1))

    def extend(self, segments: int, direct: int) -> None:
        """Make room for another segment and some more, now rather than when it is written to.

        Args:
            segments: How many the main table has now.
            direct: The header's.

        Raises:
            OSError: There is no room on the disk; the file is as it was.
        """
        size = file_size(segments, direct)
        longer = file_size(segments + max(_LEAST, segments // _PART), direct)
        try:
            _reserve(self._fd, size, longer - size)
        except OSError:
            # Less than wished for may still fit; what was reserved in vain is given back.
            os.ftruncate(self._fd, size)
            _reserve(self._fd, size, file_size(segments + 1, direct) - size)

    def has_writer(self) -> bool:
        """Return whether a process has the file open for writing."""
        try:
            lock = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(lock)

    def close(self) -> None:
        """Close and unlock it; maps stay until they are closed. Safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._unlock()

    def _unlock(self) -> None:
        if self._lock in _locks:
            _locks.discard(self._lock)
            os.close(self._lock)
        self._lock = None


def _locked(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + _PATIENCE
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
    except BaseException:
        os.close(fd)
        raise
    _locks.add(fd)
    return fd


def _reserve(fd: int, offset: int, length: int) -> None:
    """Make the file longer by bytes that the disk has room for: writing to them later cannot fail."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, offset, length)
    else:
        write_zeros(fd, offset, length)


def write_zeros(fd: int, offset: int, length: int) -> None:
    """Do as ``posix_fallocate`` where the system has none."""
    zeros = bytes(min(length, 256 * HEADER_SIZE))
    while length:
        written = os.pwrite(fd, zeros[:length], offset)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        offset, length = offset + written, length - written


def _forget_in_child() -> None:
    """Close the inherited locks: a child that outlives a killed engine must not keep its index locked."""
    for fd in _locks:
        os.close(fd)
    _locks.clear()


os.register_at_fork(after_in_child=_forget_in_child)
