"""Decoding only some types of event."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from ticktrail.core.events import AnyEvent, RunKeysReleased, RunRequested, TickStarted
from ticktrail.core.lean_events import PassedOver, RequestedKey, lean_union, wanted_of

KINDS = get_args(AnyEvent)


def test_a_requested_key_has_the_first_fields_of_a_request() -> None:
    whole, part = RunRequested.__struct_fields__, RequestedKey.__struct_fields__

    assert part == whole[: len(part)]
    assert RequestedKey.__struct_config__.tag == RunRequested.__struct_config__.tag


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_type_is_decoded_if_it_is_wanted_and_passed_over_if_not(kind: type[msgspec.Struct]) -> None:
    others = [other for other in KINDS if other is not kind]
    required = {
        field.name: {int: 1, str: "x", float: 0.5, bytes: b"x"}.get(field.type, ["x"])
        for field in msgspec.structs.fields(kind)
        if field.required
    }
    event = msgspec.convert([kind.__struct_config__.tag, *_values(kind)], kind, strict=False)
    stored = msgspec.msgpack.encode(event)

    wanted = msgspec.msgpack.decode(stored, type=lean_union(frozenset([kind])))
    unwanted = msgspec.msgpack.decode(stored, type=lean_union(frozenset(others)))

    assert required and wanted == event
    assert isinstance(unwanted, PassedOver)


def test_readers_that_want_the_whole_request_and_its_key_get_the_whole() -> None:
    keys = frozenset([RunRequested, RequestedKey, RunKeysReleased])

    assert wanted_of([keys]) == {RequestedKey, RunKeysReleased}
    assert wanted_of([keys, {TickStarted}]) == {RequestedKey, RunKeysReleased, TickStarted}
    assert wanted_of([keys, {RunRequested}]) == {RunRequested, RunKeysReleased}


def _values(kind: type[msgspec.Struct]) -> list[object]:
    samples: dict[type, object] = {int: 1, float: 0.5, str: "x", bytes: b"x"}
    values: list[object] = []
    for field in msgspec.structs.fields(kind):
        if not field.required:
            break
        plain = samples.get(field.type)
        values.append(plain if plain is not None else _other(field.type))
    return values


def _other(kind: Any) -> object:
    annotation = str(kind)
    if "Literal" in annotation:
        return get_args(kind)[0]
    return ["x"] if "list" in annotation else None
