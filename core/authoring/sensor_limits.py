"""How much a sensor may ask for, and how often it may fail."""

from __future__ import annotations

import msgspec

from .errors import CheckError


class SensorLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine lets a sensor do; ours.

    New runs are counted, not requests whose run key is taken. What is over a limit is put off: the tick keeps its
    cursor back, and the sensor ticks again as soon as there is room, at once for the limit per tick. Therefore all
    requests of such a tick need run keys; otherwise it fails. Schedules, whose moments come once, fail over a
    limit, too. What a sensor asks for in reaction to events is not limited: each event is reacted to once.

    Attributes:
        max_run_requests_per_tick: New runs in one tick at most.
        max_run_requests_per_hour: New runs in any hour at most, to the minute; None for no limit.
        quarantine_after: After so many failed ticks in a row the sensor is quarantined: it ticks no more until
            an operator starts or resets it, or its code changes. None for never.

    Raises:
        CheckError: One is no integer > 0.
    """

    max_run_requests_per_tick: int = 100_000
    max_run_requests_per_hour: int | None = None
    quarantine_after: int | None = None

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if value is None and field != "max_run_requests_per_tick":
                continue
            if type(value) is not int or value < 1:
                raise CheckError(
                    f"SensorLimits.{field} is {value!r} ({type(value).__name__}): give an int > 0"
                )


def checked_limits(limits: object, what: str) -> SensorLimits:
    """Return the limits; those by default for None.

    Raises:
        CheckError: It is something else.
    """
    if limits is None:
        return SensorLimits()
    if not isinstance(limits, SensorLimits):
        raise CheckError(f"limits of {what} is {limits!r} ({type(limits).__name__}): give a SensorLimits")
    return limits
