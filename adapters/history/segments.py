"""Segments: folders with the rows of a range of the log, one Parquet file for each relation.

::

    history/
        sealing.lock                        locked by the process that seals
        segments/
            000000000000000-000000001048576/
                segment.json                the range, and rows, size and digest of each file
                ticks.parquet
                ...

A segment comes into being when its folder gets its name, whole. Segments that were merged into a wider
one stay for `GRACE` seconds, for those who read them; the widest one that begins where another ends
counts. So the folders' names are the manifest, and no file of it can be half-written.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec

from ...projections.history.schema import SCHEMA_VERSION
from .errors import HistoryDamaged, HistoryError

#: Seconds for which a segment stays after it was merged into a wider one.
GRACE = 60.0

_MANIFEST = "segment.json"


class SegmentFile(msgspec.Struct, frozen=True):
    """What was sealed in one file.

    Attributes:
        rows: How many rows it has.
        bytes: Its size.
        digest: BLAKE2b of its bytes, 16 bytes in hexadecimal.
    """

    rows: int
    bytes: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment says of itself.

    Attributes:
        schema: Version of the relations.
        start: Offset of its first event.
        stop: Offset of the event that would follow.
        mark: Tells the log up to *stop* from other logs.
        files: By name of the relation.
    """

    schema: int
    start: int
    stop: int
    mark: str
    files: dict[str, SegmentFile]


class Segment:
    """A sealed segment.

    Attributes:
        path: Its folder.
        start: Offset of its first event.
        stop: Offset of the event that would follow.
    """

    def __init__(self, path: Path, start: int, stop: int) -> None:
        self.path, self.start, self.stop = path, start, stop

    def file(self, relation: str) -> Path:
        """Return where the rows of a relation are."""
        return self.path / f"{relation}.parquet"

    def manifest(self) -> Manifest:
        """Return what it says of itself.

        Raises:
            HistoryDamaged: It says nothing that can be read.
            HistoryError: It was sealed by a newer release.
        """
        try:
            text = (self.path / _MANIFEST).read_bytes()
            manifest = msgspec.json.decode(text, type=Manifest)
        except (OSError, msgspec.DecodeError) as error:
            raise HistoryDamaged(self.path / _MANIFEST, f"cannot be read ({error})") from error
        if manifest.schema != SCHEMA_VERSION:
            raise HistoryError(
                f"the history segment {self.path} has schema {manifest.schema}, this release knows {SCHEMA_VERSION}: "
                "run `ticktrail rebuild` to make the history anew, or use the release that sealed it"
            )
        return manifest

    def verify(self) -> None:
        """Compare every file with what was sealed.

        Raises:
            HistoryDamaged: One is missing or was changed.
        """
        for relation, sealed in self.manifest().files.items():
            path = self.file(relation)
            if not path.exists():
                raise HistoryDamaged(path, "is missing")
            if described(path, sealed.rows) != sealed:
                raise HistoryDamaged(path, "is not what was sealed")


def described(path: Path, rows: int) -> SegmentFile:
    """Return what a manifest says of a file."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return SegmentFile(rows, path.stat().st_size, digest.hexdigest())


def chained(folder: Path) -> list[Segment]:
    """Return the segments that count, from offset 0 on, each beginning where the one before ends.

    Raises:
        HistoryDamaged: One is missing.
    """
    widest = dict[int, Segment]()
    for segment in _all(folder):
        if segment.start not in widest or segment.stop > widest[segment.start].stop:
            widest[segment.start] = segment
    chain: list[Segment] = []
    stop = 0
    while stop in widest:
        chain.append(widest[stop])
        stop = chain[-1].stop
    later = [segment for segment in widest.values() if segment.start > stop]
    if later:
        missing = folder / _name(stop, min(segment.start for segment in later))
        raise HistoryDamaged(missing, "is missing, later segments are there")
    return chain


def publish(scratch: Path, folder: Path, manifest: Manifest) -> Segment:
    """Give the files in *scratch* their manifest and their name, durably.

    Raises:
        OSError: They cannot be written.
    """
    (scratch / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    for path in [*scratch.iterdir(), scratch]:
        synced(path)
    target = folder / _name(manifest.start, manifest.stop)
    # One that lost its manifest on the way out, or was left over by a release with another schema.
    shutil.rmtree(target, ignore_errors=True)
    os.rename(scratch, target)
    synced(folder)
    return Segment(target, manifest.start, manifest.stop)


def remove_merged(folder: Path, chain: Sequence[Segment], *, grace: float = GRACE) -> None:
    """Remove the segments that are no longer of the chain, once their readers have had time."""
    counting = {segment.path for segment in chain}
    for segment in _all(folder):
        if segment.path not in counting and time.time() - segment.path.stat().st_mtime > grace:
            # First what makes it a segment, so that a crash leaves none that lacks a file.
            (segment.path / _MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(segment.path, ignore_errors=True)


def sizes(chain: Sequence[Segment]) -> Mapping[str, tuple[int, int]]:
    """Return rows and bytes of each relation, over all segments."""
    total = dict[str, tuple[int, int]]()
    for segment in chain:
        for name, file in segment.manifest().files.items():
            rows, size = total.get(name, (0, 0))
            total[name] = rows + file.rows, size + file.bytes
    return total


def _all(folder: Path) -> list[Segment]:
    found = list[Segment]()
    for path in folder.iterdir() if folder.is_dir() else ():
        start, _, stop = path.name.partition("-")
        if start.isdecimal() and stop.isdecimal() and (path / _MANIFEST).exists():
            found.append(Segment(path, int(start), int(stop)))
    return found


def _name(start: int, stop: int) -> str:
    return f"{start:015}-{stop:015}"


def synced(path: Path) -> None:
    """Have what was written to a file or a folder on the disk.

    Raises:
        OSError: It cannot be written.
    """
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
