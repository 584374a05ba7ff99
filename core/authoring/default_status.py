"""The enumerations that a sensor is declared with."""

from __future__ import annotations

from enum import Enum


class DefaultSensorStatus(Enum):
    """The status that a sensor has until an operator decides otherwise."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class SensorType(Enum):
    """The sort of a sensor, which says who calls its function and with what."""

    STANDARD = "STANDARD"
    RUN_STATUS = "RUN_STATUS"
    ASSET = "ASSET"
    MULTI_ASSET = "MULTI_ASSET"
    FRESHNESS_POLICY = "FRESHNESS_POLICY"
    AUTO_MATERIALIZE = "AUTO_MATERIALIZE"
    AUTOMATION = "AUTOMATION"
    UNKNOWN = "UNKNOWN"


class DefaultScheduleStatus(Enum):
    """The status that a schedule has until an operator decides otherwise."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
