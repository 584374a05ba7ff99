"""What databases return, as plain data: lossless, and as it was down to the type."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ...core.errors import TickTrailError

_PLAIN = frozenset((type(None), bool, float, str, bytes))


class NotPlain(TickTrailError):
    """A value that cannot be recorded."""


def plain_value(value: Any) -> Any:
    """Return a value as plain data: what is not plain becomes a dict of its one tag, so dicts become one, too.

    Raises:
        NotPlain: It is, or holds, what is not known here.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**63 else {"int": str(value)}
    if kind is list:
        return list(map(plain_value, value))
    if kind in _TAGS:
        tag, plain, _ = _TAGS[kind]
        return {tag: plain(value)}
    raise NotPlain(f"a value of type {kind.__module__}.{kind.__qualname__}")


def value_of(plain: Any) -> Any:
    """Return the value that `plain_value` was given."""
    if type(plain) is list:
        return list(map(value_of, plain))
    if type(plain) is not dict:
        return plain
    [(tag, content)] = plain.items()
    return _RESTORED[tag](content)


def _datetime(value: datetime.datetime) -> list[Any]:
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    return [value.isoformat(), value.fold, zone]


def _restored_datetime(content: Any) -> datetime.datetime:
    text, fold, zone = content
    value = datetime.datetime.fromisoformat(text).replace(fold=fold)
    return value if zone is None else value.replace(tzinfo=ZoneInfo(zone))


def _items(value: Mapping[Any, Any]) -> list[Any]:
    return [[plain_value(key), plain_value(each)] for key, each in value.items()]


#: Of each type its tag, and how to and fro.
_TAGS: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    dict: ("dict", _items, lambda items: {value_of(key): value_of(each) for key, each in items}),
    tuple: ("tuple", lambda value: list(map(plain_value, value)), lambda plain: tuple(map(value_of, plain))),
    datetime.datetime: ("datetime", _datetime, _restored_datetime),
    datetime.date: ("date", datetime.date.isoformat, datetime.date.fromisoformat),
    datetime.time: (
        "time",
        lambda value: [value.isoformat(), value.fold],
        lambda plain: datetime.time.fromisoformat(plain[0]).replace(fold=plain[1]),
    ),
    datetime.timedelta: (
        "timedelta",
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda plain: datetime.timedelta(*plain),
    ),
    Decimal: ("decimal", str, Decimal),
    Fraction: ("fraction", str, Fraction),
    UUID: ("uuid", str, UUID),
    bytearray: ("bytearray", bytes, bytearray),
    memoryview: ("memoryview", bytes, memoryview),
    **{
        kind: (kind.__name__, str, kind)
        for kind in (
            ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Interface, ipaddress.IPv6Interface,
            ipaddress.IPv4Network, ipaddress.IPv6Network,
        )
    },
}  # fmt: skip

_RESTORED: dict[str, Callable[[Any], Any]] = {tag: restored for tag, _, restored in _TAGS.values()} | {
    "int": int
}
