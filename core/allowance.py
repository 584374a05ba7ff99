"""How many new runs a sensor may ask for now, by what it asked for in the last hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .authoring.sensor_limits import SensorLimits

_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE

#: New runs by the minute (UTC, minutes since the epoch), ascending; those that count for the hour only.
Recent = tuple[tuple[int, int], ...]


def with_requested(recent: Recent, requested: int, at: int) -> Recent:
    """Return *recent* with so many new runs at that time (UTC, microseconds); what counts no more is dropped."""
    if not requested:
        return recent
    now = at // _MINUTE
    if recent and recent[-1][0] == now and _is_recent(recent[0][0], at):
        return (*recent[:-1], (now, recent[-1][1] + requested))
    counts = {minute: count for minute, count in recent if _is_recent(minute, at)}
    counts[now] = counts.get(now, 0) + requested
    return tuple(sorted(counts.items()))


def allowance(limits: SensorLimits, recent: Recent, at: int) -> tuple[int, str]:
    """Return how many new runs a tick may ask for, and which limit says so."""
    per_tick, per_hour = limits.max_run_requests_per_tick, limits.max_run_requests_per_hour
    if per_hour is None:
        return per_tick, "per tick"
    left = max(per_hour - sum(count for minute, count in recent if _is_recent(minute, at)), 0)
    return (per_tick, "per tick") if per_tick <= left else (left, "per hour")


def room_at(recent: Recent, at: int) -> int:
    """Return when the first of the last hour's new runs will be over an hour old; *at* if there are none."""
    oldest = min((minute for minute, _ in recent if _is_recent(minute, at)), default=None)
    return at if oldest is None else (oldest + 1) * _MINUTE + _HOUR


def _is_recent(minute: int, at: int) -> bool:
    # A minute counts until all of it is an hour ago. One that is more than an hour ahead was counted by a
    # clock that has been set back since, which must not suspend the sensor until it has caught up.
    begin = minute * _MINUTE
    return begin - _HOUR <= at < begin + _MINUTE + _HOUR
