"""`ticktrail diff`: what changed from one moment to another."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest

from command_line import CommandLine
from long_history import SENSORS, History
from story import Story
from ticktrail.adapters.cli.difference import difference
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.adapters.past import log_until
from ticktrail.core.events import (
    RunCanceled,
    RunRequested,
    SensorDefined,
    SensorQuarantined,
    SensorRetired,
    SensorStarted,
    SensorStopped,
)
from ticktrail.projections.sensor_states import SensorStates


@pytest.fixture
def story() -> Story:
    """Position 3: `files` and `manual` are defined, and an older tick has claimed a key."""
    story = Story()
    story.define("files")
    story.define("manual", "STOPPED")
    story.define("old")
    return story


@pytest.fixture
def told(ticktrail: CommandLine, story: Story) -> CommandLine:
    """From position 3 on: a day of operators, ticks and runs."""
    done, failed = story.end_tick(story.start_tick("files"), "a", "b", cursor="c1")
    story.end_tick(story.start_tick("files"), "a", reason="no new file", cursor="c2")
    story.fail_tick(story.start_tick("files"))
    story.add(SensorStarted(at=story.at, sensor="manual", actor="bob@host", reason="month's end"))
    story.add(SensorStopped(at=story.at, sensor="files", actor="ann@host", reason="maintenance"))
    story.release("files", "a")
    story.reset_cursor("manual", "here")
    story.start_run(done)
    story.succeed(done)
    story.start_run(failed)
    story.fail(failed)
    story.add(RunRequested(at=story.at, run="by-hand", job="j", actor="ann@host"))
    story.add(RunCanceled(at=story.at, run="by-hand", cause=0, reason="oops", actor="ann@host"))
    story.change_partitions("p", add=["x"])
    story.limit("runs", 2)
    story.define("new")
    story.add(SensorRetired(at=story.at, sensor="old"))
    ticktrail.tell(story)
    return ticktrail


def test_it_is_told_in_sections(told: CommandLine, story: Story) -> None:
    """Seen to fail when the states before were those after, and when requests told of no actor."""
    result = told("diff", 3)

    begin = "position 3 (2026-01-01 00:00:02.000)"
    end = f"position {story.head} (2026-01-01 00:00:{story.head - 1}.000)"
    assert result.out.splitlines() == [
        f"from {begin} to {end}: {story.head - 3} events",
        "",
        "sensors",
        "files   RUNNING → STOPPED",
        "manual  STOPPED → RUNNING",
        "new     defined, RUNNING",
        "old     RUNNING → RETIRED",
        "",
        "cursors",
        "files   none → 'c2'",
        "manual  none → 'here'",
        "",
        "ticks",
        "SENSOR            SUCCESS  SKIPPED  FAILURE  INTERRUPTED  RUNS",
        "files                   1        1        1            -     2",
        "",
        "runs",
        "3 requested, 2 started, 1 CANCELED, 1 FAILURE, 1 SUCCESS",
        "",
        "run keys",
        "files  claimed 2: 'a', 'b'; released 1: 'a'",
        "",
        "operators",
        "      14  2026-01-01 00:00:14.000  SensorStarted            manual                by bob@host: month's end",
        "      15  2026-01-01 00:00:15.000  SensorStopped            files                 by ann@host: maintenance",
        "      16  2026-01-01 00:00:16.000  RunKeysReleased          files                 'a' by ann@host",
        "      17  2026-01-01 00:00:17.000  CursorReset              manual                none → 'here' by ann@host",
        "      24  2026-01-01 00:00:24.000  RunRequested             run by-hand           run by-hand of j by ann@host",
        "      25  2026-01-01 00:00:25.000  RunCanceled              run by-hand           oops (by ann@host)",
        "      26  2026-01-01 00:00:26.000  DynamicPartitionsChanged                       p: added x by ann@host",
        "      27  2026-01-01 00:00:27.000  ConcurrencyLimitSet      limit runs            runs at most 2 by ann@host: load",
    ]
    assert result.err == ""


def test_as_json_there_is_a_record_for_the_span_each_sensor_the_runs_and_each_action(
    told: CommandLine, story: Story
) -> None:
    records = told("diff", 3, "--json").records

    assert [record["change"] for record in records] == ["span", *["sensor"] * 4, "runs", *["action"] * 8]
    assert records[0] == {
        "change": "span",
        "from": {"position": 3, "recorded_at": story.begin + 2_000_000},
        "to": {"position": story.head, "recorded_at": story.at - 1_000_000},
        "events": story.head - 3,
    }
    assert records[1] == {
        "change": "sensor",
        "sensor": "files",
        "before": {"status": "RUNNING", "cursor": None, "code": "f1"},
        "after": {"status": "STOPPED", "cursor": "c2", "code": "f1"},
        "ticks": {"SUCCESS": 1, "SKIPPED": 1, "FAILURE": 1},
        "requested": 2,
        "run_keys_claimed": ["a", "b"],
        "run_keys_released": ["a"],
    }
    assert (records[3]["sensor"], records[3]["before"]) == ("new", None)
    assert records[5] == {
        "change": "runs",
        "requested": 3,
        "started": 2,
        "ended": {"SUCCESS": 1, "FAILURE": 1, "CANCELED": 1},
    }
    assert (
        records[6].items() >= {"event": "SensorStarted", "actor": "bob@host", "reason": "month's end"}.items()
    )


def test_what_was_changed_back_is_no_change_but_is_told_of_whoever_did_it(
    told: CommandLine, story: Story
) -> None:
    begin = story.head
    story.add(SensorStopped(at=story.at, sensor="new", actor="ann@host"))
    story.add(SensorStarted(at=story.at, sensor="new", actor="bob@host"))
    told.tell(story)

    records = told("diff", begin, "--json").records

    assert [record["change"] for record in records] == ["span", "runs", "action", "action"]
    assert told("diff", begin + 1, begin + 2).out.splitlines()[3] == "new  STOPPED → RUNNING"


def test_quarantine_and_new_code_are_told(told: CommandLine, story: Story) -> None:
    begin = story.head
    tick = story.start_tick("new")
    story.fail_tick(tick)
    story.add(SensorQuarantined(at=story.at, sensor="new", tick=tick, failures=1, error="no"))
    story.add(
        SensorDefined(
            at=story.at,
            sensor="manual",
            kind="STANDARD",
            interval=30.0,
            default_status="STOPPED",
            fingerprint="f2",
        )
    )
    told.tell(story)

    assert told("diff", begin).out.splitlines()[2:5] == [
        "sensors",
        "manual  code f1 → f2",
        "new     RUNNING → QUARANTINED",
    ]


def test_two_moments_may_be_times(told: CommandLine) -> None:
    by_time = told("diff", "2026-01-01T00:00:02Z", "2026-01-01T05:00:14+05:00", "--json").records

    assert by_time == told("diff", 3, 15, "--json").records


def test_nothing_happened_between_a_moment_and_itself(told: CommandLine, story: Story) -> None:
    assert told("diff", 7, 7).out.splitlines() == [
        "from position 7 (2026-01-01 00:00:04.000) to position 7 (2026-01-01 00:00:04.000): 0 events"
    ]
    assert told("diff", 0, 1).out.splitlines()[0] == (
        "from position 0 to position 1 (2026-01-01 00:00:00.000): 1 event"
    )


def test_of_many_run_keys_some_are_shown(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files")
    story.end_tick(story.start_tick("files"), *map(str, range(1000)))
    ticktrail.tell(story)

    (line,) = [line for line in ticktrail("diff", 0).out.splitlines() if "claimed" in line]

    assert line.startswith("files  claimed 1000: '0', '1', '2'")
    assert line.endswith("…")
    assert len(line) < 120
    assert len(ticktrail("diff", 0, "--json").records[1]["run_keys_claimed"]) == 1000


@pytest.mark.parametrize(
    ("moments", "code", "why"),
    [
        (("9", "3"), 2, "A is at position 9, B before it at 3: give the earlier moment first"),
        (("3", "999"), 1, "the log has never been at position 999"),
        (("999",), 1, "the log has never been at position 999"),
        (("2025-01-01", "3"), 1, "it begins at 2026-01-01T00:00:00+00:00"),
        (("yesterday",), 2, "'yesterday' is neither a position nor a moment"),
        ((), 2, "A"),
    ],
)
def test_moments_that_make_no_span_are_refused(
    moments: tuple[str, ...], code: int, why: str, told: CommandLine
) -> None:
    result = told("diff", *moments)

    assert (result.code, result.out) == (code, "")
    assert why in result.err
    assert result.err.count("\n") == 1


def test_between_any_two_positions_it_is_what_a_count_of_the_events_gives() -> None:
    """Seen to fail when `Changes` began at the log's start, and when interrupted ticks were left out."""
    history, log, dice = History(seed=11), MemoryEventLog(), Random(12)
    events = history.tell(1_500).events
    for append in history.appends():
        log.append(append, expected=None, recorded_at=append[-1].at, writer="engine:1")

    for _ in range(60):
        begin, end = sorted(dice.sample(range(len(events) + 1), 2))

        found = difference(log_until(log, begin), log_until(log, end))

        assert _told(found) == _counted(events[begin:end])
        states = [SensorStates(), SensorStates()]
        for state, stop in zip(states, (begin, end), strict=True):
            state.apply(0, events[:stop])
        assert {c.name: (c.before, c.after) for c in found.sensors}.items() <= {
            name: (states[0].get(name) if name in states[0] else None, states[1].get(name))
            for name in SENSORS
        }.items()
        changed = {name for name in SENSORS if states[0].get(name).cursor != states[1].get(name).cursor}
        assert changed <= {change.name for change in found.sensors}


