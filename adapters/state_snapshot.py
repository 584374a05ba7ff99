"""The small read models, kept between two runs of the engine in one file, so that opening reads the log's tail only."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import msgspec

from ..core.errors import LogUnavailable
from ..core.log import EventLog
from .run_key_index.marks import mark_of

logger = logging.getLogger(__name__)

#: Events after which the engine saves anew: what an opening after a kill reads at most, about half a second.
EVENTS_PER_SAVE = 500_000


class ReadModel(Protocol):
    """A projection that is small enough to be kept as a whole."""

    checkpoint: int

    def dump(self) -> bytes:
        """Return all that it holds."""

    def load(self, dumped: bytes) -> None:
        """Take up what `dump` returned; the checkpoint is set by the caller.

        Raises:
            msgspec.MsgspecError: It is nothing of the kind.
        """


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    release: str
    checkpoint: int
    mark: bytes
    models: dict[str, bytes]


class StateSnapshot:
    """The file of the read models of one log. It is only a short cut: without it the log is read from its start.

    A file that is damaged, of another log or of another release, whose folds may differ, is passed over
    with a warning.

    Args:
        path: The file; its folder must exist.
        log: The log that the models are folded from.
        models: The read models, one of a type, all at the same checkpoint.
    """

    def __init__(self, path: Path, log: EventLog, *models: ReadModel) -> None:
        self._path, self._log = path, log
        self._models = {type(model).__name__: model for model in models}
        self._saved_at = 0

    def restore(self) -> None:
        """Bring all models to where they were saved, if they were; otherwise none of them changes."""
        before = {name: model.dump() for name, model in self._models.items()}
        try:
            saved = self._read()
            self._load(saved.models)
        except FileNotFoundError:
            return
        except (OSError, _Unusable, msgspec.MsgspecError, KeyError) as error:
            logger.warning("states are read again from the log, %s cannot be used: %s", self._path, error)
            self._load(before)
            return
        for model in self._models.values():
            model.checkpoint = saved.checkpoint
        self._saved_at = saved.checkpoint

    def save_if_due(self) -> None:
        """Save when much has been folded in since the last time."""
        if self._checkpoint - self._saved_at >= EVENTS_PER_SAVE:
            self.save()

    def save(self) -> None:
        """Replace the file in one step; if that fails, warn and leave it as it is."""
        self._saved_at = self._checkpoint
        unfinished = self._path.with_name(self._path.name + ".unfinished")
        try:
            content = self._packed()
            with open(unfinished, "wb") as file:
                file.write(_checksum(content) + content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self._path)
        except (OSError, LogUnavailable) as error:
            logger.warning("states could not be kept in %s: %s", self._path, error)

    def _load(self, dumped: Mapping[str, bytes]) -> None:
        for name, model in self._models.items():
            model.load(dumped[name])

    @property
    def _checkpoint(self) -> int:
        return min(model.checkpoint for model in self._models.values())

    def _packed(self) -> bytes:
        mark = mark_of(self._log, self._checkpoint) or b""
        models = {name: model.dump() for name, model in self._models.items()}
        return msgspec.msgpack.encode(_Saved(version("ticktrail"), self._checkpoint, mark, models))

    def _read(self) -> _Saved:
        content = self._path.read_bytes()
        if _checksum(content[_CHECKSUM_SIZE:]) != content[:_CHECKSUM_SIZE]:
            raise _Unusable("it is truncated or changed")
        saved = msgspec.msgpack.decode(content[_CHECKSUM_SIZE:], type=_Saved)
        if saved.release != version("ticktrail"):
            raise _Unusable(f"release {saved.release} saved it, this is {version('ticktrail')}")
        if saved.mark != mark_of(self._log, saved.checkpoint):
            raise _Unusable(f"it is of another log, or of {saved.checkpoint} events that this one has not")
        return saved


class _Unusable(Exception):
    """The file is not what the log's read models were saved in."""


_CHECKSUM_SIZE = 16


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECKSUM_SIZE).digest()
