"""The run-key index in memory, kept between two runs of the program in a snapshot file."""

from __future__ import annotations

import logging
import os
import struct
from hashlib import blake2b
from pathlib import Path

from .memory import MemoryRunKeyIndex

logger = logging.getLogger(__name__)

_MAGIC = b"ttrunkey"
_VERSION = 1
_DIGEST_SIZE = 16

#: Magic, version, checkpoint, number of keys, BLAKE2b of those three numbers and the body.
_HEADER = struct.Struct("<8sIQQ16s")
_NUMBERS = struct.Struct("<IQQ")


class SnapshotRunKeyIndex(MemoryRunKeyIndex):
    """A `RunKeyIndex` in a dict that `save` writes to a file, all at once or not at all.

    The file is a header, the 16-byte digests of the keys, and their owners as little-endian 64-bit
    integers. One that is damaged, or is no snapshot, is passed over with a warning: the index is
    then empty with checkpoint 0, and the log fills it again.

    Args:
        path: The snapshot; its folder must exist.
        head: Where the log ends. A snapshot that knows more is of another log, and passed over
            too; None takes it as it is.
    """

    def __init__(self, path: str | Path, head: int | None = None) -> None:
        super().__init__()
        self._path = Path(path)
        try:
            checkpoint, owners = _load(self._path)
            if head is not None and checkpoint > head:
                raise _Unusable(f"it knows {checkpoint} events, the log has {head}")
            self._checkpoint, self._owners = checkpoint, owners
        except FileNotFoundError:
            return
        except (OSError, _Unusable) as error:
            logger.warning("run keys are read again from the log, %s cannot be used: %s", path, error)

    def save(self) -> None:
        """Write the snapshot; if that fails, warn and leave the last one as it is."""
        unfinished = self._path.with_name(self._path.name + ".unfinished")
        try:
            with open(unfinished, "wb") as file:
                file.writelines(_pack(self._checkpoint, self._owners))
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            logger.warning("run keys could not be kept in %s: %s", self._path, error)


class _Unusable(Exception):
    """The file is no snapshot of ours, or not a whole one."""


def _pack(checkpoint: int, owners: dict[bytes, int]) -> list[bytes]:
    digests = b"".join(owners)
    offsets = struct.pack(f"<{len(owners)}Q", *owners.values())
    numbers = _NUMBERS.pack(_VERSION, checkpoint, len(owners))
    checksum = _checksum(numbers, digests, offsets)
    return [_HEADER.pack(_MAGIC, _VERSION, checkpoint, len(owners), checksum), digests, offsets]


def _load(path: Path) -> tuple[int, dict[bytes, int]]:
    content = path.read_bytes()
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        raise _Unusable("it is no snapshot of run keys")
    _, version, checkpoint, count, checksum = _HEADER.unpack_from(content)
    if version != _VERSION:
        raise _Unusable(f"it has version {version}, this release reads {_VERSION}")
    body = memoryview(content)[_HEADER.size :]
    split = count * _DIGEST_SIZE
    digests, offsets = bytes(body[:split]), body[split:]
    if _checksum(_NUMBERS.pack(version, checkpoint, count), digests, offsets) != checksum:
        raise _Unusable("it is truncated or changed")
    keys = (digests[at : at + _DIGEST_SIZE] for at in range(0, split, _DIGEST_SIZE))
    return checkpoint, dict(zip(keys, struct.unpack(f"<{count}Q", offsets), strict=True))


def _checksum(*parts: bytes | memoryview) -> bytes:
    whole = blake2b(digest_size=16)
    for part in parts:
        whole.update(part)
    return whole.digest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
