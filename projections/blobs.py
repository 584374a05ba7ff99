"""Blobs: what large things the log has, so that none is stored again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..core.events import BlobStored, TapeRecorded
from .fold import Fold

#: How many digests are remembered: of those that no tape has named for longer, one may be stored twice.
_MOST = 100_000


class Blobs(Fold):
    """The digests of blobs, those that were named last."""

    def __init__(self) -> None:
        super().__init__()
        self._digests: dict[bytes, None] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {BlobStored: self._stored, TapeRecorded: self._named}

    def __contains__(self, digest: object) -> bool:
        return digest in self._digests

    def dump(self) -> bytes:
        """Return all that it holds, to be kept."""
        return msgspec.msgpack.encode(list(self._digests))

    def load(self, dumped: bytes) -> None:
        """Take up what `dump` returned; the checkpoint is the caller's to set."""
        self._digests = dict.fromkeys(msgspec.msgpack.decode(dumped, type=list[bytes]))

    def _stored(self, _: int, event: BlobStored) -> None:
        self._note(event.digest)

    def _named(self, _: int, event: TapeRecorded) -> None:
        for digest in event.stored.values():
            self._note(digest)

    def _note(self, digest: bytes) -> None:
        self._digests.pop(digest, None)
        self._digests[digest] = None
        if len(self._digests) > _MOST:
            del self._digests[next(iter(self._digests))]
