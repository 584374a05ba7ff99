"""The run-key index in a mapped file: the one that engines use."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ...core.errors import LogUnavailable
from ...core.log import EventLog
from ...projections.run_keys import RunKeys
from ..folding import fold
from .errors import RunKeyIndexDamaged, RunKeyIndexNoRoom, RunKeyIndexUnavailable
from .growing import Growing
from .layout import (
    CHECKPOINT,
    CLEAN,
    DIRECT,
    DIRTY,
    HEADER_SIZE,
    MARKED,
    SEQUENCE,
    STATE,
    VERSION,
    Header,
    NewerVersion,
    Unusable,
)
from .mapping import Mapping
from .marks import NO_MARK, mark_of
from .opening import boot_id, check_usable
from .table_file import TableFile
from .tables import Tables

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: How many keys are claimed before growing gets its turn: what bounds how long the index stands still.
_KEYS_AT_ONCE = 10_000

#: How a system says that it takes no more.
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)

#: After how many events the log is marked anew, which searches it for one of its frames.
_EVENTS_PER_MARK = 1_000_000


class MappedRunKeyIndex:
    """A `RunKeyIndex` in a hash table in a mapped file, 30 to 66 bytes per key. One process writes.

    A file that is damaged, or no index, or of another log, or was not saved before the machine
    stopped, is begun anew with a warning: the index is then empty with checkpoint 0, and the log fills
    it again. After a mere kill it is right up to its checkpoint, and maybe has some of what came
    after: the fold of the log goes on from there as if it had not.

    Args:
        path: The file; its folder must exist.
        log: The log that the keys are of. If the file turns out to be damaged while it is in use, the
            index fills itself from it. None leaves both to the caller.
        direct: How many segments, a power of two, the main table of a new file has before there is room
            for a recent one, see `recent_table.py`.

    Raises:
        RunKeyIndexUnavailable: The file cannot be written, or another process does, or a newer release
            made it.
    """

    def __init__(self, path: str | Path, log: EventLog | None = None, *, direct: int = DIRECT) -> None:
        self._path, self._log, self._direct = Path(path), log, direct
        self._file = self._opened()
        try:
            self._open()
        except NewerVersion as error:
            self._file.close()
            why = f"it has version {error}, this release reads {VERSION}"
            remedy = "it was made by a newer ticktrail: upgrade, or delete it, the log will fill a new one"
            raise RunKeyIndexUnavailable(self._path, why, remedy) from error
        except OSError as error:
            self._file.close()
            raise _unavailable(self._path, error) from error
        except BaseException:
            self._file.close()
            raise

    @property
    def checkpoint(self) -> int:
        """The offset of the next event to fold in."""
        return self._header.checkpoint

    def owners(self, digests: Sequence[bytes]) -> list[int]:
        """Return, for each key in order, the offset of the owning `RunRequested`, or `NOBODY`."""
        return self._mended(self._owners, digests)

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Make each offset the owner of the key in the same place; a key that is owned keeps its owner.

        Raises:
            RunKeyIndexFull: The disk is full, and so is the table.
        """
        if len(digests) <= _KEYS_AT_ONCE:
            return self._change(self._claim, digests, offsets)
        for first in range(0, len(digests), _KEYS_AT_ONCE):
            part = slice(first, first + _KEYS_AT_ONCE)
            self._change(self._claim, digests[part], offsets[part])

    def release(self, digests: Sequence[bytes]) -> None:
        """Free the keys; a key that nobody owns is passed over."""
        for first in range(0, len(digests), _KEYS_AT_ONCE):
            part = slice(first, first + _KEYS_AT_ONCE)
            self._change(self._release, digests[part])

    def advance(self, checkpoint: int) -> None:
        """Note that every event before *checkpoint* is in; a smaller one changes nothing."""
        words = self._mapping.words
        if checkpoint <= words[CHECKPOINT]:
            return
        self._begin_to_change()
        # After the claims that it covers: a process may be killed at any store.
        words[CHECKPOINT] = checkpoint
        marked = words[MARKED]
        if self._log is not None and (not marked or checkpoint - marked >= _EVENTS_PER_MARK):
            self._mark()

    def count(self) -> int:
        """Return how many keys are owned."""
        return self._tables.count()

    def digest(self) -> str:
        """Return the `PairSums` of all keys and their owners, as text."""
        return self._mended(self._digest)

    def save(self) -> None:
        """Make the file outlive the machine; if that fails, warn: the log fills the index again then."""
        header = self._header
        if header.state == CLEAN:
            return
        try:
            self._tables.keep_checksums()
            self._mapping.mapped.flush()
            self._mark()
            header.seal()
            self._mapping.mapped.flush(0, HEADER_SIZE)
        except (OSError, LogUnavailable) as error:
            header.state = DIRTY
            logger.warning("run keys could not be kept in %s: %s", self._path, error)

    def close(self) -> None:
        """Release the index without saving; safe to call twice."""
        self._mapping.close()
        self._file.close()

    # --- opening -----------------------------------------------------------------------------

    def _opened(self) -> TableFile:
        try:
            return TableFile(self._path, write=True)
        except OSError as error:
            raise _unavailable(self._path, error) from error

    def _open(self) -> None:
        if not self._file.size:
            return self._begin_anew()
        try:
            self._go_on()
        except Unusable as error:
            logger.warning("run keys are read again from the log, %s cannot be used: %s", self._path, error)
            self._begin_anew()

    def _go_on(self) -> None:
        self._mapping = Mapping(self._file)
        check_usable(self._header, self._file, self._log)
        saved = self._header.state == CLEAN
        self._see_tables(trusted=not saved)
        if not saved:
            self._tables.main.put_back()
            self._tables.find_changed()
            self._growing.finish()
            self._header.sequence += self._header.sequence % 2

    def _begin_anew(self) -> None:
        if self._file.size:
            # A new file: one that is cut would take the ground from under the feet of its readers.
            self._file.close()
            self._path.unlink()
            self._file = self._opened()
        self._file.reserve()
        self._mapping = Mapping(self._file)
        self._header.make(int.from_bytes(os.urandom(8), "little") | 1, self._direct)
        self._see_tables(trusted=True)
        self._tables.main.checksums.change(0)
        self._note_where()

    def _see_tables(self, *, trusted: bool) -> None:
        self._tables = Tables(self._mapping, trusted=trusted)
        self._growing = Growing(self._path, self._file, self._tables)

    @property
    def _header(self) -> Header:
        return self._mapping.header

    def _owners(self, digests: Sequence[bytes]) -> list[int]:
        return self._tables.owners(digests)

    def _digest(self) -> str:
        return str(self._tables.pair_sums())

    # --- changing ----------------------------------------------------------------------------

    def _change(self, work: Callable[..., None], *arguments: Any) -> None:
        """Change the table, and let readers know meanwhile."""
        self._begin_to_change()
        self._mended(self._changing, work, *arguments)

    def _changing(self, work: Callable[..., None], *arguments: Any) -> None:
        self._mapping.words[SEQUENCE] |= 1
        try:
            work(*arguments)
        finally:
            self._mapping.words[SEQUENCE] += 1

    def _begin_to_change(self) -> None:
        """Make sure that the file is not taken for saved any more, whatever happens to the machine."""
        if self._mapping.words[STATE] == CLEAN:
            self._mapping.words[STATE] = DIRTY
            self._note_where()
            self._mapping.mapped.flush(0, HEADER_SIZE)

    def _note_where(self) -> None:
        header = self._header
        header.boot, (header.device, header.inode) = boot_id(), self._file.identity

    def _claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        self._growing.make_room(len(digests))
        self._tables.claim(digests, offsets)

    def _release(self, digests: Sequence[bytes]) -> None:
        self._tables.release(digests)

    def _mark(self) -> None:
        """Note which log this is of, up to the checkpoint."""
        header = self._header
        mark = None if self._log is None else mark_of(self._log, header.checkpoint)
        header.mark = mark or NO_MARK
        header.marked = header.checkpoint if mark else 0

    # --- damage ------------------------------------------------------------------------------

    def _mended(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do the work; if the file turns out to be damaged, fill the index from the log and do it then.

        The index may have more than its user folded in by then. That changes nothing: of each key what
        is still to come is folded in again, in order.
        """
        try:
            return work(*arguments)
        except Unusable as error:
            if self._log is None:
                raise RunKeyIndexDamaged(self._path, str(error)) from error
            logger.warning("run keys are read again from the log, %s cannot be used: %s", self._path, error)
        self._begin_anew()
        fold(self._log, RunKeys(self), doing="reading run keys")
        return work(*arguments)


def _unavailable(path: Path, error: OSError) -> RunKeyIndexUnavailable:
    if isinstance(error, BlockingIOError):
        return RunKeyIndexUnavailable(path, "another process writes to it", "stop that one first")
    why = (error.strerror or str(error)).lower()
    if error.errno in _NO_ROOM:
        return RunKeyIndexNoRoom(path, why)
    return RunKeyIndexUnavailable(path, why, "make it writable, or delete it: the log will fill a new one")
