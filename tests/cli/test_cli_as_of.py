"""`--as-of`: every command that shows what the log tells shows what it told then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine
from story import BEGIN, Story
from ticktrail.adapters.home import Home
from ticktrail.core.events import (
    ConcurrencyLimitSet,
    SensorQuarantined,
    SensorRetired,
    SensorStarted,
    SensorStopped,
)


@pytest.fixture
def story() -> Story:
    """A little of everything: ticks of all sorts, runs and their ends, operators, partitions, limits, assets."""
    story = Story()
    story.define("files")
    story.define("manual", "STOPPED")
    story.change_partitions("p", add=["x", "y"])
    done, failed = story.end_tick(
        story.start_tick("files"), "a", "b", cursor="c1", logs=["looking"], materialized=["report"]
    )
    story.add(ConcurrencyLimitSet(at=story.at, limit="runs", max_runs=1, actor="ann@host", reason="slowly"))
    story.start_run(done)
    story.log_step(done, "3 rows")
    story.end_tick(story.start_tick("files"), "a", rejected=["unknown job 'x'"])
    story.succeed(done)
    story.add(SensorStopped(at=story.at, sensor="files", actor="ann@host", reason="maintenance"))
    story.release("files", "a")
    story.reset_cursor("files", "c0")
    story.add(SensorStarted(at=story.at, sensor="files", actor="bob@host"))
    story.change_partitions("p", delete=["x"])
    story.start_run(failed)
    story.fail(failed, "KeyError: 'rows'")
    tick = story.start_tick("files")
    story.fail_tick(tick)
    story.add(SensorQuarantined(at=story.at, sensor="files", tick=tick, failures=2, error="ValueError: no"))
    story.add(SensorRetired(at=story.at, sensor="manual"))
    story.materialize("report")
    story.add(ConcurrencyLimitSet(at=story.at, limit="runs", max_runs=None, actor="ann@host"))
    return story


@pytest.fixture
def told(ticktrail: CommandLine, story: Story) -> CommandLine:
    """A home with the story, whose run-key index and snapshot of the states are those of the log's end."""
    ticktrail.tell(story)
    assert ticktrail("rebuild").code == 0
    assert (ticktrail.home / "states.snapshot").exists()
    return ticktrail


COMMANDS = [
    ["sensor", "list"],
    ["sensor", "cursor", "files"],
    ["tick", "list"],
    ["tick", "show", "3"],
    ["run", "list"],
    ["run", "show", "run-6"],
    ["run", "logs", "run-6"],
    ["limit", "list"],
    ["partition", "list", "p"],
    ["log"],
    ["log", "--sensor", "files"],
    ["info"],
]

#: What is not of the log.
NOT_OF_THE_LOG = {"home", "log", "log_bytes", "archived", "archive_bytes", "engine", "definitions"}


def until(story: Story, position: int) -> Story:
    """The story as it was at a position."""
    past, head = Story(story.begin), 0
    for append in story.appends:
        past.add(*append[: max(position - head, 0)])
        head += len(append)
    past.appends = [append for append in past.appends if append]
    return past


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_tells_what_it_tells_of_a_log_that_ends_there(
    command: list[str], told: CommandLine, story: Story, tmp_path: Path
) -> None:
    """Seen to fail when `view_of` gave the whole log."""
    differing = []
    for position in [*range(0, story.head, 3), story.head]:
        as_of = told(*command, "--json", "--as-of", position)
        told.tell_at(tmp_path / f"{position}", until(story, position))
        then = told(*command, "--json", "--home", tmp_path / f"{position}")
        if (as_of.code, _of_the_log(as_of.records), as_of.err) != (
            then.code,
            _of_the_log(then.records),
            then.err,
        ):
            differing.append((position, as_of, then))

    assert differing == []


