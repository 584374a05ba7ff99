"""The archived frames of a partition, for readers of the log."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from ....core.frames import EncodedFrame, Link
from .manifest import Manifest, Segment, Version, manifest_version, partition_folder, read_manifest
from .segment import SegmentFile


class ArchivedFrames:
    """What is archived of a partition, as far as it was there at the last `refresh`.

    Safe to use from several threads.

    Args:
        archive: The folder of all partitions' archives, which need not exist; None if there is none.
        partition: The partition.

    Raises:
        ArchiveUnusable: The manifest cannot be read.
    """

    def __init__(self, archive: Path | None, partition: str) -> None:
        self.folder = None if archive is None else partition_folder(archive, partition)
        self._partition = partition
        self._version: Version | None = None
        self._manifest = Manifest(partition=partition)
        self._opened: SegmentFile | None = None
        self.refresh()

    @property
    def exists(self) -> bool:
        """Whether there is a manifest, be it an empty one."""
        return self._version is not None

    @property
    def manifest(self) -> Manifest:
        """The segments."""
        return self._manifest

    @property
    def end(self) -> Link:
        """The place after the last archived frame."""
        return self._manifest.end

    def refresh(self) -> None:
        """Take notice of what others have archived; costs a look at one file's state.

        Raises:
            ArchiveUnusable: The manifest cannot be read.
        """
        if self.folder is None:
            return
        version = manifest_version(self.folder)
        if version != self._version:
            self._manifest = read_manifest(self.folder, self._partition)
            self._version = version

    def place(self, offset: int) -> Link | None:
        """Return a place from which to read on to an archived offset, None if it is not archived.

        Raises:
            DamagedArchive: Its segment cannot be read.
        """
        if offset >= self.end.offset:
            return None
        segments = self._manifest.segments
        segment = segments[bisect_right(segments, offset, key=lambda each: each.first_offset) - 1]
        return self._open(segment).place(offset)

    def frames_from(self, number: int) -> list[EncodedFrame]:
        """Return frame *number* and some that follow it; none if it is not archived.

        Raises:
            DamagedArchive: They cannot be read.
        """
        if number >= self.end.number:
            return []
        segments = self._manifest.segments
        segment = segments[bisect_right(segments, number, key=lambda each: each.first_frame) - 1]
        return self._open(segment).frames_from(number)

    def frames(self, number: int) -> Iterator[EncodedFrame]:
        """Yield the archived frames from *number* on.

        Raises:
            DamagedArchive: They cannot be read.
        """
        while page := self.frames_from(number):
            yield from page
            number = page[-1].number + 1

    def _open(self, segment: Segment) -> SegmentFile:
        """Return the file of *segment*; the one that was used last is kept."""
        opened = self._opened
        if opened is None or opened.segment != segment:
            assert self.folder is not None, "what has segments has a folder"
            opened = self._opened = SegmentFile(self.folder / segment.file, segment, self._partition)
        return opened
