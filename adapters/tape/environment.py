"""Environment variables. What looks like a secret is not kept: its keyed digest is."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from ...core.tape import reading

#: Names of variables whose values are secrets.
SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|APIKEY|(^|_)KEY($|_)", re.IGNORECASE)

#: Of this process: digests cannot be compared with those of guesses.
_key = os.urandom(16)

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
    plain = _digest if SECRET.search(name) else _same
    return current.observe("environment", "get", name, lambda: _getitem(environment, name), plain, _same)


def names(environment: Any) -> Iterator[Any]:
    """Do as ``iter(os.environ)``."""
    current = reading()
    if current is None or current.inside:
        return _iter(environment)
    return iter(current.observe("environment", "names", "", lambda: list(_iter(environment)), list, list))


def _same(value: Any) -> Any:
    return value


def _digest(value: Any) -> str:
    return f"secret {hmac.digest(_key, str(value).encode('utf-8', 'surrogateescape'), 'blake2b')[:8].hex()}"
