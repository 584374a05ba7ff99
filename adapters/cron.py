"""Cron expressions, read by cronsim as Debian's cron reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from ..core.cron import CronError, Moments

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Where an expression is tried; any day will do, as cronsim looks fifty years ahead.
_TRIED_AT = datetime(2000, 1, 1, tzinfo=UTC)


def cron_moments(expressions: Sequence[str], timezone: str) -> Moments:
    """Read *expressions*; the port is `Cron`."""
    # With its own UTC, cronsim leaves out what it does for changes of the clocks.
    zone: tzinfo = UTC if timezone == "UTC" else ZoneInfo(timezone)
    plain = [_plain(expression) for expression in expressions]

    def next_after(moment: int) -> int:
        start = (_EPOCH + moment * _MICROSECOND).astimezone(zone)
        return min(_first_after(moment, CronSim(expression, start)) for expression in plain)

    return next_after


def _first_after(moment: int, found: Iterable[datetime]) -> int:
    # In the hour that clocks repeat, cronsim may begin with moments of the first one once more.
    later = ((at - _EPOCH) // _MICROSECOND for at in found)
    return next(at for at in later if at > moment)


def _plain(expression: str) -> str:
    """Return the expression in the form that cronsim knows.

    Raises:
        CronError: It cannot be read, or names no moment.
    """
    fields = _ALIASES.get(expression.strip().lower(), expression).split()
    if len(fields) != 5:
        known = ", ".join(_ALIASES)
        raise CronError(
            f"{expression!r} has {len(fields)} fields: give five (minute, hour, day of month, month, day of week), "
            f"or one of {known}"
        )
    plain = " ".join("*" if field == "?" else field for field in fields)
    try:
        next(CronSim(plain, _TRIED_AT))
    except (CronSimError, ValueError) as error:
        raise CronError(f"{expression!r} is no cron expression: {str(error).lower()}") from error
    except StopIteration:
        raise CronError(f"{expression!r} names a day that never comes") from None
    return plain
