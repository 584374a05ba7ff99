"""Which log an index is of."""

from __future__ import annotations

from hashlib import blake2b

from ...core.log import EventLog

#: The mark of no events.
NO_MARK = bytes(16)


def mark_of(log: EventLog, checkpoint: int) -> bytes | None:
    """Return 16 bytes that tell *log*, up to *checkpoint*, from other logs; None if it is shorter.

    They stand for the partition, and for when and by whom the frame before the checkpoint was written.
    """
    if not checkpoint:
        return NO_MARK
    frame = next(log.read(checkpoint - 1, checkpoint), None)
    if frame is None:
        return None
    text = f"{log.partition}\0{frame.number} {frame.recorded_at} {frame.writer}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
