"""How a mapped run-key index makes room for keys: its file gets longer, the main table is split, the recent one drained."""

from __future__ import annotations

import logging
from pathlib import Path

from .errors import RunKeyIndexFull
from .layout import SLOTS, USED
from .pace import used_before_split
from .recent_table import drain, finish_drain
from .table_file import TableFile
from .tables import Tables

logger = logging.getLogger(__name__)

#: How many segments are split before claims get their turn: what bounds how long the table stands still.
_SPLITS_AT_ONCE = 8

#: The part of a segment's slots that is filled at most, if the file cannot be made longer.
_FULL = 0.95


class Growing:
    """Makes room in tables.

    Args:
        path: The file, for messages.
        file: The same, open.
        tables: What is in it.
    """

    def __init__(self, path: Path, file: TableFile, tables: Tables) -> None:
        self._path, self._file, self._tables = path, file, tables
        self._no_room: OSError | None = None
        # How many slots of the main table may be in use before anything is to be done.
        self._enough = 0.0

    def make_room(self, keys: int) -> None:
        """Make room for so many more keys.

        Raises:
            RunKeyIndexFull: The disk is full, and so is the main table.
        """
        main, recent = self._tables.main, self._tables.recent
        if recent is not None:
            while not recent.has_room(keys):
                drain(recent, main, self._make_room_in_main)
        elif main.mapping.words[USED] + main.dropped + keys > self._enough:
            self._make_room_in_main(keys)
            self._enough = used_before_split(main)

    def finish(self) -> None:
        """Finish what a writer that was killed had begun; the keys are counted."""
        if self._tables.recent is not None:
            finish_drain(self._tables.recent, self._tables.main, self._make_room_in_main)

    def _make_room_in_main(self, keys: int) -> None:
        table = self._tables.main
        # What splits dropped counts on: the segments that still wait for theirs are as full as ever.
        used = table.header.used + table.dropped + keys
        splits = 0
        while used > used_before_split(table):
            # The fullest segments are those that this round has not split: each has its share of all keys.
            full = used >> table.level > _FULL * SLOTS
            if splits >= _SPLITS_AT_ONCE and not full:
                return
            if not self._split():
                if full:
                    raise RunKeyIndexFull(self._path, self._tables.count(), str(self._no_room))
                return
            used, splits = table.header.used + table.dropped + keys, splits + 1

    def _split(self) -> bool:
        """Split the next segment; return whether there was room to."""
        table = self._tables.main
        if table.segments >= table.mapping.capacity and not self._extend():
            return False
        self._tables.grow()
        return True

    def _extend(self) -> bool:
        mapping = self._tables.main.mapping
        try:
            self._file.extend(self._tables.main.segments, mapping.header.direct)
        except OSError as error:
            if self._no_room is None:
                logger.warning(
                    "%s cannot be made longer (%s): it takes run keys until it is full, make room on its disk",
                    self._path,
                    error.strerror,
                )
            self._no_room = error
            return False
        self._no_room = None
        mapping.lengthen()
        return True
