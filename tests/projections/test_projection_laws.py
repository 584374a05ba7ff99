"""The two laws of every projection: a fold can stop anywhere and go on, and nothing counts twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from read_models import READ_MODELS
from story import Story
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.core.events import AnyEvent, TickInterrupted
from ticktrail.core.run_keys import NOBODY
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.key_story import KeyStory
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates


class Projection(Protocol):
    @property
    def checkpoint(self) -> int: ...

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None: ...


SENSORS = st.sampled_from(["a", "b"])
KEYS = st.lists(st.sampled_from(["1", "2", "3", None]), max_size=4)


@st.composite
def logs(draw: st.DrawFn) -> list[AnyEvent]:
    """Logs of two sensors whose ticks, runs and operators' actions come in any order."""
    story = Story()
    open_ticks: dict[str, int] = {}
    runs: list[str] = []
    for _ in range(draw(st.integers(1, 25))):
        sensor = draw(SENSORS)
        if sensor not in open_ticks:
            open_ticks[sensor] = story.start_tick(sensor)
        step = draw(
            st.sampled_from(
                [
                    "end",
                    "fail",
                    "interrupt",
                    "define",
                    "reset",
                    "release",
                    "limit",
                    "partitions",
                    "assets",
                    "import",
                    "run",
                ]
            )
        )
        if step == "end":
            runs += story.end_tick(
                open_ticks.pop(sensor),
                *draw(KEYS),
                cursor=draw(st.sampled_from([None, "", "c"])),
                rejected=draw(st.sampled_from([(), ("bad config",)])),
                materialized=draw(st.sampled_from([(), ("x", "y")])),
            )
        elif step == "fail":
            story.fail_tick(open_ticks.pop(sensor))
        elif step == "interrupt":
            tick = open_ticks.pop(sensor)
            story.add(TickInterrupted(at=story.at, tick=tick, sensor=sensor, reason="killed"))
        elif step == "define":
            story.define(sensor, draw(st.sampled_from(["RUNNING", "STOPPED"])))
        elif step == "reset":
            story.reset_cursor(sensor, draw(st.sampled_from([None, "r"])))
        elif step == "release":
            story.release(sensor, *draw(st.lists(st.sampled_from(["1", "2"]), max_size=2)))
        elif step == "import":
            keys = draw(st.lists(st.sampled_from(["1", "2", "3"]), max_size=2, unique=True))
            story.import_history(
                sensor, *keys, origins=[story.head], cursor=draw(st.sampled_from([None, "i"]))
            )
        elif step == "limit":
            story.limit(draw(st.sampled_from(["runs", "job:j"])), draw(st.sampled_from([None, 0, 2])))
        elif step == "partitions":
            some = st.lists(st.sampled_from(["1", "2", "3"]), max_size=2, unique=True)
            story.change_partitions(draw(st.sampled_from(["p", "q"])), add=draw(some), delete=draw(some))
        elif step == "assets":
            tell = draw(st.sampled_from([story.materialize, story.observe]))
            tell(draw(st.sampled_from(["x", "y"])), draw(st.sampled_from([None, "1", "2"])))
        elif runs:
            run = draw(st.sampled_from(runs))
            draw(st.sampled_from([story.launch, story.start_run, story.succeed, story.fail, story.cancel]))(
                run
            )
    return story.events


@pytest.mark.parametrize("name", READ_MODELS)
@settings(max_examples=40, deadline=None)
@given(events=logs(), data=st.data())
def test_resuming_from_any_checkpoint_equals_a_full_fold(
    name: str, events: list[AnyEvent], data: st.DataObject
) -> None:
    build, content = READ_MODELS[name]
    whole = build()
    whole.apply(0, events)

    parts = build()
    while parts.checkpoint < len(events):
        stop = data.draw(st.integers(parts.checkpoint + 1, len(events)))
        parts.apply(parts.checkpoint, events[parts.checkpoint : stop])

    assert content(parts) == content(whole)
    assert parts.checkpoint == whole.checkpoint == len(events)


@pytest.mark.parametrize("name", READ_MODELS)
@settings(max_examples=40, deadline=None)
@given(events=logs(), data=st.data())
def test_seeing_a_position_twice_changes_nothing(
    name: str, events: list[AnyEvent], data: st.DataObject
) -> None:
    build, content = READ_MODELS[name]
    projection = build()
    projection.apply(0, events)
    before = content(projection)

    start = data.draw(st.integers(0, len(events)))
    projection.apply(start, events[start:])

    assert content(projection) == before
    assert projection.checkpoint == len(events)


@pytest.mark.parametrize("name", READ_MODELS)
@settings(max_examples=40, deadline=None)
@given(events=logs(), data=st.data())
def test_overlapping_reads_count_no_event_twice(
    name: str, events: list[AnyEvent], data: st.DataObject
) -> None:
    build, content = READ_MODELS[name]
    whole = build()
    whole.apply(0, events)

    parts = build()
    while parts.checkpoint < len(events):
        start = data.draw(st.integers(0, parts.checkpoint))
        stop = data.draw(st.integers(start, len(events)))
        parts.apply(start, events[start:stop])
        parts.apply(parts.checkpoint, events[parts.checkpoint : parts.checkpoint + 1])

    assert content(parts) == content(whole)


@pytest.mark.parametrize("name", READ_MODELS)
def test_events_left_out_are_refused(name: str) -> None:
    projection: Projection = READ_MODELS[name][0]()
    story = Story()
    story.define("a")

    with pytest.raises(ValueError, match="at checkpoint 0 was given events from offset 3: fold in the 3"):
        projection.apply(3, story.events)

    assert projection.checkpoint == 0


def test_a_copy_of_dynamic_partitions_goes_its_own_way() -> None:
    story = Story()
    story.change_partitions("p", add=["a", "b"])
    partitions = DynamicPartitions()
    partitions.apply(0, story.events)
    twin = partitions.copy()

    story.change_partitions("p", delete=["a"])
    twin.apply(1, story.events[1:])

    assert partitions.get_dynamic_partitions("p") == ["a", "b"]
    assert twin.get_dynamic_partitions("p") == ["b"]
    assert partitions.digest() != twin.digest()


def test_a_copy_of_sensor_states_goes_its_own_way() -> None:
    story = Story()
    story.define("a")
    states = SensorStates()
    states.apply(0, story.events)
    twin = states.copy()

    tick = story.start_tick("a")
    twin.apply(tick, story.events[tick:])

    assert states.get("a").open_tick is None
    assert twin.get("a").open_tick == tick
    assert states.digest() != twin.digest()


@given(log=logs(), sensor=SENSORS, key=st.sampled_from(["1", "2", "3"]))
def test_the_story_of_a_run_key_names_the_owner_that_the_index_has(
    log: list[AnyEvent], sensor: str, key: str
) -> None:
    """Seen to fail when a release was passed over."""
    story, keys = KeyStory(sensor, key), RunKeys(MemoryRunKeyIndex())
    story.apply(0, log)
    keys.apply(0, log)

    owner = NOBODY if story.requested is None or story.released is not None else story.requested[0]

    assert list(keys.owners(sensor, [key])) == [owner]
