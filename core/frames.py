"""Frames as bytes: how the events of one append are encoded, chained, checked and decoded.

A frame's bytes are a 16-byte BLAKE2b checksum and the payload it covers: the msgpack array
``[first offset, recorded at, writer, catalogue version, previous frame's checksum, events]``.
Since every frame holds its predecessor's checksum, the frames of a partition form a chain, and a
frame that was replaced or removed is noticed by the one after it. The topic, stored beside the
bytes, names the schema of the payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NoReturn, cast, get_args

import msgspec

from .errors import CorruptFrame, UnknownSchema, UnreadableEvent
from .events import CATALOGUE_VERSION, AnyEvent
from .lean_events import lean_union
from .log import Frame

#: Topic of a frame whose events are a list, each an array headed by its tag.
LIST_TOPIC = "ticktrail.frame.list.1"

#: Bytes of encoded events that a frame holds at most, unless a single event is larger.
FRAME_CAP = 512 * 1024

#: How many events are tried to fit into an append's first frame, and how full the others are meant to be.
_FIRST_TRIED, _FILLED = FRAME_CAP // 128, 0.9

_CHECKSUM_SIZE = 16
_KNOWN_TAGS = frozenset(cls.__struct_config__.tag for cls in get_args(AnyEvent))


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
    events: list[AnyEvent]


class _RawPayload(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The payload with its events left encoded."""

    first_offset: int
    recorded_at: int
    writer: str
    catalogue: int
    previous: bytes
    events: list[msgspec.Raw]


@lru_cache(maxsize=64)
def _lean_decoder(wanted: frozenset[type]) -> msgspec.msgpack.Decoder[_Payload]:
    fields: list[Any] = [
        (field.name, list[lean_union(wanted)] if field.name == "events" else field.type)  # type: ignore[misc]
        for field in msgspec.structs.fields(_Payload)
    ]
    payload = msgspec.defstruct("_LeanPayload", fields, frozen=True, array_like=True, gc=False)
    return msgspec.msgpack.Decoder(cast(type[_Payload], payload))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Payload)
_event_decoder: msgspec.msgpack.Decoder[AnyEvent] = msgspec.msgpack.Decoder(AnyEvent)
_raw_decoder = msgspec.msgpack.Decoder(_RawPayload)


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
        payload = _Payload(end.offset, recorded_at, writer, CATALOGUE_VERSION, end.checksum, part)
        frame, following = _seal(payload, end)
        # As many as fit if the next ones are as large as these.
        count = max(1, int(len(part) * _FILLED * FRAME_CAP / len(frame.state)))
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


def _seal(payload: _Payload, after: Link) -> tuple[EncodedFrame, Link]:
    body = _encoder.encode(payload)
    checksum = _checksum(body)
    frame = EncodedFrame(number=after.number, topic=LIST_TOPIC, state=checksum + body)
    end = Link(number=after.number + 1, offset=after.offset + len(payload.events), checksum=checksum)
    return frame, end


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
        payload = (_decoder if wanted is None else _lean_decoder(wanted)).decode(body)
    except msgspec.DecodeError as error:
        _undecodable(stored, partition, body, error)
    end = _checked_place(stored, partition, payload, after)[1]
    frame = Frame(
        number=stored.number,
        first_offset=payload.first_offset,
        recorded_at=payload.recorded_at,
        writer=payload.writer,
        events=payload.events,
    )
    return frame, end


def place_frame(stored: EncodedFrame, *, partition: str) -> tuple[Link, Link]:
    """Return the places before and after a stored frame, without decoding its events.

    Raises:
        CorruptFrame: The bytes are not what was written.
        UnknownSchema: The frame was written by a newer release.
    """
    body = _checked_body(stored, partition, None)
    try:
        payload = _raw_decoder.decode(body)
    except msgspec.DecodeError as error:
        _undecodable(stored, partition, body, error)
    return _checked_place(stored, partition, payload, None)


def _checked_body(stored: EncodedFrame, partition: str, after: Link | None) -> memoryview:
    if after is not None and stored.number != after.number:
        what = f"it is missing, the next one stored is {stored.number}"
        raise CorruptFrame(partition, frame=after.number, what=what)
    if stored.topic != LIST_TOPIC:
        raise UnknownSchema(partition, frame=stored.number, schema=repr(stored.topic), known=LIST_TOPIC)
    body = memoryview(stored.state)[_CHECKSUM_SIZE:]
    if not body:
        what = f"it is truncated to {len(stored.state)} bytes"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    if _checksum(body) != stored.state[:_CHECKSUM_SIZE]:
        what = f"its {len(stored.state)} bytes do not match their checksum"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    return body


def _checked_place(
    stored: EncodedFrame, partition: str, payload: _Payload | _RawPayload, after: Link | None
) -> tuple[Link, Link]:
    if payload.catalogue > CATALOGUE_VERSION:
        _newer_catalogue(stored, partition, payload.catalogue)
    before = Link(number=stored.number, offset=payload.first_offset, checksum=payload.previous)
    if not payload.events:
        raise CorruptFrame(partition, frame=stored.number, what="it holds no events")
    if after is not None and before.offset != after.offset:
        what = f"it begins at offset {before.offset}, the frame before it ends at {after.offset}"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    if after is not None and before.checksum != after.checksum:
        what = "it was written after another frame than the one that now stands before it"
        raise CorruptFrame(partition, frame=stored.number, what=what)
    end = Link(
        number=stored.number + 1,
        offset=payload.first_offset + len(payload.events),
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
    events = fields[5] if len(fields) > 5 and isinstance(fields[5], list) else []
    for event in events:
        tag = event[0] if isinstance(event, list) and event else None
        if isinstance(tag, int) and tag not in _KNOWN_TAGS:
            raise UnknownSchema(
                partition,
                frame=stored.number,
                schema=f"catalogue {catalogue} with event tag {tag}",
                known=f"catalogue {CATALOGUE_VERSION} with event tag {max(_KNOWN_TAGS)}",
            ) from error
    raise CorruptFrame(partition, frame=stored.number, what=f"it cannot be decoded: {error}") from error


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
