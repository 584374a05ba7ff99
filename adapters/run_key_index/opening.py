"""What may be gone on with: whether a file that is there is an index, whole, and of this log."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from ...core.log import EventLog
from .layout import DIRTY, Header, Unusable
from .marks import mark_of
from .table_file import TableFile

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> bytes:
    """Return 16 bytes that stand for this start of the machine; zeros where the system does not say."""
    try:
        return UUID(_BOOT_ID.read_text().strip()).bytes
    except (OSError, ValueError):
        return bytes(16)


def check_usable(header: Header, file: TableFile, log: EventLog | None) -> None:
    """Look whether the index is right up to its checkpoint, and of *log* (None leaves that to the caller).

    What a process wrote into a mapped file before it was killed is there, in the order of its stores,
    as long as the machine runs on; a copy was maybe taken in the middle of it.

    Raises:
        Unusable: It is not; the text says why.
        NewerVersion: A newer release wrote it.
    """
    header.check(file.size)
    if header.state == DIRTY:
        if not any(header.boot) or header.boot != boot_id():
            raise Unusable("it was not saved before the machine stopped")
        if (header.device, header.inode) != file.identity:
            raise Unusable("it is a copy of one that was in use")
    if log is None or not header.checkpoint:
        return
    another = f"it is of another log, or of {header.checkpoint} events that this one has not"
    if not header.marked or mark_of(log, header.marked) != header.mark:
        raise Unusable(another)
    if header.marked < header.checkpoint and log.head() < header.checkpoint:
        raise Unusable(another)
