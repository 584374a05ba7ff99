"""What no tape has: a tick that reads so is told of it by name, and it is refused while a tape is played.

Libraries in C or Rust read through files and sockets of their own, of which Python's auditors hear nothing: their functions
are watched themselves.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import partial, update_wrapper
from inspect import signature, unwrap
from types import MethodType
from typing import Any

from ...core.tape import NotOnTape, Player, Reading, covered, playing, reading


def miss(current: Reading, what: str) -> None:
    """Name what is not recorded, and refuse it while a tape is played.

    Raises:
        NotOnTape: One is.
    """
    current.miss(what)
    if current.replays:
        raise NotOnTape(f"{what} is on no tape")


def refuse(current: Reading, what: str) -> None:
    """Let what is no read happen while it is recorded, and refuse it while a tape is played.

    Raises:
        NotOnTape: One is.
    """
    if isinstance(current, Player):
        current.miss(what)
        raise NotOnTape(f"{what}: nothing is written while a tape is played")


def is_outside(place: Any) -> bool:
    """Return whether a library opens *place* itself: it is neither content nor a file that Python has opened."""
    if isinstance(place, (list, tuple)):
        return any(map(is_outside, place))
    if hasattr(place, "read") or hasattr(place, "write"):
        return False
    try:
        memoryview(place)
    except TypeError:
        return True
    return False


def is_written(place: Any) -> bool:
    """Return whether a library writes to *place* itself; None asks it for what it would write."""
    return place is not None and is_outside(place)


class Watched(ABC):
    """Does as a function, looking at the tape before.

    It has no frame while the function runs: DuckDB looks for variables in the frame that called it, and warnings for the
    line that they are about.

    Args:
        really: The function.
        what: How it is named.
        at: Which of its arguments says what is read, or written; None if it is outside of the process whatever they are.
        outside: Whether that argument is outside of the process.
    """

    def __init__(
        self,
        really: Callable[..., Any],
        what: str,
        at: int | None = None,
        outside: Callable[[Any], bool] = is_outside,
    ) -> None:
        update_wrapper(self, really)
        self.really, self._what, self._at, self._outside = really, what, at, outside

    def __get__(self, holder: Any, kind: type | None = None) -> Any:
        return self if holder is None else MethodType(self, holder)

    def __reduce__(self) -> str:
        return str(self.really.__qualname__)

    @property
    def __call__(self) -> Callable[..., Any]:
        """What is called in its place: the function itself, unless its arguments are to be looked at."""
        if (current := self._current()) is None:
            return self.really
        if self._at is None:
            self._notice(current, self._what)
            return self.really
        return partial(self._look, current, self._at)

    def _look(self, current: Reading, at: int, *arguments: Any, **named: Any) -> Any:
        place = arguments[at] if len(arguments) > at else named.get(list(signature(self).parameters)[at])
        if not self._outside(place):
            return self.really(*arguments, **named)
        self._notice(current, self._what)
        with covered():
            return self.really(*arguments, **named)

    @abstractmethod
    def _current(self) -> Reading | None:
        """Return who is told of calls just now; None if nobody is."""

    @abstractmethod
    def _notice(self, current: Reading, what: str) -> None:
        """Tell of a call; raise `NotOnTape` if it is refused."""


class Missed(Watched):
    """Does as a function that reads, which is named, or refused."""

    def _current(self) -> Reading | None:
        current = reading()
        return None if current is None or current.inside else current

    def _notice(self, current: Reading, what: str) -> None:
        miss(current, what)


class Refused(Watched):
    """Does as a function that writes, which is refused while a tape is played, also where reads are covered."""

    def _current(self) -> Reading | None:
        return playing()

    def _notice(self, current: Reading, what: str) -> None:
        refuse(current, what)


def watched(
    holder: Any, names: Iterable[str], watch: Callable[[Any, str], Watched]
) -> Iterator[tuple[Any, str, Watched]]:
    """Yield what is replaced of a module, or a class: whose, its name, and by what.

    A function is replaced where it is defined, too: `pickle` looks for it there. Names that a release lacks are left out.

    Args:
        watch: Makes of a function and its name what watches it.
    """
    for name in names:
        really: Any = getattr(holder, name, None)
        if really is None:
            continue
        own_name = really.__name__
        home = sys.modules.get(getattr(really, "__module__", ""))
        defined = getattr(home, own_name, None)
        if isinstance(defined, Watched) and unwrap(defined) is unwrap(really):
            yield holder, name, defined
            continue
        replacement = watch(really, name)
        yield holder, name, replacement
        if defined is really and home is not holder:
            yield home, own_name, replacement
