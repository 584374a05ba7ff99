"""The moments of schedules as text: the form of their cursors and of the tag on their runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Where time begins for the log.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Nobody waits for what is beyond these years; in them, the local times of all zones are in the calendar.
_YEARS = range(2, 9001)


def moment_text(moment: int) -> str:
    """Return a moment (UTC, microseconds since the epoch) as ISO text in UTC."""
    return (EPOCH + timedelta(microseconds=moment)).isoformat()


def moment_of_text(text: str | None) -> int | None:
    """Return the moment that ISO text stands for, which is in UTC if it says no other; None if it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (moment - EPOCH) // timedelta(microseconds=1) if moment.year in _YEARS else None
