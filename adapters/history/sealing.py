"""Sealing: the log's tail becomes segments, and small segments become larger ones."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import duckdb

from ...core.event_columns import IN_COLUMNS
from ...core.log import EventLog
from ...projections.history.schema import SCHEMA_VERSION, Relation
from ...projections.history.stored import CARRIED, SEALED
from ..progress import read_with_progress
from ..run_key_index.marks import mark_of
from ..scratch_folder import ScratchFolder
from .connection import connect, limit_memory
from .derivation import Derivation
from .errors import HistoryError
from .event_tables import EventTables
from .parquet import files, save
from .segments import Manifest, Segment, SegmentFile, chained, described, publish, remove_merged

#: From how many events on the log's tail is sealed.
SEGMENT_EVENTS = 65_536

#: How many segments of one size are merged into one of the next.
FAN_IN = 8

#: Segments so many times as large as the smallest are merged no further.
LARGEST = FAN_IN**2


class Sealer:
    """The one process that seals a history; see `sealing`."""

    def __init__(self, folder: Path, log: EventLog, segment_events: int) -> None:
        self._folder, self._log, self._ripe = folder / "segments", log, segment_events
        self._scratch = folder

    def seal(self) -> int:
        """Seal what is ripe of the log's tail, merge, and return the offset up to which it is sealed.

        Raises:
            HistoryDamaged: A segment is missing or cannot be read.
            HistoryError: The disk is full, or the history is another log's.
            CorruptFrame, UnknownSchema, LogUnavailable: As the log does.
        """
        chain = chained(self._folder)
        remove_merged(self._folder, chain)
        start = chain[-1].stop if chain else 0
        if self._log.head() - start < self._ripe:
            return start
        with closing(connect()) as database:
            derivation = Derivation(database)
            if chain:
                derivation.resume({relation.name: chain[-1].file(relation.name) for relation in CARRIED})
            for stop, events in self._ranges(start):
                derivation.derive(events)
                with refused_by_disk(self._folder):
                    chain.append(self._sealed(derivation, start, stop))
                    self._merge(chain)
                start = stop
        return start

    def _ranges(self, start: int) -> Iterator[tuple[int, EventTables]]:
        """Yield the events of the ranges to seal, each with its end; the rest of the tail is left."""
        head, events = self._log.head(), EventTables()
        for frame in read_with_progress(
            self._log, start, head, doing="sealing the history", wanted=IN_COLUMNS
        ):
            events.add(frame)
            ripe = self._ripe * (1 if head - start < FAN_IN * self._ripe else FAN_IN)
            if events.count >= ripe:
                start = frame.next_offset
                yield start, events
                events = EventTables()
        if events.count >= self._ripe:
            yield head, events

    def _sealed(self, derivation: Derivation, start: int, stop: int) -> Segment:
        mark = mark_of(self._log, stop)
        if mark is None:
            raise HistoryError(f"the log ends before offset {stop}: it was cut while its history was sealed")
        with scratch(self._scratch) as folder:
            sealed = {}
            for relation in SEALED:
                path = folder / f"{relation.name}.parquet"
                sealed[relation.name] = described(path, derivation.save(relation, path))
            manifest = Manifest(schema=SCHEMA_VERSION, start=start, stop=stop, mark=mark.hex(), files=sealed)
            return publish(folder, self._folder, manifest)

    def _merge(self, chain: list[Segment]) -> None:
        """Merge the last segments as long as there are enough of one size."""
        while (count := _of_one_size(chain, self._ripe)) > 1:
            chain[-count:] = [self._merged(chain[-count:])]
            remove_merged(self._folder, chain)

    def _merged(self, parts: Sequence[Segment]) -> Segment:
        with scratch(self._scratch) as folder, closing_database(folder) as database:
            merged = {
                relation.name: self._merged_file(database, relation, parts, folder) for relation in SEALED
            }
            manifest = Manifest(
                schema=SCHEMA_VERSION,
                start=parts[0].start,
                stop=parts[-1].stop,
                mark=parts[-1].manifest().mark,
                files=merged,
            )
            return publish(folder, self._folder, manifest)

    def _merged_file(
        self, database: duckdb.DuckDBPyConnection, relation: Relation, parts: Sequence[Segment], folder: Path
    ) -> SegmentFile:
        # What was carried behind the last one is what is carried behind them all.
        of = parts[-1:] if relation in CARRIED else parts
        path = folder / f"{relation.name}.parquet"
        rows = save(database, f"FROM {files(part.file(relation.name) for part in of)}", relation, path)
        return described(path, rows)


def _of_one_size(chain: Sequence[Segment], ripe: int) -> int:
    """Return how many of the last segments are to be merged."""
    size = ripe * FAN_IN
    while size <= ripe * LARGEST:
        small = 0
        for segment in reversed(chain):
            if segment.stop - segment.start >= size:
                break
            small += 1
        if small >= FAN_IN:
            return small
        size *= FAN_IN
    return 0


@contextmanager
def sealing(folder: Path, log: EventLog, segment_events: int = SEGMENT_EVENTS) -> Iterator[Sealer | None]:
    """Be the one process that seals for the length of the block; None if another one is, or if it must not write.

    Args:
        segment_events: From how many events on the tail is sealed.
    """
    try:
        (folder / "segments").mkdir(parents=True, exist_ok=True)
        fd = os.open(folder / "sealing.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise _not_written(folder, error) from error
        yield None
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield Sealer(folder, log, segment_events)
    finally:
        os.close(fd)


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """Have every segment stay for the length of the block: wait for who seals, and let nobody begin.

    Who may not open the lock cannot keep anybody from it.
    """
    with ExitStack() as held:
        # Without the file, nothing was ever sealed.
        with suppress(FileNotFoundError, PermissionError):
            fd = os.open(folder / "sealing.lock", os.O_RDONLY | os.O_CLOEXEC)
            held.callback(os.close, fd)
            fcntl.flock(fd, fcntl.LOCK_SH)
        yield


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Make a folder for files that become a segment, or else are removed."""
    folder = ScratchFolder(parent)
    inner = folder.path / "segment"
    inner.mkdir()
    try:
        yield inner
    finally:
        folder.remove()


@contextmanager
def closing_database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that merges files, and spills into *folder*'s parent."""
    database = connect()
    try:
        limit_memory(database, folder.parent / "spilled")
        yield database
    finally:
        database.close()


@contextmanager
def refused_by_disk(folder: Path) -> Iterator[None]:
    """Say what is wrong with the disk in the place of what DuckDB or the system says."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        raise _not_written(folder, error) from error


def _not_written(folder: Path, error: Exception) -> HistoryError:
    why = " ".join(str(error).split())
    return HistoryError(
        f"the history in {folder} cannot be written ({why}): what was sealed before is whole; "
        "make room or make it writable, and try again"
    )
