"""Frames as bytes: how the events of one append are encoded, chained, checked and decoded.

A frame's bytes are a 16-byte BLAKE2b checksum and the payload it covers: the msgpack array
``[first offset, recorded at, writer, catalogue version, previous frame's checksum, events]``.
Few events are a list of arrays, each headed by its tag; many are packed in columns.
Since every frame holds its predecessor's checksum, the frames of a partition form a chain, and a
frame that was replaced or removed is noticed by the one after it. The topic, stored beside the
bytes, names the schema of the payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NoReturn, cast

import msgspec

from .errors import CorruptFrame, UnknownSchema, UnreadableEvent
from .events import CATALOGUE_VERSION, AnyEvent
from .lean_events import KIND_OF, lean_union
from .log import Frame
from .packed_events import Packed, PackedColumns, pack, unpack

#: Topic of a frame whose events are a list, each an array headed by its tag.
LIST_TOPIC = "ticktrail.frame.list.1"

#: Topic of a frame whose events are packed in columns, see `packed_events`.
PACKED_TOPIC = "ticktrail.frame.packed.1"

#: From how many events on a frame is packed.
PACKED_FROM = 64

#: Bytes of encoded events that a frame holds at most, unless a single event is larger.
FRAME_CAP = 512 * 1024

#: How many events are tried to fit into an append's first frame, and how full the others are meant to be.
_FIRST_TRIED, _FILLED = FRAME_CAP // 128, 0.9

#: Events of a frame at most: equal values take no room when packed, but do when unpacked.
_MOST_EVENTS = 4 * _FIRST_TRIED

_CHECKSUM_SIZE = 16


class Link(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A place between two frames: all that is needed to write or to check the one that follows.

    Attributes:
        number: Number of the frame that follows.
        offset: Offset of that frame's first event.
        checksum: Checksum of the frame before, zeros if there is none; 16 bytes.
    """

    number: int
    offset: int
    checksum: bytes


#: The place before the first frame.
START = Link(number=0, offset=0, checksum=bytes(_CHECKSUM_SIZE))


