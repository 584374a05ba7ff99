"""Which frames of a stack are the package's own, so that people are shown theirs."""

from __future__ import annotations

import sys
from types import FrameType

_PACKAGE = __name__.partition(".")[0]


def stacklevel_of_user() -> int:
    """Return the `warnings.warn` stacklevel, for the calling function, of the nearest frame not ours."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_own(frame.f_globals):
        level, frame = level + 1, frame.f_back
    return level


def locals_of_user() -> dict[str, object]:
    """Return the local names of the nearest calling frame that is not ours."""
    return dict(_frame_of_user().f_locals)


def module_of_user() -> dict[str, object]:
    """Return the names, so far, of the module of the nearest calling frame that is not ours."""
    return dict(_frame_of_user().f_globals)


def _frame_of_user() -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_own(frame.f_globals):
        frame = frame.f_back
    return frame


def _is_own(module: dict[str, object]) -> bool:
    name = module.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] == _PACKAGE
