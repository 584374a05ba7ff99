"""Reading a mapped run-key index that another process writes to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from ...core.log import EventLog
from .errors import RunKeyIndexBusy, RunKeyIndexDamaged, RunKeyIndexUnavailable
from .layout import CLEAN, VERSION, Header, NewerVersion, Unusable, file_size
from .mapping import Mapping
from .opening import check_usable
from .table_file import TableFile
from .tables import Tables

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: How long is tried to read between two changes, in seconds, and how long between two tries.
_PATIENCE, _PAUSE = 10.0, 0.0005


def copy_index(path: Path, log: EventLog, copy: Path) -> None:
    """Copy the index at *path* as it is at one moment, whoever writes to it, unless there is none to go on with."""
    try:
        reader = RunKeyIndexReader(path, log)
    except FileNotFoundError:
        return
    except Unusable as error:
        logger.warning("run keys are read from the log, %s cannot be used: %s", path, error)
        return
    with closing(reader):
        reader.copy(copy)


class RunKeyIndexReader:
    """Looks keys up in the file of a `MappedRunKeyIndex`; changes nothing, and holds no writer up.

    What it says holds for one moment between two changes, and the next answer maybe for a later one.

    Args:
        path: The file of the index.
        log: The log that the keys should be of.

    Raises:
        FileNotFoundError: There is no index yet.
        Unusable: The index would be begun anew by a writer; the text says why.
        RunKeyIndexUnavailable: A newer release wrote it, or it may not be read.
    """

    def __init__(self, path: Path, log: EventLog) -> None:
        self._path = path
        try:
            self._file = TableFile(path, write=False)
        except FileNotFoundError:
            raise
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise RunKeyIndexUnavailable(path, why, "make it readable") from error
        try:
            self._mapping = Mapping(self._file)
            self._between_changes(lambda: check_usable(self._header, self._file, log))
        except NewerVersion as error:
            self._file.close()
            why = f"it has version {error}, this release reads {VERSION}"
            raise RunKeyIndexUnavailable(path, why, "it was made by a newer ticktrail: upgrade") from error
        except BaseException:
            self._file.close()
            raise

    @property
    def checkpoint(self) -> int:
        """The offset of the next event that the writer will fold in: all before it is in the index."""
        return self._header.checkpoint

    def owners(self, digests: Sequence[bytes]) -> list[int]:
        """Return, for each key in order, the offset of the owning `RunRequested`, or `NOBODY`.

        Raises:
            RunKeyIndexBusy: It was changed all the time.
            RunKeyIndexDamaged: A segment is not what was saved.
        """
        return self._sound(lambda: self._tables.owners(digests))

    def copy(self, path: Path) -> None:
        """Write the index, as it is at one moment, to a new file; raises as `owners` does."""
        self._sound(lambda: self._copy(path))
        copy = TableFile(path, write=True)
        try:
            mapping = Mapping(copy)
            if mapping.header.state != CLEAN:
                mapping.header.device, mapping.header.inode = copy.identity
            mapping.close()
        finally:
            copy.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._mapping.close()
        self._file.close()

    def _copy(self, path: Path) -> None:
        size = file_size(self._tables.main.segments, self._header.direct)
        with open(path, "wb") as copy:
            copy.writelines(
                memoryview(self._mapping.mapped)[first : min(first + (1 << 24), size)]
                for first in range(0, size, 1 << 24)
            )

    def _sound(self, read: Callable[[], T]) -> T:
        def followed() -> T:
            self._follow()
            return read()

        try:
            return self._between_changes(followed)
        except Unusable as error:
            raise RunKeyIndexDamaged(self._path, str(error)) from error

    def _between_changes(self, read: Callable[[], T]) -> T:
        """Read while nobody writes: the sequence is even, or its writer is dead, and stays what it is."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            before = self._header.sequence
            if before % 2 == 0 or not self._file.has_writer():
                try:
                    result = read()
                except Unusable:
                    if self._header.sequence == before:
                        raise
                else:
                    if self._header.sequence == before:
                        return result
            if time.monotonic() > deadline:
                raise RunKeyIndexBusy(self._path)
            time.sleep(_PAUSE)

    def _follow(self) -> None:
        """Take the tables as they are now."""
        # The file is made longer before a segment is added, so what it has now is enough for those.
        if self._header.segments > self._mapping.capacity:
            self._mapping.map()
        # Only what was saved has checksums, and the writer takes a segment's away before it changes it.
        self._tables = Tables(self._mapping, trusted=self._header.state != CLEAN)

    @property
    def _header(self) -> Header:
        return self._mapping.header
