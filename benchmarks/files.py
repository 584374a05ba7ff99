"""Files of a benchmark: their bytes on disk, and how to get them out of the system's cache."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from pathlib import Path


class StillCached(Exception):
    """Files are in the cache that were to be dropped from it."""


def disk_bytes(place: Path) -> int:
    """Return the bytes that a file, or all that is below a folder, takes on the disk: holes take none."""
    below = [*place.rglob("*")] if place.is_dir() else [place]
    return sum(path.stat().st_blocks * 512 for path in below)


def make_cold(place: Path) -> None:
    """Write a file, or all files below a folder, to the disk and drop them from the system's cache.

    No process may have them mapped: pages in use stay.

    Raises:
        StillCached: The system did not drop them, as it does not on a file system in memory.
    """
    for file in _files(place):
        descriptor = os.open(file, os.O_RDWR)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            if (share := _cached(descriptor, file.stat().st_size)) > 0.05:
                raise StillCached(f"{share:.0%} of {file} are still in the system's cache")
        finally:
            os.close(descriptor)


def _cached(descriptor: int, size: int) -> float:
    """Return which share of a file's pages is in the system's cache; to read some would bring others in."""
    if not size:
        return 0.0
    libc = ctypes.CDLL(None, use_errno=True)
    with mmap.mmap(descriptor, size) as mapped:
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        begin = ctypes.c_char.from_buffer(mapped)
        if libc.mincore(ctypes.c_void_p(ctypes.addressof(begin)), ctypes.c_size_t(size), pages):
            raise OSError(ctypes.get_errno(), "mincore")
        del begin
        return sum(page & 1 for page in pages) / len(pages)


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (file for file in place.rglob("*") if file.is_file())
    elif place.exists():
        yield place
