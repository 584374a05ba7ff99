"""Frames as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticktrail.core.errors import CorruptFrame, UnknownSchema
from ticktrail.core.events import AnyEvent, RunKeysReleased, RunRequested, TickSkipped
from ticktrail.core.frames import (
    FRAME_CAP,
    LIST_TOPIC,
    START,
    EncodedFrame,
    Link,
    decode_frame,
    encode_frames,
    place_frame,
)
from ticktrail.core.log import Frame


def skipped(number: int, size: int = 0) -> TickSkipped:
    return TickSkipped(at=number, tick=number, sensor="inbox", reason=f"{number:x<{size}}", duration=0.25)


def encode(events: Sequence[AnyEvent], after: Link = START) -> tuple[list[EncodedFrame], Link]:
    return encode_frames(events, after=after, recorded_at=5, writer="test")


def decode_chain(frames: list[EncodedFrame], after: Link = START) -> tuple[list[Frame], Link]:
    decoded = []
    for stored in frames:
        frame, after = decode_frame(stored, partition="main", after=after)
        decoded.append(frame)
    return decoded, after


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
events = st.one_of(
    st.builds(skipped, st.integers(0, 2**60)),
    st.builds(
        RunRequested,
        at=st.just(1),
        run=st.text(),
        job=st.text(),
        run_config=st.dictionaries(st.text(), plain),
    ),
    st.builds(
        RunKeysReleased, at=st.just(1), sensor=st.text(), actor=st.text(), run_keys=st.lists(st.text())
    ),
)


@settings(max_examples=60, deadline=None)
@given(appends=st.lists(st.lists(events, min_size=1, max_size=6), min_size=1, max_size=5))
def test_what_is_decoded_is_what_was_encoded(appends: list[list[AnyEvent]]) -> None:
    stored, end = [], START
    for append in appends:
        frames, end = encode(append, end)
        stored += frames

    decoded, decoded_end = decode_chain(stored)

    assert [frame.events for frame in decoded] == appends
    assert [frame.number for frame in decoded] == list(range(len(appends)))
    assert decoded_end == end
    assert end.offset == sum(map(len, appends))


def test_a_frame_keeps_when_and_by_whom_it_was_written() -> None:
    (stored,), _ = encode_frames(
        [skipped(1)], after=START, recorded_at=1_700_000_000_000_001, writer="cli:ann@host"
    )

    frame, _ = decode_frame(stored, partition="main", after=START)

    assert frame == Frame(
        number=0,
        first_offset=0,
        recorded_at=1_700_000_000_000_001,
        writer="cli:ann@host",
        events=[skipped(1)],
    )


def test_a_frame_can_be_placed_without_decoding_its_events() -> None:
    _, first = encode([skipped(0), skipped(1)])
    (stored,), second = encode([skipped(2)], first)

    assert place_frame(stored, partition="main") == (first, second)


def test_a_large_append_fills_frames_up_to_the_cap_and_keeps_its_order() -> None:
    append = [skipped(n, size=1000) for n in range(2000)]

    frames, end = encode(append)

    sizes = [len(frame.state) for frame in frames]
    assert max(sizes) <= FRAME_CAP
    assert min(sizes[:-1]) > 0.85 * FRAME_CAP
    decoded, decoded_end = decode_chain(frames)
    assert [event for frame in decoded for event in frame.events] == append
    assert decoded_end == end


def test_an_event_above_the_cap_has_a_frame_of_its_own() -> None:
    append = [skipped(0), skipped(1, size=FRAME_CAP + 1), skipped(2), skipped(3)]

    frames, _ = encode(append)

    assert [[event.at for event in frame.events] for frame in decode_chain(frames)[0]] == [[0], [1], [2], [3]]


def test_every_changed_byte_is_noticed() -> None:
    (stored,), _ = encode([skipped(0)])

    for place in range(len(stored.state)):
        state = bytearray(stored.state)
        state[place] ^= 1
        with pytest.raises(CorruptFrame, match=r"frame 0 of partition 'west' is damaged: its .* checksum"):
            decode_frame(msgspec.structs.replace(stored, state=bytes(state)), partition="west", after=None)


def test_every_truncation_is_noticed() -> None:
    (stored,), _ = encode([skipped(0)])

    for size in range(len(stored.state)):
        shorter = msgspec.structs.replace(stored, state=stored.state[:size])
        for decode in (
            lambda s: decode_frame(s, partition="main", after=None),
            lambda s: place_frame(s, partition="main"),
        ):
            with pytest.raises(CorruptFrame):
                decode(shorter)


@pytest.mark.parametrize(
    ("after", "frame", "what"),
    [
        (Link(number=4, offset=9, checksum=b"c" * 16), 4, "it is missing, the next one stored is 5"),
        (
            Link(number=5, offset=8, checksum=b"c" * 16),
            5,
            "it begins at offset 9, the frame before it ends at 8",
        ),
        (Link(number=5, offset=9, checksum=b"d" * 16), 5, "it was written after another frame"),
    ],
)
def test_a_frame_out_of_its_place_is_noticed(after: Link, frame: int, what: str) -> None:
    (stored,), _ = encode([skipped(0)], Link(number=5, offset=9, checksum=b"c" * 16))

    with pytest.raises(CorruptFrame, match=what) as corrupt:
        decode_frame(stored, partition="main", after=after)

    assert corrupt.value.frame == frame


def sealed(payload: object) -> EncodedFrame:
    body = msgspec.msgpack.encode(payload)
    return EncodedFrame(number=3, topic=LIST_TOPIC, state=blake2b(body, digest_size=16).digest() + body)


@pytest.mark.parametrize(
    ("payload", "schema"),
    [
        ([0, 1, "w", 2, bytes(16), [[26, 1, 2, "s", None, 0.5]]], "catalogue 2"),
        ([0, 1, "w", 2, bytes(16), [["?"]]], "catalogue 2"),
        ([0, 1, "w", 2, bytes(16), "packed", 7], "catalogue 2"),
        ([0, 1, "w", 1, bytes(16), [[26, 1, 2, "s", None, 0.5], [999]]], "catalogue 1 with event tag 999"),
    ],
)
def test_what_a_newer_release_wrote_is_named(payload: object, schema: str) -> None:
    with pytest.raises(UnknownSchema) as unknown:
        decode_frame(sealed(payload), partition="main", after=None)

    assert unknown.value.schema == schema
    assert f"frame 3 of partition 'main' has schema {schema}, this release reads up to catalogue 1" in str(
        unknown.value
    )


def test_an_unknown_topic_is_named() -> None:
    (stored,), _ = encode([skipped(0)])

    with pytest.raises(UnknownSchema, match=r"'ticktrail\.frame\.packed\.9', this release reads up to"):
        decode_frame(
            msgspec.structs.replace(stored, topic="ticktrail.frame.packed.9"), partition="main", after=None
        )


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        ([0, 1, "w", 1, bytes(16), []], "it holds no events"),
        ([0, 1, "w", 1, bytes(16), [[26, "late", 2, "s", None, 0.5]]], "it cannot be decoded"),
        ({"not": "an array"}, "it cannot be decoded"),
        ([0, 1, "w"], "it cannot be decoded"),
    ],
)
def test_a_sound_checksum_over_no_frame_of_ours_is_damage(payload: object, what: str) -> None:
    with pytest.raises(CorruptFrame, match=what):
        decode_frame(sealed(payload), partition="main", after=None)


def test_bytes_that_are_no_msgpack_are_damage() -> None:
    body = b"\xc1\xc1"
    stored = EncodedFrame(number=3, topic=LIST_TOPIC, state=blake2b(body, digest_size=16).digest() + body)

    with pytest.raises(CorruptFrame, match="it cannot be decoded"):
        decode_frame(stored, partition="main", after=None)
