"""Plain data: what the log can hold of a user's values, and how values become it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

#: Levels of lists and mappings that plain data may have; more is taken for a value that holds itself.
MAX_DEPTH = 64

#: The integers that msgpack can hold.
_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode
_to_msgpack = msgspec.msgpack.Encoder().encode


def plain_problems(value: object, where: str, depth: int = 0) -> Iterator[str]:
    """Yield one line for each thing in *value* that is not plain data.

    Plain data is None, bool, int (64 bit), float, str (valid Unicode), lists or tuples of plain
    data, and mappings from str to plain data.

    Args:
        where: The place of *value*, such as ``"run_config.ops"``; lines start with it.
    """
    match value:
        case None | bool() | float():
            return
        case int():
            if not _MIN_INT <= value <= _MAX_INT:
                yield f"{where}: the integer {value} does not fit into 64 bits"
        case str():
            if not _is_unicode(value):
                yield f"{where}: {value!r} is not valid Unicode text"
        case _ if depth > MAX_DEPTH:
            yield f"{where}: nested deeper than {MAX_DEPTH} levels"
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str) or not _is_unicode(key):
                    yield f"{where}: the key {key!r} is not valid Unicode text"
                else:
                    yield from plain_problems(item, f"{where}.{key}", depth + 1)
        case list() | tuple():
            for index, item in enumerate(value):
                yield from plain_problems(item, f"{where}[{index}]", depth + 1)
        case _:
            yield f"{where}: {type(value).__name__} is not plain data"


def plain_copy(value: Any) -> Any:
    """Return a copy of *value* made of the builtin types only if it is plain data, else None.

    The quick way for the usual case. It says None of some plain values too (tuples, ``nan``):
    `plain_problems` and `as_plain` are the judges of those.
    """
    copy = json_copy(value)
    return copy if fits_log(copy) else None


def json_copy(value: Any) -> Any:
    """Return a deep copy of *value* made of the builtin types only if JSON makes one that is equal, else None.

    All in compiled code. What goes through JSON and comes back equal is plain, but for integers of more
    than 64 bits: `fits_log` knows those.
    """
    try:
        copy = _from_json(_to_json(value))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    return copy if copy == value else None


def fits_log(value: Any) -> bool:
    """Return whether the log's encoding takes *value*."""
    try:
        _to_msgpack(value)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True


def as_plain(value: Any) -> Any:
    """Return a copy of plain *value* made of the builtin types only, without subclasses of them."""
    match value:
        case None | bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case str():
            # str() of an Enum that is a str is its name; the stored value is what counts.
            return str.__str__(value)
        case Mapping():
            return {str.__str__(key): as_plain(item) for key, item in value.items()}
        case _:
            return [as_plain(item) for item in value]


def storable_text(text: str) -> str:
    r"""Return *text* with what cannot be stored (lone surrogates) written as ``\udc..``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