def _told(found: Any) -> Counter[Any]:
    told: Counter[Any] = Counter()
    for change in found.sensors:
        told.update({(change.name, status): n for status, n in change.course.ticks.items()})
        told.update({(change.name, "claimed", key): n for key, n in Counter(change.course.claimed).items()})
        told.update({(change.name, "released", key): n for key, n in Counter(change.course.released).items()})
    told.update({("run", status): n for status, n in found.changes.ended.items()})
    told["requested"] = found.changes.requested
    told["started"] = found.changes.started
    told["actions"] = len(found.changes.actions)
    return +told


_STATUS_OF = {
    "TickCompleted": "SUCCESS",
    "TickSkipped": "SKIPPED",
    "TickFailed": "FAILURE",
    "TickInterrupted": "INTERRUPTED",
    "RunSucceeded": "SUCCESS",
    "RunFailed": "FAILURE",
    "RunCanceled": "CANCELED",
}


def _counted(events: list[Any]) -> Counter[Any]:
    counted: Counter[Any] = Counter()
    for event in events:
        kind, plain = type(event).__name__, msgspec.structs.asdict(event)
        counted["actions"] += plain.get("actor") is not None
        if kind in _STATUS_OF:
            counted[plain.get("sensor", "run"), _STATUS_OF[kind]] += 1
        elif kind == "RunRequested":
            counted["requested"] += 1
            counted[plain["sensor"], "claimed", plain["run_key"]] += bool(plain["run_key"])
        elif kind == "RunStarted":
            counted["started"] += 1
        elif kind == "RunKeysReleased":
            counted.update((plain["sensor"], "released", key) for key in plain["run_keys"])
    return +counted
