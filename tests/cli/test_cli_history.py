"""`ticktrail tick`, `run` and `log`: what happened, and why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.home import Home
from ticktrail.core.events import RunRequested, TickInterrupted


@pytest.fixture
def story() -> Story:
    """Three ticks: 1 asks for runs, 7 repeats a key and has a request rejected, 11 skips; one run each way."""
    story = Story()
    story.define("files")
    done, failed = story.end_tick(story.start_tick("files"), "a", "b", cursor="c1", logs=["looking"])
    story.end_tick(story.start_tick("files"), "a", rejected=["unknown job 'x'"])
    story.end_tick(story.start_tick("files"), reason="no new file", cursor="c2")
    story.start_run(done)
    story.log_step(done, "[red] 3 rows")
    story.succeed(done)
    story.start_run(failed)
    story.fail(failed, "KeyError: 'rows'")
    return story


TICKS = (1, 7, 11)


@pytest.fixture
def told(ticktrail: CommandLine, story: Story) -> CommandLine:
    ticktrail.tell(story)
    return ticktrail


# --- ticks --------------------------------------------------------------------------------------


def test_ticks_are_listed_the_latest_first(told: CommandLine) -> None:
    header, *rows = told("tick", "list").out.splitlines()

    assert header.split() == ["ID", "SENSOR", "STARTED", "STATUS", "TOOK", "CURSOR", "WHAT"]
    assert [int(row.split()[0]) for row in rows] == [*reversed(TICKS)]
    assert ["SKIPPED" in rows[0], "no new file" in rows[0]] == [True, True]
    assert ["FAILURE" in rows[1], "unknown job 'x', 1 run key already used" in rows[1]] == [True, True]
    assert ["SUCCESS" in rows[2], "2 runs" in rows[2]] == [True, True]


def test_a_long_reason_is_cut_so_that_a_row_fits_100_columns(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files")
    story.end_tick(story.start_tick("files"), reason="no\nnew file " * 100)
    ticktrail.tell(story)

    row = ticktrail("tick", "list").out.splitlines()[1]

    assert len(row) <= 100
    assert "SKIPPED" in row
    assert row.rstrip().endswith("…")


def test_ticks_are_filtered_by_sensor_status_and_age(told: CommandLine, story: Story) -> None:
    def ids(*options: str) -> list[int]:
        return [record["tick"] for record in told("tick", "list", *options, "--json").records]

    assert ids("--status", "SUCCESS") == [1]
    assert ids("files", "--limit", "1") == [TICKS[2]]
    assert ids("other") == []
    assert ids("--last", "2026-01-01T00:00:05+00:00") == [TICKS[2], TICKS[1]]
    assert ids("--last", "1s") == []


def test_an_empty_list_says_so_beside_the_table(told: CommandLine) -> None:
    assert told("tick", "list", "other").err == "no such ticks\n"
    assert told("tick", "list", "other", "--json").out == ""


def test_a_moment_that_cannot_be_read_is_wrong_usage(told: CommandLine) -> None:
    result = told("tick", "list", "--last", "yesterday")

    assert result.code == 2
    assert "'yesterday' is no moment: expected a length of time such as 90s" in result.err


def test_a_tick_shows_its_log_lines_requests_cursor_and_runs(told: CommandLine) -> None:
    out = told("tick", "show", 1).out

    assert out.splitlines()[0] == "tick 1 of files  SUCCESS"
    assert "INFO looking" in out
    assert "run run-3 of j for run key 'a'" in out
    assert "none → 'c1'" in out
    assert "2 runs requested (250 ms)" in out
    assert [line for line in out.splitlines() if line.startswith("run-")] == [
        "run-3  j  SUCCESS  ",
        "run-4  j  FAILURE  KeyError: 'rows'",
    ]


def test_a_repeated_key_names_the_run_it_was_used_by(told: CommandLine) -> None:
    assert "run key 'a' already used by the request at 3, by run run-3" in told("tick", "show", 7).out

    events = told("tick", "show", 7, "--json").record["events"]
    (verdict,) = [event for event in events if event["event"] == "RunKeyRepeated"]
    assert (verdict["owner"], verdict["owner_run"]) == (3, "run-3")


def test_an_interrupted_tick_says_why(ticktrail: CommandLine) -> None:
    story = Story()
    tick = story.start_tick("files")
    story.add(TickInterrupted(at=story.at, tick=tick, sensor="files", reason="the engine was killed"))
    ticktrail.tell(story)

    out = ticktrail("tick", "show", tick).out

    assert "INTERRUPTED" in out
    assert "the engine was killed" in out


@pytest.mark.parametrize(
    ("tick", "told_why"),
    [
        ("3", "offset 3 is a RunRequested, of tick 1: try `ticktrail tick show 1`"),
        ("0", "offset 0 is a SensorDefined"),
        ("999", "see `ticktrail tick list`"),
    ],
)
def test_an_id_of_no_tick_is_refused_with_what_is_there(tick: str, told_why: str, told: CommandLine) -> None:
    result = told("tick", "show", tick)

    assert (result.code, result.out) == (1, "")
    assert told_why in result.err


# --- runs ---------------------------------------------------------------------------------------


def test_runs_are_listed_with_their_outcome(told: CommandLine) -> None:
    header, failed, done = told("run", "list").out.splitlines()

    assert header.split() == [
        "ID",
        "JOB",
        "STATUS",
        "REQUESTED",
        "TOOK",
        "ASKED",
        "BY",
        "RUN",
        "KEY",
        "ERROR",
    ]
    assert failed.split()[:3] == ["run-4", "j", "FAILURE"]
    assert failed.rstrip().endswith("files     b        KeyError: 'rows'")
    assert done.split()[:3] == ["run-3", "j", "SUCCESS"]


def test_runs_are_filtered_by_status_job_and_number(told: CommandLine) -> None:
    def ids(*options: str) -> list[str]:
        return [record["run"] for record in told("run", "list", *options, "--json").records]

    assert ids() == ["run-4", "run-3"]
    assert ids("--status", "SUCCESS") == ["run-3"]
    assert ids("--job", "j", "--limit", "1") == ["run-4"]
    assert ids("--job", "k") == []


def test_a_run_shows_who_asked_and_how_it_ended(told: CommandLine) -> None:
    out = told("run", "show", "run-4").out

    assert out.splitlines()[0] == "run run-4 of j  FAILURE"
    assert "tick 1 of files" in out
    assert "a=b" in out
    assert "RunFailed" in out
    assert "Traceback" in out


def test_a_run_is_found_by_the_first_letters_of_its_id_if_they_are_unique(told: CommandLine) -> None:
    ambiguous, missing = told("run", "show", "run"), told("run", "show", "x")

    assert (ambiguous.code, missing.code) == (1, 1)
    assert "2 runs start with 'run': run-3, run-4; give more of the id" in ambiguous.err
    assert "there is no run 'x': see `ticktrail run list`" in missing.err


def test_the_letters_of_one_run_are_enough(ticktrail: CommandLine) -> None:
    story = Story()
    story.add(RunRequested(at=story.at, run="abcdef", job="j", actor="ann"))
    ticktrail.tell(story)

    record = ticktrail("run", "show", "abc", "--json").record

    assert (record["run"], record["actor"], record["status"]) == ("abcdef", "ann", "QUEUED")
    assert [event["event"] for event in record["events"]] == ["RunRequested"]


def test_the_logs_of_a_run_are_its_lines_and_what_its_process_wrote(told: CommandLine) -> None:
    folder = Home.open(told.home, create=False).run_folder("run-3", create=True)
    (folder / "stdout").write_bytes(b"printed\nbroken \xff\n")
    (folder / "stderr").write_text("")

    out = told("run", "logs", "run-3").out

    assert "[red] 3 rows" in out
    assert out.endswith("\nstdout\nprinted\nbroken �\n")
    assert told("run", "logs", "run-3", "--json").records[-2] == {"source": "stdout", "message": "printed"}


def test_a_run_without_logs_says_so(told: CommandLine) -> None:
    assert "run run-4 is FAILURE and has no logs on this machine" in told("run", "logs", "run-4").err


# --- the audit trail ----------------------------------------------------------------------------


def test_the_trail_has_one_line_per_event_with_its_cause(told: CommandLine, story: Story) -> None:
    lines = told("log").out.splitlines()

    assert len(lines) == story.head
    assert lines[3].split(maxsplit=3)[:3] == ["3", "2026-01-01", "00:00:02.000"]
    assert "RunRequested" in lines[3]
    assert lines[3].endswith("run run-3 of j for run key 'a'  ← 1")
    assert lines[0].split()[3:5] == ["SensorDefined", "files"]
    assert "←" not in lines[0]


def test_the_trail_as_json_holds_every_field(told: CommandLine, story: Story) -> None:
    records = told("log", "--json").records

    assert [record["offset"] for record in records] == list(range(story.head))
    assert records[5] == {
        "offset": 5,
        "event": "CursorUpdated",
        "at": story.begin + 2_000_000,
        "tick": 1,
        "sensor": "files",
        "before": None,
        "after": "c1",
        "writer": "engine:1",
    }


def test_the_trail_of_a_sensor_holds_its_runs_and_no_other_sensor(
    ticktrail: CommandLine, story: Story
) -> None:
    story.define("other")
    (run,) = story.end_tick(story.start_tick("other"), "a")
    story.start_run(run)
    ticktrail.tell(story)

    offsets = [record["offset"] for record in ticktrail("log", "--sensor", "files", "--json").records]
    others = [record["offset"] for record in ticktrail("log", "--sensor", "other", "--json").records]

    assert sorted(offsets + others) == list(range(story.head))
    assert "RunStarted" in ticktrail("log", "--sensor", "files").out


def test_the_trail_begins_where_it_is_told(told: CommandLine, story: Story) -> None:
    records = told("log", "--since", "2026-01-01T00:00:07+00:00", "--json").records

    assert records[0]["offset"] == 7
    assert told("log", "--since", "1h").out == ""


def test_a_text_over_several_lines_stays_on_one(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files")
    story.fail_tick(story.start_tick("files"), "ValueError: first\nsecond")
    ticktrail.tell(story)

    assert len(ticktrail("log").out.splitlines()) == 3


def test_no_colours_where_there_is_no_terminal(told: CommandLine) -> None:
    for arguments in (["log"], ["tick", "show", "1"], ["sensor", "list"], ["run", "list"]):
        assert "\x1b" not in told(*arguments).out


def test_following_writes_what_is_appended_and_ends_well_when_interrupted(
    told: CommandLine, story: Story
) -> None:
    command = [sys.executable, "-m", "ticktrail", "log", "--follow", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ), text=True)
    assert process.stdout is not None
    with process:
        for _ in range(story.head):
            process.stdout.readline()
        story.define("late")
        told.tell(story)

        record = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)

        assert (record["event"], record["sensor"]) == ("SensorDefined", "late")
        assert process.wait() == 0


def test_a_reader_that_goes_away_early_is_no_error(told: CommandLine) -> None:
    story = Story()
    story.define("files")
    for _ in range(3000):
        story.end_tick(story.start_tick("files"))
    story.appends = [story.events]
    other = told.home.with_name("long")
    told.home = other
    told.tell(story)

    command = [sys.executable, "-m", "ticktrail", "log", "--home", str(other)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout is not None and process.stderr is not None
    with process:
        process.stdout.readline()
        process.stdout.close()

        assert process.stderr.read() == b""


def test_relative_ages_are_readable(ticktrail: CommandLine) -> None:
    story = Story(begin=time.time_ns() // 1000 - 3 * 3600 * 1_000_000)
    story.define("files")
    story.end_tick(story.start_tick("files"))
    ticktrail.tell(story)

    assert "3h ago" in ticktrail("tick", "list", "--last", "4h").out
    assert ticktrail("tick", "list", "--last", "2h", "--json").out == ""


def test_definitions_are_not_needed_to_look_back(told: CommandLine, tmp_path: Path) -> None:
    assert not list(tmp_path.glob("*.py"))
    assert told("tick", "list").code == 0
