"""A run-key index that is carried on in memory, over one that it leaves as it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ...core.log import EventLog
from ...core.run_keys import NOBODY, RunKeyOwners
from ...projections.run_keys_in_memory import MemoryRunKeyIndex
from .layout import Unusable
from .reading import RunKeyIndexReader

logger = logging.getLogger(__name__)


class Base(Protocol):
    """What is looked up below."""

    @property
    def checkpoint(self) -> int: ...

    def owners(self, digests: Sequence[bytes]) -> Sequence[int]: ...

    def close(self) -> None: ...


class OverlaidRunKeyIndex:
    """The owners of keys at the log's end: those of a base, and in memory what came since.

    It takes claims and releases as a `RunKeyIndex` does; the base may go on by itself meanwhile, by
    events that come in here too.
    """

    def __init__(self, base: Base) -> None:
        self._base, self._checkpoint = base, base.checkpoint
        self._over: dict[bytes, int] = {}

    @property
    def checkpoint(self) -> int:
        """The offset of the next event to fold in."""
        return self._checkpoint

    def owners(self, digests: Sequence[bytes]) -> list[int]:
        """Return, for each key in order, the offset of the owning `RunRequested`, or `NOBODY`."""
        below = self._base.owners(digests)
        return [self._over.get(digest, owner) for digest, owner in zip(digests, below, strict=True)]

    def claim(self, digests: Sequence[bytes], offsets: Sequence[int]) -> None:
        """Make each offset the owner of the key in the same place; a key that is owned keeps its owner."""
        for digest, offset, owner in zip(digests, offsets, self.owners(digests), strict=True):
            if owner == NOBODY and self._over.get(digest, NOBODY) == NOBODY:
                self._over[digest] = offset

    def release(self, digests: Sequence[bytes]) -> None:
        """Free the keys."""
        self._over.update(dict.fromkeys(digests, NOBODY))

    def advance(self, checkpoint: int) -> None:
        """Note that every event before *checkpoint* is in; a smaller one changes nothing."""
        self._checkpoint = max(self._checkpoint, checkpoint)

    def close(self) -> None:
        """Close the base too."""
        self._base.close()


def read_run_keys(path: Path, log: EventLog) -> RunKeyOwners:
    """Return the run keys of *log* up to a checkpoint, to be carried on in memory.

    They come from the index at *path*, whoever writes to it. If that cannot be used, which is
    warned of, or is not there, the log has to be folded in from its beginning.
    """
    try:
        return OverlaidRunKeyIndex(RunKeyIndexReader(path, log))
    except FileNotFoundError:
        pass
    except Unusable as error:
        logger.warning("run keys are read from the log, %s cannot be used: %s", path, error)
    return MemoryRunKeyIndex()
