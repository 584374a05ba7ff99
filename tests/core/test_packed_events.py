"""Events in columns: lossless, and what a reader does not want is not decoded."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.golden import SAMPLES, value
from ticktrail.core.errors import CorruptFrame, UnknownSchema
from ticktrail.core.events import AnyEvent, RunKeysReleased, RunRequested, TickFailed, TickSkipped
from ticktrail.core.frames import (
    PACKED_FROM,
    PACKED_TOPIC,
    START,
    EncodedFrame,
    decode_frame,
    encode_frames,
)
from ticktrail.core.lean_events import PassedOver, RequestedKey, RequestedKeys
from ticktrail.core.packed_events import Packed, PackedEvents, pack, unpack

EVENTS: list[AnyEvent] = [value(sample) for sample in SAMPLES]

scalars = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, -0.0, 1.0]) | st.text(max_size=2)
)
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
)
requests = st.builds(
    RunRequested,
    at=st.integers(0, 3),
    run=st.text(max_size=2),
    job=st.just("load"),
    tick=st.none() | st.just(7),
    sensor=st.none() | st.sampled_from(["a", "b"]),
    run_key=st.none() | st.sampled_from(["", "k", "l"]),
    run_config=st.dictionaries(st.text(max_size=1), plain, max_size=2),
    given_tags=st.dictionaries(st.text(max_size=1), st.text(max_size=1), max_size=1),
    asset_selection=st.none() | st.just([]) | st.just(["raw/orders"]),
)
releases = st.builds(
    RunKeysReleased, at=st.just(1), sensor=st.just("a"), actor=st.just("ann"), run_keys=st.just(["k"])
)


def stored(packed: Packed) -> Packed:
    """What is read of packed events once they are written."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(packed), type=Packed)


def exact(events: object) -> bytes:
    """Bytes that differ also where Python takes different values for equal, such as 1, 1.0 and True."""
    return msgspec.msgpack.encode(events, order="sorted")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(EVENTS) | requests | releases, min_size=1, max_size=12))
def test_what_is_unpacked_is_what_was_packed(events: list[AnyEvent]) -> None:
    unpacked = unpack(stored(pack(events)), None)

    assert unpacked == events
    assert exact(unpacked) == exact(events)


def test_values_that_are_equal_but_not_the_same_are_kept_apart() -> None:
    configs: list[dict[str, Any]] = [{"a": 1}, {"a": True}, {"a": 1.0}, {"a": [0.0]}, {"a": [-0.0]}]
    for one in configs:
        for other in configs:
            events = [RunRequested(at=1, run="r", job="j", run_config=config) for config in (one, other, one)]

            assert exact(unpack(stored(pack(events)), None)) == exact(events)


def test_a_value_that_all_events_have_is_stored_once() -> None:
    def size(sensor_of: str) -> int:
        events = [
            TickSkipped(at=n, tick=n, sensor=sensor_of.format(n=n), reason=None, duration=0.0)
            for n in range(500)
        ]
        return len(msgspec.msgpack.encode(pack(events)))

    assert size("s" * 100) < size("{n}") + 150


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(EVENTS) | requests | releases, min_size=1, max_size=12),
    st.sets(st.sampled_from(get_args(AnyEvent))),
    st.integers(0, 12),
    st.integers(0, 12),
)
def test_wanted_events_are_those_of_a_whole_read_and_others_are_passed_over(
    events: list[AnyEvent], kinds: set[type], start: int, stop: int
) -> None:
    wanted = frozenset(kinds)

    lean = unpack(stored(pack(events)), wanted)

    assert len(lean) == len(events)
    for part, whole in ((lean, events), (lean[start:stop], events[start:stop])):
        for event, other in zip(part, whole, strict=True):
            assert event == other if type(other) in wanted else isinstance(event, PassedOver)
    assert isinstance(lean, PackedEvents)
    assert lean.chosen(40, wanted) == [
        (offset, event) for offset, event in enumerate(events, 40) if type(event) in wanted
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(requests | releases | st.sampled_from(EVENTS), min_size=1, max_size=12))
def test_the_keys_of_requests_come_together_but_never_past_a_release(events: list[AnyEvent]) -> None:
    wanted = frozenset([RequestedKey, RequestedKeys, RunKeysReleased])

    lean = unpack(stored(pack(events)), frozenset([RequestedKey, RunKeysReleased]))

    assert isinstance(lean, PackedEvents)
    chosen = lean.chosen(40, wanted)
    seen = list[tuple[int, str | None, str | None] | int]()
    for offset, event in chosen:
        if isinstance(event, RequestedKeys):
            assert len(chosen) == 1 and event.offsets[0] >= offset
            seen += zip(event.offsets, event.sensors, event.run_keys, strict=False)
        elif isinstance(event, RequestedKey):
            seen.append((offset, event.sensor, event.run_key))
        else:
            seen.append(offset)
    assert seen == [
        (offset, event.sensor, event.run_key) if isinstance(event, RunRequested) else offset
        for offset, event in enumerate(events, 40)
        if isinstance(event, RunRequested | RunKeysReleased)
    ]
    assert [(e.run, e.tick) for e in lean if isinstance(e, RequestedKey)] == [
        (e.run, e.tick) for e in events if isinstance(e, RunRequested)
    ]


