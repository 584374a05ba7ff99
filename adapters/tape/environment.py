"""Environment variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from ...core.tape import reading
from . import secrets

_Environ: Any = type(os.environ)
_getitem: Callable[[Any, Any], Any] = _Environ.__getitem__
_iter: Callable[[Any], Iterator[Any]] = _Environ.__iter__


def install() -> None:
    """Have reads of `os.environ` on the tape."""
    _Environ.__getitem__ = getitem
    _Environ.__iter__ = names


def getitem(environment: Any, name: Any) -> Any:
    """Do as ``os.environ[name]``."""
    current = reading()
    if current is None or current.inside:
        return _getitem(environment, name)
    if not isinstance(name, str):
        current.miss(f"environment {name!r}")
        return _getitem(environment, name)
    plain = secrets.digest if secrets.is_secret(name) else secrets.without_password
    return current.observe("environment", "get", name, lambda: _getitem(environment, name), plain, _same)


def names(environment: Any) -> Iterator[Any]:
    """Do as ``iter(os.environ)``."""
    current = reading()
    if current is None or current.inside:
        return _iter(environment)
    return iter(current.observe("environment", "names", "", lambda: list(_iter(environment)), list, list))


def _same(value: Any) -> Any:
    return value
