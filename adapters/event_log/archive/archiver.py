"""Moving frames from the log's storage into the archive: written, read back, compared, and only then deleted.

A crash leaves nothing wrong at any point: a segment counts once the manifest names it, and from then on its
frames may be in the storage as well, until they are compared once more and deleted.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, takewhile
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ....core.errors import DamagedArchive, TickTrailError
from ....core.frames import EncodedFrame, Link, place_frame
from ..recorder import RecorderLog
from .archived_frames import ArchivedFrames
from .manifest import Manifest, Segment, sync_folder, why, write_manifest
from .segment import Placed, SegmentFile, Written, write_segment

#: Bytes of frames in a segment, before compression: what is deleted in one statement, which appends wait for.
SEGMENT = 64 * 1024 * 1024

_SUFFIX, _UNFINISHED = ".frames", ".unfinished"


class NotArchived(TickTrailError):
    """Frames could not be archived; those are in the log's storage as before."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What was moved into the archive, or would be.

    Attributes:
        frame_bytes: Bytes of the frames as they were stored.
        archive_bytes: Size of the segments.
    """

    frames: int = 0
    events: int = 0
    frame_bytes: int = 0
    segments: int = 0
    archive_bytes: int = 0

    def plus(self, segment: Segment) -> Moved:
        """Return this with a segment added."""
        return Moved(
            frames=self.frames + segment.frames,
            events=self.events + segment.events,
            frame_bytes=self.frame_bytes + segment.frame_bytes,
            segments=self.segments + 1,
            archive_bytes=self.archive_bytes + segment.bytes,
        )


class Archiver:
    """Moves the older frames of one log into its archive, while others append and read.

    Args:
        log: The log, opened with the folder of its archive.
        announce: Called before anything is moved: makes releases that know of no archives leave the log alone.
    """

    def __init__(self, log: RecorderLog, announce: Callable[[], None]) -> None:
        folder = log.archived.folder
        if folder is None:
            raise ValueError("the log was opened without an archive")
        self._log, self._folder, self._announce = log, folder, announce

    def plan(self, position: int) -> Moved:
        """Return what `run` would move, without the segments."""
        self._archived.refresh()
        begin, frames, events, size = self._archived.end.offset, 0, 0, 0
        for stored, after in self._sealed(position):
            frames, events, size = frames + 1, after.offset - begin, size + len(stored.state)
        return Moved(frames=frames, events=events, frame_bytes=size)

    def run(self, position: int, *, at: int, by: str) -> Moved:
        """Move all frames whose events are below *position*, but for the newest frame of all.

        Args:
            at: UTC, microseconds since the epoch.
            by: The operator.

        Raises:
            NotArchived: The files cannot be written, another process archives, or what was read back differs.
            CorruptFrame: A frame is damaged or missing; what was moved before stays moved.
            LogUnavailable: The log's storage refused.
        """
        try:
            with self._alone():
                self._begin()
                moved = Moved()
                while (segment := self._move(position, at, by)) is not None:
                    moved = moved.plus(segment)
        except OSError as error:
            raise NotArchived(
                f"the archive {self._folder} cannot be written ({why(error)}), what is not archived stays in the "
                "log's storage: make room, or give this user the right to write there, and archive again"
            ) from error
        self._log.give_back()
        return moved

    @property
    def _archived(self) -> ArchivedFrames:
        return self._log.archived

    def _begin(self) -> None:
        """Clear away and finish what an archiver left that did not come to its end."""
        self._archived.refresh()
        named = {segment.file for segment in self._archived.manifest.segments}
        for file in self._folder.iterdir():
            if file.name.endswith((_SUFFIX, _UNFINISHED)) and file.name not in named:
                file.unlink()
        if not named:
            self._publish(self._archived.manifest)
        self._announce()
        self._delete_archived()

    def _move(self, position: int, at: int, by: str) -> Segment | None:
        """Move the frames of one segment, None if there are none."""
        sealed = self._sealed(position)
        first = next(sealed, None)
        if first is None:
            return None
        place = self._archived.end
        unfinished = self._folder / f"{place.number:020}{_SUFFIX}{_UNFINISHED}"
        try:
            written = write_segment(unfinished, _limited(chain([first], sealed)), place)
            segment = _entry(place, written, at, by)
            self._compare_written(unfinished, segment)
            os.rename(unfinished, self._folder / segment.file)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        manifest = self._archived.manifest
        self._publish(replace(manifest, segments=(*manifest.segments, segment)))
        self._log.delete_frames(segment.after.number)
        return segment

    def _sealed(self, position: int) -> Iterator[Placed]:
        """Yield the frames to archive, each with the place after it."""
        place, held = self._archived.end, None
        for stored in self._log.stored_frames(place.number):
            if held is not None:
                yield held
            place = place_frame(stored, partition=self._log.partition, after=place)[1]
            if place.offset > position:
                return
            held = stored, place

    def _publish(self, manifest: Manifest) -> None:
        write_manifest(self._folder, manifest)
        self._archived.refresh()

    def _compare_written(self, file: Path, segment: Segment) -> None:
        try:
            archived = SegmentFile(file, segment, self._log.partition).frames()
            self._compare(archived, self._log.frames_in_storage(segment.first_frame))
        except DamagedArchive as damage:
            raise NotArchived(
                f"what was written to {file} is not what was read back from it ({damage.what}), and stays in the "
                "log's storage: look at that disk, and archive again"
            ) from damage

    def _delete_archived(self) -> None:
        """Delete what is archived and yet in the storage, after another comparison."""
        end = self._archived.end.number
        stored = takewhile(lambda frame: frame.number < end, self._log.frames_in_storage())
        first = next(stored, None)
        if first is not None:
            self._compare(chain([first], stored), self._archived.frames(first.number))
            self._log.delete_frames(end)

    def _compare(self, frames: Iterable[EncodedFrame], others: Iterator[EncodedFrame]) -> None:
        """Make sure that *others* begins with *frames*, byte for byte."""
        for frame in frames:
            if next(others, None) != frame:
                raise NotArchived(
                    f"frame {frame.number} in {self._folder} is not the one in the log's storage, so it stays in both: "
                    "run `ticktrail verify`, it tells which of them is damaged"
                )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one that archives into this folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _lock(descriptor, self._folder)
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise NotArchived(
            f"another process is archiving into {folder}: wait until it has ended, then try again"
        ) from error


def _limited(frames: Iterable[Placed]) -> Iterator[Placed]:
    """Yield as many of the frames as make a segment."""
    size = 0
    for stored, after in frames:
        yield stored, after
        size += len(stored.state)
        if size >= SEGMENT:
            return


def _entry(before: Link, written: Written, at: int, by: str) -> Segment:
    after = written.after
    return Segment(
        file=f"{before.number:020}-{after.number - 1:020}{_SUFFIX}",
        first_frame=before.number,
        frames=after.number - before.number,
        first_offset=before.offset,
        events=after.offset - before.offset,
        chain_before=before.checksum.hex(),
        chain_after=after.checksum.hex(),
        frame_bytes=written.frame_bytes,
        bytes=written.bytes,
        digest=written.digest,
        archived_at=at,
        archived_by=by,
    )