def _of_the_log(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(records) != 1:
        return records
    return [{name: value for name, value in records[0].items() if name not in NOT_OF_THE_LOG}]


def test_the_definitions_have_no_say_in_what_was(told: CommandLine, sensors_py: Path) -> None:
    """Seen to fail when `sensor list` looked into the definitions that the home remembers."""
    from ticktrail.adapters.home import DefinitionsSource

    Home.open(told.home, create=False).remember_definitions(DefinitionsSource(file=str(sensors_py)))

    def states(*options: object) -> dict[str, Any]:
        records = told("sensor", "list", "--json", *options).records
        return {record["sensor"]: (record["status"], record["interval"]) for record in records}

    assert states("--as-of", 2) == {"files": ("RUNNING", 30.0), "manual": ("STOPPED", 30.0)}
    assert states()["files"] == ("RUNNING", 5.0)
    assert (
        told("info", "--as-of", 2, "--json").record.keys().isdisjoint({"engine", "definitions", "log_bytes"})
    )


def test_the_course_of_a_sensor_can_be_followed(told: CommandLine, story: Story) -> None:
    def status(position: int) -> tuple[str, str | None]:
        (files, *_) = told("sensor", "list", "--as-of", position, "--json").records
        return files["status"], files["cursor"]

    course = [status(position) for position in range(1, story.head + 1)]

    assert list(dict.fromkeys(course)) == [
        ("RUNNING", None),
        ("RUNNING", "c1"),
        ("STOPPED", "c1"),
        ("STOPPED", "c0"),
        ("RUNNING", "c0"),
        ("QUARANTINED", "c0"),
    ]
    assert (
        told("sensor", "list", "--as-of", 0).err
        == "no sensors: neither the log nor the definitions have any\n"
    )


@pytest.mark.parametrize(
    "written",
    ["2026-01-01T00:00:02Z", "2026-01-01T05:00:02+05:00", "2026-01-01 00:00:02", "2026-01-01 00:00:02.9"],
)
def test_a_time_is_local_unless_it_says_otherwise(written: str, told: CommandLine) -> None:
    assert told("info", "--as-of", written, "--json").record["events"] == 3


def test_a_length_of_time_counts_back_from_now(ticktrail: CommandLine) -> None:
    import time

    story = Story(begin=time.time_ns() // 1000 - 3 * 3600 * 1_000_000)
    story.define("files")
    ticktrail.tell(story)
    story.begin += 2 * 3600 * 1_000_000
    story.define("late")
    ticktrail.tell(story)

    assert [
        record["sensor"] for record in ticktrail("sensor", "list", "--as-of", "2h", "--json").records
    ] == ["files"]
    assert len(ticktrail("sensor", "list", "--as-of", "10m", "--json").records) == 2


def test_ages_are_those_of_then(told: CommandLine) -> None:
    """Seen to fail when `view_of` gave the present as *now*."""
    (row,) = told(
        "tick", "list", "--as-of", "2026-01-01T00:03:03Z", "--limit", "1", "--status", "SUCCESS"
    ).out.splitlines()[1:]

    assert row.split()[:4] == ["3", "files", "3m", "ago"]
    assert (
        told("tick", "list", "--as-of", "2026-01-01T00:00:12Z", "--last", "10s", "--json").records[0]["tick"]
        == 3
    )
    assert told("tick", "list", "--as-of", "2026-01-01T00:01:00Z", "--last", "10s", "--json").out == ""
    assert "7s ago" in told("tick", "show", "3", "--as-of", 11).out


@pytest.mark.parametrize(
    ("as_of", "code", "why"),
    [
        ("999", 1, "the log has never been at position 999, it has "),
        ("20260131", 1, "give a position from 0 to "),
        ("2025-12-31", 1, "it begins at 2026-01-01T00:00:00+00:00; give a later time, or position 0"),
        ("9000-01-01", 1, "the log knows nothing of 9000-01-01T00:00:00+00:00: it is to come"),
        (
            "yesterday",
            2,
            "'yesterday' is neither a position nor a moment: expected a number of events such as 1200",
        ),
        ("", 2, "is neither a position nor a moment"),
        ("1.5", 2, "is neither a position nor a moment"),
        ("9" * 5000, 2, "is neither a position nor a moment"),
        ("99999999d", 2, "is neither a position nor a moment"),
        ("٣", 2, "is neither a position nor a moment"),
        ("-1", 2, ""),
    ],
)
def test_a_moment_that_there_was_not_is_refused(as_of: str, code: int, why: str, told: CommandLine) -> None:
    result = told("sensor", "list", "--as-of", as_of)

    assert (result.code, result.out) == (code, "")
    assert why in result.err
    assert result.err.count("\n") == 1


def test_what_a_process_wrote_is_shown_of_a_run_that_had_ended(told: CommandLine, story: Story) -> None:
    """Seen to fail when `run logs` showed the files of a run that went on then."""
    folder = Home.open(told.home, create=False).run_folder("run-6", create=True)
    (folder / "stdout").write_text("printed\n")
    end = next(
        record["offset"] for record in told("log", "--json").records if record["event"] == "RunSucceeded"
    )

    during, after = (
        told("run", "logs", "run-6", "--as-of", end),
        told("run", "logs", "run-6", "--as-of", end + 1),
    )

    assert "printed" not in during.out
    assert "run run-6 was STARTED: what its process had written by then is not known" in during.err
    assert after.out == told("run", "logs", "run-6").out
    assert "printed" in after.out


def test_what_was_cannot_be_changed(told: CommandLine, story: Story) -> None:
    for change in (["--set", "x"], ["--clear"]):
        result = told("sensor", "cursor", "files", *change, "--as-of", 3)

        assert "give one of --as-of and --set or --clear, not both: what was cannot be changed" in result.err
    assert told.head() == story.head


def test_a_position_may_lie_within_an_append(told: CommandLine, story: Story) -> None:
    """The tick at offset 3 ended in one append, at the offsets from 4 on; in the middle of it, it had not."""
    begin = next(offset for offset, event in enumerate(story.events) if event.at == BEGIN + 4_000_000)
    assert begin == 4

    (tick,) = told("tick", "list", "--as-of", begin + 3, "--json").records

    assert (tick["status"], tick["runs"]) == ("STARTED", ["run-6"])