class EncodedFrame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frame as it is stored.

    Attributes:
        number: Place of the frame in its partition, from 0, gapless.
        topic: Names the schema of the payload.
        state: The checksum and the payload.
    """

    number: int
    topic: str
    state: bytes


class _Payload(msgspec.Struct, frozen=True, array_like=True, gc=False):
    first_offset: int
    recorded_at: int
    writer: str
    catalogue: int
    previous: bytes
    events: Any


@lru_cache(maxsize=64)
def _decoder_of(events: Any) -> msgspec.msgpack.Decoder[_Payload]:
    """Return a decoder of payloads whose events are decoded as that type."""
    fields: list[Any] = [
        (field.name, events if field.name == "events" else field.type)
        for field in msgspec.structs.fields(_Payload)
    ]
    payload = msgspec.defstruct("_TypedPayload", fields, frozen=True, array_like=True, gc=False)
    return msgspec.msgpack.Decoder(cast(type[_Payload], payload))


@lru_cache(maxsize=64)
def _list_of(wanted: frozenset[type] | None) -> Any:
    return list[AnyEvent if wanted is None or PackedColumns in wanted else lean_union(wanted)]  # type: ignore[misc]


_encoder = msgspec.msgpack.Encoder()
_event_decoder: msgspec.msgpack.Decoder[AnyEvent] = msgspec.msgpack.Decoder(AnyEvent)


def encode_frames(
    events: Sequence[AnyEvent], *, after: Link, recorded_at: int, writer: str
) -> tuple[list[EncodedFrame], Link]:
    """Encode one append as the frames that follow *after*.

    Args:
        events: At least one. Too many for `FRAME_CAP` become several frames.
        recorded_at: UTC, microseconds since the epoch.

    Returns:
        The frames, and the place after the last of them.
    """
    batch = list(events)
    frames: list[EncodedFrame] = []
    end, done, count = after, 0, _FIRST_TRIED
    while done < len(batch):
        part = batch[done : done + count]
        frame, following = _seal(part, end, recorded_at, writer)
        # As many as fit if the next ones are as large as these.
        count = min(_MOST_EVENTS, max(1, int(len(part) * _FILLED * FRAME_CAP / len(frame.state))))
        if len(frame.state) <= FRAME_CAP or len(part) == 1:
            frames.append(frame)
            end, done = following, done + len(part)
    return frames, end


def check_readable(events: Sequence[AnyEvent]) -> None:
    """Check that *events* can be read back once they are written.

    What goes into an event is checked where it comes from, for errors that help. Events of other people's
    values are checked once more before they are appended, since a frame that cannot be read ends the log.

    Raises:
        UnreadableEvent: One holds what its type does not allow.
    """
    for event in events:
        try:
            _event_decoder.decode(_encoder.encode(event))
        except (TypeError, ValueError, OverflowError) as error:
            raise UnreadableEvent(
                f"{type(event).__name__} cannot be written to the log, {error}: give values of the right types"
            ) from error


def _seal(
    events: Sequence[AnyEvent], after: Link, recorded_at: int, writer: str
) -> tuple[EncodedFrame, Link]:
    many = len(events) >= PACKED_FROM
    stored = pack(events) if many else events
    payload = _Payload(after.offset, recorded_at, writer, CATALOGUE_VERSION, after.checksum, stored)
    body = _encoder.encode(payload)
    checksum = _checksum(body)
    topic = PACKED_TOPIC if many else LIST_TOPIC
    frame = EncodedFrame(number=after.number, topic=topic, state=checksum + body)
    return frame, Link(number=after.number + 1, offset=after.offset + len(events), checksum=checksum)


def decode_frame(
    stored: EncodedFrame, *, partition: str, after: Link | None, wanted: frozenset[type] | None = None
) -> tuple[Frame, Link]:
    """Check a stored frame and decode it.

    Args:
        partition: Named in errors.
        after: Where the frame must stand; None if its predecessor was not read.
        wanted: The types of the events to decode, None for all; others become `PassedOver`.

    Returns:
        The frame, and the place after it.

    Raises:
        CorruptFrame: The bytes are not what was written, or the frame does not follow *after*.
        UnknownSchema: The frame was written by a newer release.
    """
    body = _checked_body(stored, partition, after)
    try:
        payload, events = _decode(stored.topic, body, wanted)
    except msgspec.DecodeError as error:
        _undecodable(stored, partition, body, error)
    end = _checked_place(stored, partition, payload, len(events), after)[1]
    frame = Frame(
        number=stored.number,
        first_offset=payload.first_offset,
        recorded_at=payload.recorded_at,
        writer=payload.writer,
        events=events,
    )
    return frame, end


def place_frame(stored: EncodedFrame, *, partition: str, after: Link | None = None) -> tuple[Link, Link]:
    """Return the places before and after a stored frame, without decoding its events.

    Args:
        after: Where the frame must stand; None if its predecessor was not read.

    Raises:
        CorruptFrame: The bytes are not what was written, or the frame does not follow *after*.
        UnknownSchema: The frame was written by a newer release.
    """
    body = _checked_body(stored, partition, after)
    try:
        payload, count = _count(stored.topic, body)
    except msgspec.DecodeError as error:
        _undecodable(stored, partition, body, error)
    return _checked_place(stored, partition, payload, count, after)


def _decode(
    topic: str, body: memoryview, wanted: frozenset[type] | None
) -> tuple[_Payload, Sequence[AnyEvent]]:
    if topic == PACKED_TOPIC:
        payload = _decoder_of(Packed).decode(body)
        return payload, unpack(payload.events, wanted)
    payload = _decoder_of(_list_of(wanted)).decode(body)
    return payload, payload.events


def _count(topic: str, body: memoryview) -> tuple[_Payload, int]:
    """Decode all but the events, and count those."""
    if topic == PACKED_TOPIC:
        payload = _decoder_of(Packed).decode(body)
        return payload, len(payload.events.kinds)
    payload = _decoder_of(list[msgspec.Raw]).decode(body)
    return payload, len(payload.events)


def _checked_body(stored: EncodedFrame, partition: str, after: Link | None) -> memoryview:
    if after is not None and stored.number != after.number:
        what = f"it is missing, the next one stored is {stored.number}"
        raise CorruptFrame(partition, frame=after.number, what=what)
    if stored.topic not in (LIST_TOPIC, PACKED_TOPIC):
        known = f"{LIST_TOPIC} and {PACKED_TOPIC}"
        raise UnknownSchema(partition, frame=stored.number, schema=repr(stored.topic), known=known)
    body = memoryview(stored.state)[_CHECKSUM_SIZE:]
    if not body:
        what = f"it is truncated to {len(stored.state)} bytes"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    if _checksum(body) != stored.state[:_CHECKSUM_SIZE]:
        what = f"its {len(stored.state)} bytes do not match their checksum"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    return body


def _checked_place(
    stored: EncodedFrame, partition: str, payload: _Payload, count: int, after: Link | None
) -> tuple[Link, Link]:
    if payload.catalogue > CATALOGUE_VERSION:
        _newer_catalogue(stored, partition, payload.catalogue)
    before = Link(number=stored.number, offset=payload.first_offset, checksum=payload.previous)
    if not count:
        raise CorruptFrame(partition, frame=stored.number, what="it holds no events")
    if after is not None and before.offset != after.offset:
        what = f"it begins at offset {before.offset}, the frame before it ends at {after.offset}"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    if after is not None and before.checksum != after.checksum:
        what = "it was written after another frame than the one that now stands before it"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    end = Link(
        number=stored.number + 1,
        offset=payload.first_offset + count,
        checksum=stored.state[:_CHECKSUM_SIZE],
    )
    return before, end


def _undecodable(
    stored: EncodedFrame, partition: str, body: memoryview, error: msgspec.DecodeError
) -> NoReturn:
    """Say why bytes with the right checksum are none of our events: written by a newer release, mostly."""
    fields = _plain(body)
    catalogue = fields[3] if len(fields) > 3 else None
    if isinstance(catalogue, int) and catalogue > CATALOGUE_VERSION:
        _newer_catalogue(stored, partition, catalogue)
    for tag in _tags_of(fields[5] if len(fields) > 5 else None):
        if isinstance(tag, int) and tag not in KIND_OF:
            raise UnknownSchema(
                partition,
                frame=stored.number,
                schema=f"catalogue {catalogue} with event tag {tag}",
                known=f"catalogue {CATALOGUE_VERSION} with event tag {max(KIND_OF)}",
            ) from error
    raise CorruptFrame(partition, frame=stored.number, what=f"it cannot be decoded: {error}") from error


def _tags_of(events: Any) -> list[Any]:
    """Return the tags of events that could not be decoded, as far as they can be told."""
    if not isinstance(events, list) or not events:
        return []
    if isinstance(events[0], bytes):
        return list(events[0])
    return [event[0] for event in events if isinstance(event, list) and event]


def _plain(body: memoryview) -> list[Any]:
    try:
        return msgspec.msgpack.decode(body, type=list[Any])
    except msgspec.DecodeError:
        return []


def _newer_catalogue(stored: EncodedFrame, partition: str, catalogue: int) -> NoReturn:
    raise UnknownSchema(
        partition,
        frame=stored.number,
        schema=f"catalogue {catalogue}",
        known=f"catalogue {CATALOGUE_VERSION}",
    )


def _checksum(body: bytes | memoryview) -> bytes:
    return blake2b(body, digest_size=_CHECKSUM_SIZE).digest()
