"""When a sensor ticks, in a few words for people."""

from __future__ import annotations

from ..core.events import SensorDefined
from ..core.sensor_state import SensorState

#: Kinds that tick when the log tells of something, and not by an interval.
_ON_EVENTS = frozenset({"RUN_STATUS", "ASSET"})


def pace(sensor: SensorDefined | SensorState) -> str:
    """Return what a column of a table has room for: ``"30 s"``, ``"0 6 * * *"``, ``"event"``."""
    if sensor.kind in _ON_EVENTS:
        return "event"
    return sensor.cron_schedule or f"{sensor.interval:g} s"


def pace_sentence(sensor: SensorDefined) -> str:
    """Return when the sensor ticks as a part of a sentence, such as ``"every 30 s"``."""
    return f"at {sensor.cron_schedule}" if sensor.cron_schedule is not None else f"every {pace(sensor)}"
