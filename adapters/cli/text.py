"""Moments, durations and cursors as people read and write them."""

from __future__ import annotations

import re
import time
from datetime import datetime

from ...core.errors import TickTrailError
from ...core.moment_text import moment_text

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


class UsageError(TickTrailError):
    """The command line contradicts itself or holds a value that cannot be read; exit code 2."""


def moment(text: str, now: int) -> int:
    """Return the moment that *text* names, UTC, microseconds since the epoch.

    Args:
        text: A length of time before *now*, such as ``90s``, ``30m``, ``24h``, ``7d``, ``2w``; or an
            ISO date or time, local unless it says otherwise.
        now: UTC, microseconds since the epoch.

    Raises:
        UsageError: It is neither.
    """
    try:
        if (span := _SPAN.fullmatch(text.strip())) is not None:
            return _in_calendar(now - _length(span))
        return int(datetime.fromisoformat(text.strip()).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no moment: expected a length of time such as 90s, 30m, 24h, 7d, "
            "or an ISO time such as 2026-01-31T08:00"
        ) from error


def length(text: str) -> int:
    """Return the length of time that *text* names, such as ``90d``, in microseconds.

    Raises:
        UsageError: It names none.
    """
    try:
        if (span := _SPAN.fullmatch(text.strip())) is not None:
            return _length(span)
    except OverflowError:
        pass
    raise UsageError(f"{text!r} is no length of time: expected one such as 90s, 30m, 24h, 7d, 2w")


def _length(span: re.Match[str]) -> int:
    """Return a length of time in microseconds.

    Raises:
        OverflowError: It is beyond all numbers.
    """
    return int(float(span[1]) * _UNITS[span[2]] * 1e6)


def _in_calendar(at: int) -> int:
    """Return the moment.

    Raises:
        OverflowError: No calendar has it.
    """
    moment_text(at)
    return at


def local_time(at: int) -> str:
    """Return the local time to the millisecond, such as ``2026-01-31 08:00:00.250``."""
    seconds, micros = divmod(at, 1_000_000)
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) + f".{micros // 1000:03d}"


def local_minute(at: int) -> str:
    """Return the local time to the minute, such as ``2026-01-31 08:00``."""
    return local_time(at)[:16]


def ago(at: int | None, now: int) -> str:
    """Return how long ago a moment was, such as ``5m ago``; ``-`` for None.

    What happened since *now* was taken, a moment ago, counts as now.
    """
    if at is None:
        return "-"
    span = (now - at) / 1e6
    if -5 < span < 0:
        span = 0.0
    return f"{rough(span)} ago" if span >= 0 else f"in {rough(-span)}"


def rough(seconds: float) -> str:
    """Return a length of time in its largest unit, such as ``5m``."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def took(seconds: float | None) -> str:
    """Return a duration, such as ``0.4 ms``, ``12 ms``, ``1.24 s``, ``2m 05s``, ``3h 20m`` or ``12d 03h``; ``-`` for None."""
    if seconds is None:
        return "-"
    if seconds < 0.00995:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24}d {hours % 24:02d}h"
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m {rest:02d}s"


def between(start: int | None, end: int | None) -> str:
    """Return the time from one moment to another; ``-`` while one is missing."""
    return "-" if start is None or end is None else took((end - start) / 1e6)


def one_line(text: str | None, width: int) -> str:
    """Return *text* on one line of at most *width* characters, cut with ``…``; ``""`` for None."""
    if text is None:
        return ""
    line = " ".join(text[: 4 * width].split())
    return line if len(line) <= width and len(text) <= 4 * width else line[: width - 1] + "…"


def cursor_text(cursor: str | None, width: int | None = None) -> str:
    """Return a cursor in quotes, so that an empty one is not taken for ``none``.

    Args:
        width: Cut what is longer with ``…``; None leaves it whole.
    """
    if cursor is None:
        return "none"
    if width is None or len(cursor) <= width - 2:
        return repr(cursor)
    return repr(cursor[: width - 3])[:-1] + "…'"


def bytes_text(size: int) -> str:
    """Return a number of bytes, such as ``512 bytes`` or ``1.25 MiB``."""
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} GiB"
