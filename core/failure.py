"""What people are shown of an exception: one line, and the traceback of their own code."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from itertools import dropwhile
from types import FrameType
from typing import Self

from .errors import TickTrailError
from .plain_data import storable_text

#: Characters that one line may have; the traceback has the rest.
MAX_LINE = 1000
#: Characters that a traceback may have; more is cut out of its middle.
MAX_TRACEBACK = 100_000

#: Packages whose frames say nothing about the user's code: this one, what imports it, and what opens and closes.
_HIDDEN = (__name__.partition(".")[0], "importlib", "contextlib")


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception as text that can be stored.

    Attributes:
        error: Type and message, one line of at most `MAX_LINE` characters.
        traceback: The traceback without the frames of ours that lead to the user's code.
        has_frames: Whether the traceback leads anywhere, or only repeats the error.
        exception: The exception itself.
    """

    error: str
    traceback: str
    has_frames: bool
    exception: BaseException

    @classmethod
    def of(cls, exception: BaseException) -> Self:
        """Describe *exception*, which may be one whose own text cannot be had."""
        shown = traceback.TracebackException.from_exception(exception)
        _hide_frames(shown, exception)
        has_frames = bool(shown.stack) or shown.__cause__ is not None
        lines = shown.format() if has_frames else shown.format_exception_only()
        return cls(
            error=error_line(exception),
            traceback=_cut(storable_text("".join(lines))),
            has_frames=has_frames,
            exception=exception,
        )


def error_line(exception: BaseException) -> str:
    """Return type and message of *exception* as one line."""
    name = type(exception).__name__
    try:
        message = _message(exception)
    except Exception as error:  # noqa: BLE001 - the user's __str__ may raise anything
        message = f"its message cannot be shown ({type(error).__name__})"
    line = " ".join(message.split())
    text = storable_text(f"{name}: {line}" if line else name)
    return text if len(text) <= MAX_LINE else f"{text[: MAX_LINE - 3]}..."


def _message(exception: BaseException) -> str:
    if isinstance(exception, SystemExit):
        return f"the code called sys.exit({'' if exception.code is None else repr(exception.code)})"
    return str(exception)


def _hide_frames(shown: traceback.TracebackException, exception: BaseException) -> None:
    """Leave the user's frames in *shown*, which describes *exception*, and in what led to it."""
    frames = list(traceback.walk_tb(exception.__traceback__))
    shown.stack = traceback.StackSummary.extract(iter(_frames_to_show(frames, exception)))
    if isinstance(exception, TickTrailError) and frames and _is_hidden(frames[-1][0]):
        # Raised by us: what led us to it is told in its message, unless it is the user's code.
        shown.__context__ = None
        if not _has_users_frames(exception.__cause__):
            shown.__cause__ = None
    if shown.__cause__ is not None and exception.__cause__ is not None:
        _hide_frames(shown.__cause__, exception.__cause__)
    if shown.__context__ is not None and exception.__context__ is not None:
        _hide_frames(shown.__context__, exception.__context__)


def _frames_to_show(
    frames: list[tuple[FrameType, int]], exception: BaseException
) -> list[tuple[FrameType, int]]:
    if isinstance(exception, TickTrailError):
        return [frame for frame in frames if not _is_hidden(frame[0])]
    theirs = list(dropwhile(lambda frame: _is_hidden(frame[0]), frames))
    # A fault of ours is shown whole; a syntax error tells its place itself.
    return theirs if theirs or isinstance(exception, SyntaxError) else frames


def _has_users_frames(exception: BaseException | None) -> bool:
    frames = traceback.walk_tb(None if exception is None else exception.__traceback__)
    return any(not _is_hidden(frame) for frame, _ in frames)


def _is_hidden(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] in _HIDDEN


def _cut(text: str) -> str:
    if len(text) <= MAX_TRACEBACK:
        return text
    half = MAX_TRACEBACK // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
