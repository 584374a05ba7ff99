"""The player: answers an evaluation's reads from a tape."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..errors import TickTrailError
from .tape import Observation, Tape

T = TypeVar("T")


class NotOnTape(TickTrailError):
    """A read that the tape does not have."""


class Player:
    """Answers the reads of one evaluation: of each subject in the order in which they were made.

    Attributes:
        missing: What was read and is not on the tape, a line each.
    """

    replays: bool = True

    def __init__(self, tape: Tape) -> None:
        self._left: dict[tuple[str, str, str], deque[Observation]] = {}
        for channel, observation in tape.all():
            place = channel, observation.what, observation.subject
            self._left.setdefault(place, deque()).append(observation)
        self.missing: list[str] = []
        self.inside = 0

    def observe(
        self,
        channel: str,
        what: str,
        subject: str,
        read: Callable[[], T],
        plain: Callable[[T], Any],
        restored: Callable[[Any], T],
    ) -> T:
        """Return what the tape says, or raise what it says; see `ticktrail.core.tape.current.observe`.

        Raises:
            NotOnTape: It says nothing of it.
        """
        left = self._left.get((channel, what, subject))
        if not left:
            self.miss(f"{what} {subject}".rstrip())
            raise NotOnTape(
                f"{what} {subject!r} is not on the tape of this tick: the code reads what it did not read then"
            )
        return answer(left.popleft(), restored)

    def miss(self, what: str) -> None:
        """Note a read that cannot be answered."""
        if what not in self.missing:
            self.missing.append(what)


def answer(observation: Observation, restored: Callable[[Any], T]) -> T:
    """Return what was read then, or raise what was raised."""
    if observation.raised is not None:
        raise error_of(observation.raised)
    return restored(observation.result)


def error_of(raised: Sequence[Any]) -> Exception:
    """Return an error like the recorded one; of a type that nobody has imported it becomes a `RuntimeError`."""
    name, *arguments = raised
    module, _, kind_name = name.rpartition(".")
    kind = getattr(sys.modules.get(module or "builtins"), kind_name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return RuntimeError(f"{name}: {', '.join(map(str, arguments))}")
    if issubclass(kind, OSError) and not module:
        # OSError chooses the type from the number.
        return OSError(*arguments)
    return _made(kind, arguments)


def _made(kind: type[Exception], arguments: Sequence[Any]) -> Exception:
    try:
        return kind(*arguments)
    except TypeError:
        # It makes its arguments of other ones, which nobody has kept.
        error = kind.__new__(kind, *arguments)
        error.args = tuple(arguments)
        return error
