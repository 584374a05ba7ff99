"""The source text of a function, or a digest of its code where there is no text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import blake2b
from types import CodeType


def source_text(function: Callable[..., object]) -> str | None:
    """Return the source text of *function*, decorators included; None if it cannot be had."""
    try:
        return inspect.getsource(_plain_function(function))
    except (OSError, TypeError):
        return None


def code_digest(function: Callable[..., object]) -> str:
    """Return a digest of what *function* does: of its code object, or of its name if it has none."""
    plain = _plain_function(function)
    code = getattr(plain, "__code__", None)
    digest = blake2b(digest_size=16)
    parts = _code_parts(code) if isinstance(code, CodeType) else iter([f"{type(plain)!r}".encode()])
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _plain_function(function: Callable[..., object]) -> Callable[..., object]:
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return type(function).__call__


def _code_parts(code: CodeType) -> Iterator[bytes]:
    """Yield what makes the code's meaning; not its place in a file."""
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars)).encode("utf-8", "backslashreplace")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_parts(constant)
        elif isinstance(constant, frozenset):
            # The order of a set differs from process to process.
            yield repr(sorted(map(repr, constant))).encode("utf-8", "backslashreplace")
        else:
            yield repr(constant).encode("utf-8", "backslashreplace")
