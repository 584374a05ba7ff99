"""Chance: the functions of `random`, and the system's random bytes, which `uuid` and `secrets` use."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from ...core.tape import Reading, reading

_urandom = os.urandom

_NAMES = (
    "betavariate", "choice", "choices", "expovariate", "gammavariate", "gauss", "getrandbits", "lognormvariate",
    "normalvariate", "paretovariate", "randbytes", "randint", "random", "randrange", "sample", "seed", "shuffle",
    "triangular", "uniform", "vonmisesvariate", "weibullvariate",
)  # fmt: skip

#: Of each evaluation that asked for it, its own generator: what comes of one does not depend on others.
_generators: WeakKeyDictionary[Reading, random.Random] = WeakKeyDictionary()


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    yield os, "urandom", urandom
    yield random, "_urandom", urandom
    for name in _NAMES:
        yield random, name, _function(name, getattr(random, name))


def urandom(size: int) -> bytes:
    """Do as `os.urandom`."""
    current = reading()
    if current is None or current.inside:
        return _urandom(size)
    return current.observe("chance", "urandom", str(size), lambda: _urandom(size), bytes, bytes)


def _function(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def function(*arguments: Any, **named: Any) -> Any:
        current = reading()
        if current is None:
            return original(*arguments, **named)
        return getattr(_generator(current), name)(*arguments, **named)

    function.__name__ = function.__qualname__ = name
    return function


def _generator(current: Reading) -> random.Random:
    found = _generators.get(current)
    if found is None:
        seed = current.observe("chance", "seed", "", lambda: _urandom(16), bytes, bytes)
        found = _generators[current] = random.Random(seed)
    return found
