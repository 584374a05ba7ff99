"""`ticktrail limit` and `run cancel`."""

from __future__ import annotations

from contextlib import closing

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.home import Home
from ticktrail.core.events import AnyEvent, ConcurrencyLimitSet, RunCanceled


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


def test_runs_that_a_limit_holds_back_are_told_with_it(told: CommandLine) -> None:
    told("limit", "set", "job:j", "1")

    listed = told("run", "list")
    waiting = next(row["run"] for row in told("run", "list", "--json").records if row["status"] == "QUEUED")

    assert "2 runs wait since the limit job:j is reached" in listed.err
    assert "until the limit job:j has room" in told("run", "show", waiting).out
