"""Decoding only what a reader wants of the log: the other events are passed over without being built.

A fold of run keys over ten million events needs neither the run config of the requests nor the lines of
the runs' logs. Building those would take most of its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from operator import or_
from typing import Any, get_args

import msgspec

from .events import AnyEvent, Event, RunRequested


class RequestedKey(Event, tag=22, frozen=True, kw_only=True):
    """The part of a `RunRequested` from which run keys are folded: its first fields."""

    at: int
    run: str
    job: str
    tick: int | None = None
    sensor: str | None = None
    run_key: str | None = None


class RequestedKeys(msgspec.Struct, frozen=True, gc=False):
    """The keys of many requests, which stand for their `RequestedKey`.

    Attributes:
        offsets: Offsets of the requests, ascending.
        sensors: The asking sensor of each, None for an operator.
        run_keys: The key of each, None or empty if it has none.
    """

    offsets: Sequence[int]
    sensors: Sequence[str | None]
    run_keys: Sequence[str | None]


class PassedOver(Event, frozen=True, kw_only=True):
    """An event of a type that the reader does not want; it keeps its place, so that offsets are right."""


def tag_of(kind: type[msgspec.Struct]) -> int:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return tag


#: All types of event, by tag.
KIND_OF: dict[int, type[msgspec.Struct]] = {tag_of(kind): kind for kind in get_args(AnyEvent)}
_PASSED: dict[int, type[msgspec.Struct]] = {
    tag: msgspec.defstruct(f"PassedOver{tag}", [], bases=(PassedOver,), tag=tag, frozen=True, kw_only=True)
    for tag in KIND_OF
}


def wanted_of(kinds: Iterable[Iterable[type]]) -> frozenset[type]:
    """Return the types to decode for several readers that each want some of *kinds*.

    Of a reader that is content with `RequestedKey` the types have both, with it and without, and `RequestedKeys`.
    """
    wanted = [frozenset(types) for types in kinds]
    whole = any(RunRequested in types and RequestedKey not in types for types in wanted)
    return frozenset().union(*wanted) - {RequestedKey if whole else RunRequested, RequestedKeys}


@lru_cache(maxsize=64)
def lean_union(wanted: frozenset[type]) -> Any:
    """Return the union of all events in which those that are not *wanted* are `PassedOver`."""
    chosen = {tag_of(kind): kind for kind in wanted}
    return reduce(or_, [chosen.get(tag, _PASSED[tag]) for tag in KIND_OF])
