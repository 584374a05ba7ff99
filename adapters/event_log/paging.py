"""How many frames to ask the storage for at once."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.frames import EncodedFrame

#: Frames of the first page, when their size is not known yet.
FIRST_PAGE = 32

_MOST_FRAMES = 500
_TARGET_BYTES = 4 * 1024 * 1024


def next_page(page: Sequence[EncodedFrame]) -> int:
    """Return how many frames like those of *page* make up about 4 MiB, between 8 and 500."""
    average = sum(len(frame.state) for frame in page) // len(page) + 1
    return max(8, min(_MOST_FRAMES, _TARGET_BYTES // average))
