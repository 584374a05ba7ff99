"""`ticktrail limit`, `run cancel` and `sensor release-keys`."""

from __future__ import annotations

import io
import sys
from contextlib import closing

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.home import Home
from ticktrail.core.events import AnyEvent, ConcurrencyLimitSet, RunCanceled, RunKeysReleased


@pytest.fixture
def story() -> Story:
    story = Story()
    story.define("files")
    first, _, _ = story.end_tick(story.start_tick("files"), "a", "b", "c")
    story.start_run(first)
    return story


@pytest.fixture
def told(ticktrail: CommandLine, story: Story) -> CommandLine:
    ticktrail.tell(story)
    return ticktrail


def last(told: CommandLine) -> AnyEvent:
    home = Home.open(told.home, create=False)
    with closing(home.log()) as log:
        return [event for frame in log.read() for event in frame.events][-1]


def test_a_limit_is_set_listed_and_cleared(told: CommandLine) -> None:
    set_ = told("limit", "set", "job:j", "2", "--reason", "nightly load", "--actor", "ann")
    event = last(told)
    listed = told("limit", "list", "--json").records
    cleared = told("limit", "clear", "job:j")

    assert set_.out == "job:j: unlimited → at most 2\n"
    assert isinstance(event, ConcurrencyLimitSet)
    assert (event.limit, event.max_runs, event.actor, event.reason) == ("job:j", 2, "ann", "nightly load")
    assert [(row["limit"], row["going_on"], row["waiting"]) for row in listed] == [("job:j", 1, 2)]
    assert cleared.out == "job:j: at most 2 → unlimited\n"
    assert "no limits are set" in told("limit", "list").err


def test_a_limit_that_is_so_already_is_not_set_again(told: CommandLine) -> None:
    told("limit", "set", "runs", "0")
    before = last(told)

    assert told("limit", "set", "runs", "0").out == "runs is at most 0 already\n"
    assert last(told) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "jobs:j", "2"), "'jobs:j' names no limit: give runs"),
        (("set", "job:j", "-1"), "give 0 or more"),
        (("set", "job:j", "many"), "many"),
    ],
)
def test_a_wrong_limit_is_refused(told: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    before = last(told)

    result = told("limit", *arguments)

    assert result.code in (1, 2)
    assert said in result.err
    assert last(told) == before


def test_runs_that_wait_are_canceled_and_one_that_goes_on_is_not(told: CommandLine) -> None:
    result = told("run", "cancel", "--sensor", "files", "--actor", "ann")
    event = last(told)

    assert result.out == "2 runs canceled\n"
    assert isinstance(event, RunCanceled)
    assert (event.actor, event.reason) == ("ann", "canceled by an operator")
    assert sorted(row["status"] for row in told("run", "list", "--json").records) == [
        "CANCELED",
        "CANCELED",
        "STARTED",
    ]
    assert told("verify").code == 0


def test_a_run_that_goes_on_is_not_canceled_by_its_id(told: CommandLine) -> None:
    (run,) = [row["run"] for row in told("run", "list", "--json").records if row["status"] == "STARTED"]

    result = told("run", "cancel", run)

    assert result.code == 1
    assert f"run {run} is STARTED: only runs that wait can be canceled" in result.err


def test_an_unknown_run_or_none_is_refused(told: CommandLine) -> None:
    assert "no runs start with 'zzz'" in told("run", "cancel", "zzz").err
    assert told("run", "cancel").code == 2


def test_run_keys_are_released_if_they_are_taken(told: CommandLine) -> None:
    result = told("sensor", "release-keys", "files", "a", "c", "never")
    event = last(told)

    assert result.out == "2 of 3 run keys of files were taken, and are free now\n"
    assert isinstance(event, RunKeysReleased)
    assert event.run_keys == ["a", "c"]
    assert told("sensor", "release-keys", "files", "a").out.startswith("0 of 1 run keys")
    assert told("verify").code == 0


def test_run_keys_are_read_from_standard_input(told: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if a key that is given twice counts twice, or if the end of a line stays with its key."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("a\r\n\nb\na\n"))

    result = told("sensor", "release-keys", "files", "-", "--json")

    assert result.record["released"] == ["a", "b"]
    event = last(told)
    assert isinstance(event, RunKeysReleased)
    assert event.run_keys == ["a", "b"]


def test_run_keys_may_begin_with_a_hyphen_and_options_follow_them(told: CommandLine) -> None:
    result = told("sensor", "release-keys", "files", "-1", "a", "--reason", "again", "--actor", "ann")

    assert result.out == "1 of 2 run keys of files were taken, and are free now\n"
    event = last(told)
    assert isinstance(event, RunKeysReleased)
    assert (event.run_keys, event.reason, event.actor) == (["a"], "again", "ann")


def test_a_misspelt_option_is_no_run_key(told: CommandLine) -> None:
    before = last(told)

    result = told("sensor", "release-keys", "files", "a", "--resaon", "b")

    assert result.code == 2
    assert "there is no option --resaon: a run key that begins so goes through standard input" in result.err
    assert last(told) == before


def test_no_run_keys_on_standard_input_is_refused(told: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))

    result = told("sensor", "release-keys", "files", "-")

    assert result.code == 2
    assert "give run keys, or - and one a line on standard input" in result.err


def test_run_keys_of_an_unknown_sensor_are_refused(told: CommandLine) -> None:
    assert "there is no sensor 'file'" in told("sensor", "release-keys", "file", "a").err


def test_runs_that_a_limit_holds_back_are_told_with_it(told: CommandLine) -> None:
    told("limit", "set", "job:j", "1")

    listed = told("run", "list")
    waiting = next(row["run"] for row in told("run", "list", "--json").records if row["status"] == "QUEUED")

    assert "2 runs wait since the limit job:j is reached" in listed.err
    assert "until the limit job:j has room" in told("run", "show", waiting).out
