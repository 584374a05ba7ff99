"""Events and frames as released versions wrote them: today's code reads them as the same values.

A sample is never changed. A new event type, and an event that gets a new field, get a further sample.
"""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest

from harness.golden import GOLDEN, SAMPLES, value
from ticktrail.core import events
from ticktrail.core.events import AnyEvent
from ticktrail.core.frames import START, EncodedFrame, decode_frame, encode_frames

FRAMES: list[dict[str, Any]] = json.loads((GOLDEN / "frames-list-1.json").read_text("utf-8"))
#: The last one is as it is written now.
PACKED: list[dict[str, Any]] = json.loads((GOLDEN / "frames-packed-1.json").read_text("utf-8"))
EVENT_TYPES: tuple[type[msgspec.Struct], ...] = get_args(AnyEvent)


def first_samples() -> dict[str, dict[str, Any]]:
    """The oldest sample of each type: those that the stored frames hold."""
    return {sample["event"]: sample for sample in reversed(SAMPLES)}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["event"]))
def test_a_stored_event_is_read_as_the_value_it_was(sample: dict[str, Any]) -> None:
    stored = bytes.fromhex(sample["msgpack"])

    decoded = msgspec.msgpack.decode(stored, type=AnyEvent)

    assert decoded == value(sample)
    assert msgspec.msgpack.decode(stored)[0] == sample["tag"]


def test_every_event_type_has_a_sample() -> None:
    missing = {cls.__name__ for cls in EVENT_TYPES} - {sample["event"] for sample in SAMPLES}

    assert not missing, f"add one line per event to {GOLDEN / 'events-1.json'}, as its neighbours have it"


def test_every_field_of_a_sample_differs_from_its_default() -> None:
    """A decoder that dropped a field could not be told from a right one otherwise."""
    for sample in SAMPLES:
        for field in msgspec.structs.fields(getattr(events, sample["event"])):
            if field.name in sample["fields"] and not field.required:
                default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
                assert sample["fields"][field.name] != default, (sample["event"], field.name)


def test_every_class_of_the_catalogue_is_in_the_union() -> None:
    declared = {
        cls
        for cls in vars(events).values()
        if isinstance(cls, type) and issubclass(cls, events.Event) and cls is not events.Event
    }

    assert declared == set(EVENT_TYPES)


def test_tags_are_unique_and_those_of_the_samples() -> None:
    tags = {cls.__name__: cls.__struct_config__.tag for cls in EVENT_TYPES}

    assert len(set(tags.values())) == len(EVENT_TYPES)
    assert {sample["event"]: sample["tag"] for sample in SAMPLES}.items() <= tags.items()


def test_stored_frames_are_read_as_the_events_they_held() -> None:
    samples = first_samples()
    after = START
    for stored in FRAMES:
        encoded = EncodedFrame(
            number=stored["number"], topic=stored["topic"], state=bytes.fromhex(stored["state"])
        )

        frame, after = decode_frame(encoded, partition="main", after=after)

        assert [frame.first_offset, frame.recorded_at, frame.writer] == [
            stored["first_offset"],
            stored["recorded_at"],
            stored["writer"],
        ]
        assert frame.events == [value(samples[name]) for name in stored["events"]]
    assert len(FRAMES) == 2, "the second one shows the chain"


@pytest.mark.parametrize(
    "stored",
    PACKED,
    ids=["before ticks were recorded", "before ticks released keys", "before versions of Python", "now"],
)
def test_a_stored_packed_frame_is_read_as_the_events_it_held(stored: dict[str, Any]) -> None:
    encoded = EncodedFrame(number=0, topic=stored["topic"], state=bytes.fromhex(stored["state"]))

    frame, _ = decode_frame(encoded, partition="main", after=START)

    assert frame.events == [value(first_samples()[name]) for name in stored["events"]]


@pytest.mark.parametrize("first", [FRAMES[0], PACKED[-1]], ids=["list", "packed"])
def test_a_frame_is_still_written_as_it_was(first: dict[str, Any]) -> None:
    """Until a new catalogue version or topic is made on purpose."""
    samples = first_samples()

    (frame,), _ = encode_frames(
        [value(samples[name]) for name in first["events"]],
        after=START,
        recorded_at=first["recorded_at"],
        writer=first["writer"],
    )

    assert (frame.topic, frame.state.hex()) == (first["topic"], first["state"])
