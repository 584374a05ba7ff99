"""What is taken over of another system's history: everything once, and nothing over what is newer here."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from story import BEGIN, Story
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.core.events import AnyEvent, HistoryImported, RunKeyImported, SensorImported, TickImported
from ticktrail.core.importing import (
    Import,
    OriginHistory,
    OriginRunKey,
    OriginSensor,
    OriginTick,
    decide_import,
)
from ticktrail.core.sensor_state import StoredStatus
from ticktrail.projections.imports import Imports
from ticktrail.projections.invariants import check
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates

SOURCE, PLACE = "dagster:1", "__repository__@files.py"


def sensor(
    name: str = "a", cursor: str | None = "9", status: StoredStatus = "RUNNING", location: str = PLACE
) -> OriginSensor:
    return OriginSensor(name=name, location=location, status=status, cursor=cursor, last_run_key="k")


def run_key(key: str, *, run: str = "run", at: int = BEGIN, sensor: str = "a") -> OriginRunKey:
    return OriginRunKey(
        sensor=sensor, run_key=key, run=run, job="j", status="SUCCESS", requested_at=at, tick=1
    )


def tick(number: int, *, at: int = BEGIN, sensor: str = "a") -> OriginTick:
    return OriginTick(
        tick=number,
        sensor=sensor,
        started_at=at,
        ended_at=at + 250_000,
        status="SKIPPED",
        reason="nothing new",
        error=None,
        traceback=None,
        cursor="9",
        runs=[],
        run_keys=[],
        reacted=0,
    )


def history(
    *sensors: OriginSensor,
    run_keys: Sequence[OriginRunKey] = (),
    ticks: Sequence[OriginTick] = (),
    source: str = SOURCE,
) -> OriginHistory:
    return OriginHistory(
        source=source, where="there", location=None, sensors=sensors, run_keys=run_keys, ticks=ticks
    )


def imported(story: Story, told: OriginHistory) -> Import:
    """Decide on the story's log, append what comes of it, and check the log against the invariants."""
    imports, states, keys = Imports(), SensorStates(), RunKeys(MemoryRunKeyIndex())
    for projection in (imports, states, keys):
        projection.apply(0, story.events)
    done = decide_import(
        told, imports, states.get, keys.owners, actor="ann@host", offset=story.head, at=story.at
    )
    if done.events:
        story.add(*done.events)
    assert list(check(story.frames())) == []
    return done


def of(kind: type[AnyEvent], events: Sequence[AnyEvent]) -> list[AnyEvent]:
    return [event for event in events if isinstance(event, kind)]


def test_what_is_new_follows_the_import_that_brings_it() -> None:
    story = Story()
    story.define("b")

    done = imported(story, history(sensor(), run_keys=[run_key("1")], ticks=[tick(4)]))

    assert [type(event) for event in done.events] == [
        HistoryImported,
        SensorImported,
        RunKeyImported,
        TickImported,
    ]
    head = done.events[0]
    assert isinstance(head, HistoryImported)
    assert (head.sensors, head.run_keys, head.ticks, head.actor) == (1, 1, 1, "ann@host")
    assert {getattr(event, "cause", None) for event in done.events[1:]} == {1}


def test_a_second_import_brings_nothing_and_a_third_what_has_come_since() -> None:
    """Seen to fail when ticks were not looked up, when keys were not, and when sensors were not compared."""
    story = Story()
    told = history(sensor(), run_keys=[run_key("1")], ticks=[tick(4)])
    imported(story, told)

    second = imported(story, told)
    third = imported(
        story,
        history(sensor(cursor="10"), run_keys=[run_key("1"), run_key("2")], ticks=[tick(4), tick(5)]),
    )

    assert second.events == []
    assert [getattr(event, "after", None) for event in of(SensorImported, third.events)] == ["10"]
    assert [getattr(event, "run_key", None) for event in of(RunKeyImported, third.events)] == ["2"]
    assert [getattr(event, "origin", None) for event in of(TickImported, third.events)] == [5]
    [summary] = third.summaries
    assert (summary.ticks, summary.ticks_before, summary.run_keys, summary.run_keys_before) == (1, 1, 1, 1)


