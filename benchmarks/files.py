"""Files of a benchmark: their bytes on disk, and how to get them out of the system's cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def disk_bytes(place: Path) -> int:
    """Return the bytes that a file, or all files below a folder, take on the disk: holes take none."""
    return sum(file.stat().st_blocks * 512 for file in _files(place))


def make_cold(place: Path) -> None:
    """Write a file, or all files below a folder, to the disk and drop them from the system's cache.

    No process may have them open or mapped: pages in use stay.
    """
    for file in _files(place):
        descriptor = os.open(file, os.O_RDWR)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (file for file in place.rglob("*") if file.is_file())
    elif place.exists():
        yield place
