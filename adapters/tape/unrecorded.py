"""What a library reads for itself, whoever called it: none of it is a read of the sensor's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ...core.tape import covered


def unrecorded(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does as *original*, and what that reads is not recorded."""

    @wraps(original)
    def function(*arguments: Any, **named: Any) -> Any:
        with covered():
            return original(*arguments, **named)

    return function