def test_ticks_come_in_the_order_of_their_starts_whatever_their_ids() -> None:
    """Seen to fail without the sort."""
    done = imported(
        Story(), history(sensor(), ticks=[tick(1, at=BEGIN + 5), tick(2, at=BEGIN), tick(3, at=BEGIN + 5)])
    )

    assert [getattr(event, "origin", None) for event in of(TickImported, done.events)] == [2, 1, 3]


def test_of_several_runs_with_a_key_the_first_owns_it() -> None:
    """Seen to fail when keys were taken as they came."""
    keys = [run_key("1", run="again", at=BEGIN + 1), run_key("1", run="first")]

    done = imported(Story(), history(sensor(), run_keys=keys))

    assert [getattr(event, "run", None) for event in of(RunKeyImported, done.events)] == ["first"]


def test_a_key_that_was_requested_here_keeps_its_owner() -> None:
    """Seen to fail, as a broken invariant 3, when the owners were not asked."""
    story = Story()
    story.end_tick(story.start_tick("a"), "1")

    done = imported(story, history(sensor(), run_keys=[run_key("1"), run_key("2")]))

    assert [getattr(event, "run_key", None) for event in of(RunKeyImported, done.events)] == ["2"]


def test_a_key_that_was_released_since_its_import_stays_free() -> None:
    """Seen to fail when only the owners were asked."""
    story = Story()
    told = history(sensor(), run_keys=[run_key("1")])
    imported(story, told)
    story.release("a", "1")

    assert imported(story, told).events == []


@pytest.mark.parametrize("step", ["tick", "cursor", "switch"])
def test_a_sensor_that_goes_on_here_keeps_its_cursor_and_status(step: str) -> None:
    """Seen to fail when only the cursor of the last import was compared."""
    story = Story()
    story.import_history("a", cursor="9", status="RUNNING")
    if step == "tick":
        story.end_tick(story.start_tick("a"), cursor="10")
    elif step == "cursor":
        story.reset_cursor("a", "10")
    else:
        story.stop("a")

    done = imported(story, history(sensor(cursor="11", status="RUNNING"), ticks=[tick(5)]))

    assert of(SensorImported, done.events) == []
    assert len(of(TickImported, done.events)) == 1
    [summary] = done.summaries
    assert summary.notes == ["it goes on here: cursor and status stay as they are"]


@pytest.mark.parametrize(
    ("source", "location"), [("dagster:2", PLACE), (SOURCE, "__repository__@elsewhere.py")]
)
def test_a_cursor_that_came_from_elsewhere_stays(source: str, location: str) -> None:
    """Seen to fail when origins were not compared."""
    story = Story()
    imported(story, history(sensor()))

    done = imported(story, history(sensor(cursor="11", location=location), ticks=[tick(4)], source=source))

    assert of(SensorImported, done.events) == []
    assert done.summaries[0].cursor == "9"
    assert f"as they came from {PLACE} of {SOURCE}" in done.summaries[0].notes[0]


def test_the_same_tick_id_of_another_source_is_another_tick() -> None:
    story = Story()
    imported(story, history(sensor(), ticks=[tick(4)]))

    done = imported(story, history(sensor(), ticks=[tick(4)], source="dagster:2"))

    assert len(of(TickImported, done.events)) == 1


def test_a_cursor_that_is_left_out_leaves_the_one_that_is_here() -> None:
    told = msgspec.structs.replace(sensor(cursor=None), cursor_left_out="it counts Dagster's events")

    done = imported(Story(), history(told))

    [event] = of(SensorImported, done.events)
    assert isinstance(event, SensorImported)
    assert (event.before, event.after, event.status) == (None, None, "RUNNING")
    assert done.summaries[0].notes == ["it counts Dagster's events"]
