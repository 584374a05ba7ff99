"""The manifest of a partition's archive: which segments there are; what it does not name, is not archived."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import msgspec

from ....core.errors import LogUnavailable
from ....core.frames import START, Link

#: Version of the manifest and of the segments; an archive of a greater one is left alone.
FORMAT = 1

#: The name of the file.
NAME = "manifest.json"

#: What tells one manifest from the one that takes its place.
Version = tuple[int, int, int]


class ArchiveUnusable(LogUnavailable):
    """The manifest cannot be read, so that nobody knows where the log begins and ends."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest says of a file of consecutive frames.

    Attributes:
        file: Its name, in the folder of the manifest.
        first_frame: Number of its first frame.
        frames: How many it has.
        first_offset: Offset of its first event.
        events: How many it has.
        chain_before: Checksum of the frame before the first, hexadecimal.
        chain_after: Checksum of the last frame, hexadecimal.
        frame_bytes: Bytes of the frames as they were stored.
        bytes: Size of the file.
        digest: BLAKE2b of the file's index, which has those of its blocks; 16 bytes, hexadecimal.
        archived_at: UTC, microseconds since the epoch.
        archived_by: The operator, such as ``"ann@host"``.
    """

    file: str
    first_frame: int
    frames: int
    first_offset: int
    events: int
    chain_before: str
    chain_after: str
    frame_bytes: int
    bytes: int
    digest: str
    archived_at: int
    archived_by: str

    @property
    def before(self) -> Link:
        """The place before its first frame."""
        checksum = bytes.fromhex(self.chain_before)
        return Link(number=self.first_frame, offset=self.first_offset, checksum=checksum)

    @property
    def after(self) -> Link:
        """The place after its last frame."""
        number, offset = self.first_frame + self.frames, self.first_offset + self.events
        return Link(number=number, offset=offset, checksum=bytes.fromhex(self.chain_after))


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The segments of one partition, in the order of the log, from frame 0 on without a gap."""

    format: int = FORMAT
    partition: str
    segments: tuple[Segment, ...] = ()

    @property
    def end(self) -> Link:
        """The place after the last archived frame."""
        return self.segments[-1].after if self.segments else START


class _Format(msgspec.Struct):
    format: int


def partition_folder(archive: Path, partition: str) -> Path:
    """Return where the segments of *partition* and their manifest are."""
    return archive / quote(partition, safe="").replace(".", "%2E")


def manifest_version(folder: Path) -> Version | None:
    """Return what differs when the manifest in *folder* was replaced; None if there is none.

    Raises:
        ArchiveUnusable: The system does not let us look.
    """
    try:
        state = (folder / NAME).stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(folder / NAME, error) from error
    return state.st_ino, state.st_mtime_ns, state.st_size


def read_manifest(folder: Path, partition: str) -> Manifest:
    """Read the manifest in *folder*; an empty one if there is none.

    Raises:
        ArchiveUnusable: It is damaged, of another partition or of a newer release, or cannot be read.
    """
    file = folder / NAME
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return Manifest(partition=partition)
    except OSError as error:
        raise _unreadable(file, error) from error
    manifest = _decode(file, text)
    if manifest.partition != partition:
        raise ArchiveUnusable(
            f"the archive's {file} is of partition {manifest.partition!r}, not of {partition!r}: "
            "put the right folder there"
        )
    return manifest


def _unreadable(file: Path, error: OSError) -> ArchiveUnusable:
    return ArchiveUnusable(
        f"the archive's {file} cannot be read ({why(error)}): give this user the right to read it and its folder"
    )


def _decode(file: Path, text: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(text, type=_Format).format
        if found > FORMAT:
            raise ArchiveUnusable(
                f"the archive's {file} has format {found}, this release reads up to {FORMAT}: "
                "it was written by a newer ticktrail, upgrade to read it"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
        _check_order(manifest)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ArchiveUnusable(
            f"the archive's {file} is damaged ({error}): put it back from a copy of the home"
        ) from error
    return manifest


def _check_order(manifest: Manifest) -> None:
    place = START
    for segment in manifest.segments:
        if segment.before != place:
            raise ValueError(f"{segment.file} does not follow the segment before it")
        place = segment.after


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step, durable when this returns.

    Raises:
        OSError: It cannot be written; the one before is still there.
    """
    unfinished = folder / f"{NAME}.unfinished"
    with open(unfinished, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, folder / NAME)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names of the files in *folder* durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def why(error: OSError) -> str:
    """Return what the system says, for the middle of a sentence."""
    return (error.strerror or str(error)).lower()