def test_a_reader_of_single_keys_gets_each_of_them() -> None:
    events = [RunRequested(at=n, run=f"r{n}", job="j", sensor="a", run_key=f"k{n}") for n in range(3)]

    lean = unpack(stored(pack(events)), frozenset([RequestedKey]))

    assert isinstance(lean, PackedEvents)
    chosen = lean.chosen(5, frozenset([RequestedKey]))
    assert [(o, e.run_key) for o, e in chosen if isinstance(e, RequestedKey)] == [
        (5, "k0"),
        (6, "k1"),
        (7, "k2"),
    ]


def test_a_reader_that_does_not_want_a_type_does_not_decode_it() -> None:
    events = [*EVENTS, TickFailed(at=1, tick=1, sensor="a", error="x", duration=0.5)]
    packed = pack(events)
    broken = {tag: memoryview(b"\xc1") for tag in packed.tables}

    lean = unpack(Packed(packed.kinds, broken), frozenset())

    assert all(isinstance(event, PassedOver) for event in lean)
    with pytest.raises(msgspec.DecodeError):
        unpack(Packed(packed.kinds, broken), None)


def framed(events: object) -> EncodedFrame:
    (frame,), _ = encode_frames(
        [TickSkipped(at=n, tick=n, sensor="a", reason=None, duration=0.0) for n in range(PACKED_FROM)],
        after=START,
        recorded_at=5,
        writer="w",
    )
    payload = msgspec.msgpack.decode(frame.state[16:])
    payload[5] = events
    body = msgspec.msgpack.encode(payload)
    return EncodedFrame(number=0, topic=PACKED_TOPIC, state=blake2b(body, digest_size=16).digest() + body)


def table(*columns: list[Any]) -> bytes:
    return msgspec.msgpack.encode([msgspec.msgpack.encode(column) for column in columns])


SKIPPED = table([1, 2], [1, 2], ["a"], [None], [0.5])


@pytest.mark.parametrize(
    ("events", "what"),
    [
        ([b"", {}], "it holds no events"),
        (
            [b"\x1a\x1a", {26: table([1, 2, 3], [1, 2], ["a"], [None], [0.5])}],
            "another length than its table",
        ),
        ([b"\x1a\x1a", {26: table([1, 2], [1, 2], ["a"], [None])}], "it cannot be decoded"),
        ([b"\x1a\x1a", {26: table([1, "x"], [1, 2], ["a"], [None], [0.5])}], "it cannot be decoded"),
        ([b"\x1a\x1a", {}], "the tables are not those of the events"),
        ([b"\x1a\x1a", {26: SKIPPED, 27: SKIPPED}], "the tables are not those of the events"),
        ([b"\x1a\x1a", {26: b"\xc1"}], "it cannot be decoded"),
        ("packed", "it cannot be decoded"),
    ],
)
def test_a_sound_checksum_over_no_columns_of_ours_is_damage(events: object, what: str) -> None:
    with pytest.raises(CorruptFrame, match=what):
        decode_frame(framed(events), partition="main", after=None)


def test_columns_that_came_later_have_their_defaults_and_unknown_ones_are_left_out() -> None:
    older = framed([b"\x1a\x1a", {26: SKIPPED}])
    newer = framed([b"\x1a\x1a", {26: table([1, 2], [1, 2], ["a"], [None], [0.5], [3], [None], [0], ["?"])}])

    for frame, repeated in ((older, 0), (newer, 3)):
        events = decode_frame(frame, partition="main", after=None)[0].events
        assert [(e.at, e.repeated) for e in events if isinstance(e, TickSkipped)] == [
            (1, repeated),
            (2, repeated),
        ]


def test_a_type_of_a_newer_release_is_named() -> None:
    with pytest.raises(UnknownSchema, match="event tag 249"):
        decode_frame(framed([b"\x1a\xf9", {26: SKIPPED, 249: SKIPPED}]), partition="main", after=None)
