"""The run-key index in memory, kept between two runs of the program in a snapshot file."""

from __future__ import annotations

import logging
import os
import struct
from hashlib import blake2b
from pathlib import Path

from ...core.errors import LogUnavailable
from ...core.log import EventLog
from .memory import MemoryRunKeyIndex

logger = logging.getLogger(__name__)

_MAGIC = b"ttrunkey"
_VERSION = 1
_DIGEST_SIZE = 16

#: Magic, version, checkpoint, number of keys, mark of the log, BLAKE2b of those four and the body.
_HEADER = struct.Struct("<8sIQQ16s16s")
_NUMBERS = struct.Struct("<IQQ16s")

_NO_MARK = bytes(16)


class SnapshotRunKeyIndex(MemoryRunKeyIndex):
    """A `RunKeyIndex` in a dict that `save` writes to a file, all at once or not at all.

    The file is a header, the 16-byte digests of the keys, and their owners as little-endian 64-bit
    integers. One that is damaged, or is no snapshot, is passed over with a warning: the index is
    then empty with checkpoint 0, and the log fills it again.

    Args:
        path: The snapshot; its folder must exist.
        log: The log that the keys are of. A snapshot that was saved beside another one (a copy that
            was restored, say) is passed over too. None leaves that to the caller.
    """

    def __init__(self, path: str | Path, log: EventLog | None = None) -> None:
        super().__init__()
        self._path, self._log = Path(path), log
        try:
            checkpoint, mark, owners = _load(self._path)
            if log is not None and mark != mark_of(log, checkpoint):
                raise _Unusable(f"it is of another log, or of {checkpoint} events that this one has not")
            self._checkpoint, self._owners = checkpoint, owners
        except FileNotFoundError:
            return
        except (OSError, _Unusable) as error:
            logger.warning("run keys are read again from the log, %s cannot be used: %s", path, error)

    def save(self) -> None:
        """Write the snapshot; if that fails, warn and leave the last one as it is."""
        unfinished = self._path.with_name(self._path.name + ".unfinished")
        try:
            mark = _NO_MARK if self._log is None else mark_of(self._log, self._checkpoint)
            with open(unfinished, "wb") as file:
                file.writelines(_pack(self._checkpoint, mark, self._owners))
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self._path)
            _sync_folder(self._path.parent)
        except (OSError, LogUnavailable) as error:
            logger.warning("run keys could not be kept in %s: %s", self._path, error)


def mark_of(log: EventLog, checkpoint: int) -> bytes:
    """Return 16 bytes that tell *log*, up to *checkpoint*, from other logs; zeros if it is shorter.

    They stand for when, and by whom, the frame before the checkpoint was written.
    """
    frame = next(log.read(checkpoint - 1, checkpoint), None) if checkpoint else None
    if frame is None:
        return _NO_MARK
    return blake2b(f"{frame.number} {frame.recorded_at} {frame.writer}".encode(), digest_size=16).digest()


class _Unusable(Exception):
    """The file is no snapshot of ours, or not a whole one."""


def _pack(checkpoint: int, mark: bytes, owners: dict[bytes, int]) -> list[bytes]:
    digests = b"".join(owners)
    offsets = struct.pack(f"<{len(owners)}Q", *owners.values())
    checksum = _checksum(_NUMBERS.pack(_VERSION, checkpoint, len(owners), mark), digests, offsets)
    return [_HEADER.pack(_MAGIC, _VERSION, checkpoint, len(owners), mark, checksum), digests, offsets]


def _load(path: Path) -> tuple[int, bytes, dict[bytes, int]]:
    """Return the checkpoint, the mark of the log, and the owners by digest."""
    content = path.read_bytes()
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        raise _Unusable("it is no snapshot of run keys")
    _, version, checkpoint, count, mark, checksum = _HEADER.unpack_from(content)
    if version != _VERSION:
        raise _Unusable(f"it has version {version}, this release reads {_VERSION}")
    body = memoryview(content)[_HEADER.size :]
    split = count * _DIGEST_SIZE
    digests, offsets = bytes(body[:split]), body[split:]
    if _checksum(_NUMBERS.pack(version, checkpoint, count, mark), digests, offsets) != checksum:
        raise _Unusable("it is truncated or changed")
    keys = (digests[at : at + _DIGEST_SIZE] for at in range(0, split, _DIGEST_SIZE))
    return checkpoint, mark, dict(zip(keys, struct.unpack(f"<{count}Q", offsets), strict=True))


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
