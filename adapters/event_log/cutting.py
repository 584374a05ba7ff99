"""The part of a frame that a range of offsets asks for."""

from __future__ import annotations

from msgspec.structs import replace

from ...core.log import Frame


def cut_frame(frame: Frame, start: int, stop: int | None) -> Frame:
    """Return *frame* with only its events from offset *start* up to before *stop*."""
    first = max(start - frame.first_offset, 0)
    last = len(frame.events) if stop is None else min(stop - frame.first_offset, len(frame.events))
    if first == 0 and last == len(frame.events):
        return frame
    return replace(frame, first_offset=frame.first_offset + first, events=frame.events[first:last])
