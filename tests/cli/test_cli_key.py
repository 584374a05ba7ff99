"""`ticktrail key`: who owns run keys, and freeing them."""

from __future__ import annotations

import io
import sys
from contextlib import closing

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.home import Home
from ticktrail.core.events import AnyEvent, RunKeysReleased

WHY = ("--reason", "mended")


@pytest.fixture
def story() -> Story:
    """`files` owns the run keys a (run-2, failed), b (run-3, succeeded) and c (run-4, waits)."""
    story = Story()
    story.define("files")
    first, second, _ = story.end_tick(story.start_tick("files"), "a", "b", "c")
    story.start_run(first)
    story.fail(first)
    story.start_run(second)
    story.succeed(second)
    return story


@pytest.fixture
def told(ticktrail: CommandLine, story: Story) -> CommandLine:
    ticktrail.tell(story)
    return ticktrail


def last(told: CommandLine) -> AnyEvent:
    home = Home.open(told.home, create=False)
    with closing(home.log()) as log:
        return [event for frame in log.read() for event in frame.events][-1]


# --- release ------------------------------------------------------------------------------------


def test_run_keys_are_released_if_they_are_taken(told: CommandLine) -> None:
    result = told("key", "release", "files", "a", "c", "never", *WHY)
    event = last(told)

    assert result.out == "2 of 3 run keys of files were taken, and are free now\n"
    assert isinstance(event, RunKeysReleased)
    assert event.run_keys == ["a", "c"]
    assert told("key", "release", "files", "a", *WHY).out.startswith("0 of 1 run keys")
    assert told("verify").code == 0


def test_run_keys_are_read_from_standard_input(told: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if a key that is given twice counts twice, or if the end of a line stays with its key."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("a\r\n\nb\na\n"))

    result = told("key", "release", "files", "-", "--json", *WHY)

    assert result.record["released"] == ["a", "b"]
    event = last(told)
    assert isinstance(event, RunKeysReleased)
    assert event.run_keys == ["a", "b"]


def test_run_keys_may_begin_with_a_hyphen_and_options_follow_them(told: CommandLine) -> None:
    result = told("key", "release", "files", "-1", "a", "--reason", "again", "--actor", "ann")

    assert result.out == "1 of 2 run keys of files were taken, and are free now\n"
    event = last(told)
    assert isinstance(event, RunKeysReleased)
    assert (event.run_keys, event.reason, event.actor) == (["a"], "again", "ann")


def test_a_misspelt_option_is_no_run_key(told: CommandLine) -> None:
    before = last(told)

    result = told("key", "release", "files", "a", "--resaon", "b", *WHY)

    assert result.code == 2
    assert "there is no option --resaon: a run key that begins so goes through standard input" in result.err
    assert last(told) == before


def test_no_run_keys_on_standard_input_is_refused(told: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))

    result = told("key", "release", "files", "-", *WHY)

    assert result.code == 2
    assert "give run keys, or - and one a line on standard input, or --failed-runs" in result.err


def test_run_keys_of_an_unknown_sensor_are_refused(told: CommandLine) -> None:
    assert "there is no sensor 'file'" in told("key", "release", "file", "a", *WHY).err


def test_run_keys_are_released_for_a_reason(told: CommandLine) -> None:
    before = last(told)

    result = told("key", "release", "files", "a")

    assert result.code == 2
    assert "--reason" in result.err
    assert last(told) == before


def test_the_keys_of_failed_runs_are_released(told: CommandLine) -> None:
    """Seen to fail when the status of the owning run was not asked for, and when an earlier owner's counted."""
    result = told("key", "release", "files", "--failed-runs", *WHY)
    event = last(told)

    assert result.out == "1 run key of files had a run that failed: free now\n"
    assert isinstance(event, RunKeysReleased)
    assert (event.run_keys, event.reason) == (["a"], "mended")
    assert told("key", "release", "files", "--failed-runs", *WHY).out.startswith("0 run keys of files")
    assert last(told) == event
    assert told("verify").code == 0


def test_a_key_whose_run_failed_is_not_released_once_another_run_owns_it(
    told: CommandLine, story: Story
) -> None:
    """Seen to fail when the first run that had the key counted, not the one that owns it."""
    story.release("files", "a")
    [again] = story.end_tick(story.start_tick("files"), "a")
    story.start_run(again)
    told.tell(story)

    assert told("key", "release", "files", "--failed-runs", *WHY, "--json").record["released"] == []


def test_of_keys_that_are_given_those_of_failed_runs_are_released(told: CommandLine, story: Story) -> None:
    """Seen to fail when all keys of failed runs were released, given or not."""
    story.define("others")
    other, given = story.end_tick(story.start_tick("files"), "d", "e")
    theirs = story.end_tick(story.start_tick("others"), "e", "b")
    for run in (other, given, *theirs):
        story.start_run(run)
        story.fail(run)
    told.tell(story)

    result = told("key", "release", "files", "b", "e", "never", "--failed-runs", *WHY, "--json")

    assert result.record["released"] == ["e"]


# --- show ---------------------------------------------------------------------------------------


def test_the_owner_of_a_key_is_shown_with_its_run(told: CommandLine) -> None:
    lines = told("key", "show", "files", "a").out.splitlines()

    assert lines[0] == "run key 'a' of files  owned by run run-2  FAILURE"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["job", "j"],
        ["tick", "1"],
        ["requested", "2026-01-01"],
        ["error", "ValueError:"],
    ]


def test_earlier_owners_and_releases_are_shown_in_order(told: CommandLine, story: Story) -> None:
    """Seen to fail when a release of another sensor's key of that name counted."""
    story.define("others")
    story.end_tick(story.start_tick("others"), "a")
    story.release("files", "a", "b")
    [again] = story.end_tick(story.start_tick("files"), "a")
    freed = story.release("others", "a")
    last_freed = story.release("files", "a")
    story.release("files", "a")
    told.tell(story)

    shown = told("key", "show", "files", "a")
    record = told("key", "show", "files", "a", "--json").record

    assert shown.out.startswith("run key 'a' of files  free, may be requested once more\n")
    rows = [line.split() for line in shown.out.splitlines()[-2:]]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("run-2", "j", "ann@host"),
        (again[:8], "j", "ann@host"),
    ]
    first, second = record["owners"]
    assert (first["run"], first["status"], first["tick"]) == ("run-2", "FAILURE", 1)
    assert (second["run"], second["status"]) == (again, "QUEUED")
    assert first["released"]["offset"] < freed < second["released"]["offset"] == last_freed


def test_who_owns_a_key_now_is_not_among_those_before(told: CommandLine) -> None:
    told("key", "release", "files", "a", "--reason", "again", "--actor", "bob")
    [record] = told("key", "show", "files", "b", "--json").records

    assert [(owner["run"], owner["released"]) for owner in record["owners"]] == [("run-3", None)]
    assert told("key", "show", "files", "a").out.rstrip().endswith("bob: again")


def test_a_key_may_begin_with_a_hyphen(told: CommandLine, story: Story) -> None:
    story.end_tick(story.start_tick("files"), "-1")
    told.tell(story)

    assert told("key", "show", "files", "-1").out.startswith("run key '-1' of files  owned by run ")


def test_a_key_that_was_never_requested_or_a_sensor_that_is_unknown_is_refused(told: CommandLine) -> None:
    never, unknown = told("key", "show", "files", "x"), told("key", "show", "file", "a")

    assert (never.code, unknown.code) == (1, 1)
    assert "files has never asked for the run key 'x': see `ticktrail run list`" in never.err
    assert "there is no sensor 'file': did you mean files?" in unknown.err
