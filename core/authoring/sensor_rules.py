"""What the parts of a sensor's declaration may be, where other definitions have no such part."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..own_frames import stacklevel_of_user
from .errors import CheckError

#: The interval (seconds) of a sensor that does not give one.
DEFAULT_INTERVAL = 30.0
#: The interval (seconds) of a sensor that gives a negative one.
NEGATIVE_INTERVAL = 5.0
#: How long (seconds) an evaluation may take when the sensor does not say.
DEFAULT_TIMEOUT = 60.0


def checked_interval(seconds: Any, what: str) -> float | None:
    """Return *seconds* as they are kept on the definition; warn when the engine uses others.

    Raises:
        CheckError: They are no finite number.
    """
    if seconds is None:
        return None
    if not _is_number(seconds):
        raise CheckError(
            f"minimum_interval_seconds of {what} is {seconds!r} ({type(seconds).__name__}): "
            "give a number of seconds > 0"
        )
    if seconds <= 0:
        warnings.warn(
            f"minimum_interval_seconds of {what} is {seconds}: the engine uses "
            f"{effective_interval(seconds):g} s, give a number > 0",
            UserWarning,
            stacklevel=stacklevel_of_user(),
        )
    interval: float = seconds
    return interval


def checked_timeout(seconds: Any, what: str) -> float:
    """Return *seconds* as a float.

    Raises:
        CheckError: They are no finite number > 0.
    """
    if not _is_number(seconds) or seconds <= 0:
        raise CheckError(
            f"evaluation_timeout_seconds of {what} is {seconds!r} ({type(seconds).__name__}): "
            "give a number of seconds > 0"
        )
    return float(seconds)


def effective_interval(seconds: float | None) -> float:
    """Return how many seconds the engine lets pass from one tick's start to the next one's."""
    if not seconds:
        return DEFAULT_INTERVAL
    return float(seconds) if seconds > 0 else NEGATIVE_INTERVAL


def checked_description(value: object, what: str) -> str | None:
    """Return *value*.

    Raises:
        CheckError: It is neither a str nor None.
    """
    if value is None or isinstance(value, str):
        return value
    raise CheckError(f"description of {what} is {value!r} ({type(value).__name__}): give a str")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
