"""`ticktrail sensor` on schedules: listing, cursors, previews."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from command_line import CommandLine
from ticktrail.adapters.home import DefinitionsSource, Home

SCHEDULES = """
import ticktrail as dg

@dg.op
def step(): ...

@dg.job
def nightly(): step()

@dg.schedule("0 6 * * *", job=nightly, execution_timezone="Europe/Berlin")
def at_six(context):
    return dg.RunRequest(run_key="a", tags={"time": context.scheduled_execution_time.isoformat()})

defs = dg.Definitions(schedules=[at_six])
"""


@pytest.fixture
def known(ticktrail: CommandLine, tmp_path: Path) -> CommandLine:
    """A home that remembers definitions with one schedule, of which its log knows nothing."""
    file = tmp_path / "schedules.py"
    file.write_text(SCHEDULES)
    home = Home.open(ticktrail.home, create=True)
    home.remember_definitions(DefinitionsSource(file=str(file)))
    return ticktrail


def test_the_list_shows_the_cron_schedule_in_place_of_an_interval(known: CommandLine) -> None:
    _, row = known("sensor", "list").out.splitlines()

    assert row.split()[:8] == ["at_six", "STOPPED", "code", "0", "6", "*", "*", "*"]


def test_a_schedule_is_started_and_stopped_like_a_sensor(known: CommandLine) -> None:
    assert known("sensor", "start", "at_six").out.startswith("at_six: STOPPED → RUNNING")
    assert known("sensor", "stop", "at_six").out.startswith("at_six: RUNNING → STOPPED")

    [record] = known("sensor", "list", "--json").records
    assert (record["kind"], record["cron_schedule"], record["timezone"]) == (
        "SCHEDULE",
        "0 6 * * *",
        "Europe/Berlin",
    )


def test_its_cursor_is_a_moment_and_kept_in_utc(known: CommandLine) -> None:
    known("sensor", "cursor", "at_six", "--set", "2026-01-31T06:00+01:00")

    assert known("sensor", "cursor", "at_six").out == "2026-01-31T05:00:00+00:00\n"


def test_a_cursor_that_is_no_moment_is_refused(known: CommandLine) -> None:
    result = known("sensor", "cursor", "at_six", "--set", "yesterday")

    assert result.code != 0
    assert "its cursor is the last moment that it has handled: give a time such as" in result.err
    assert known.head() == 0


def test_a_preview_evaluates_the_next_moment(known: CommandLine) -> None:
    result = known("sensor", "preview", "at_six", "--cursor", "2999-01-31T06:00+01:00", "--json")

    assert (result.code, result.record["cursor_after"]) == (0, "2999-02-01T05:00:00+00:00")
    [request] = result.record["requests"]
    assert request["verdict"] == "would launch"
    assert request["tags"]["time"] == "2999-02-01T06:00:00+01:00"
    assert request["tags"][".dagster/scheduled_execution_time"] == "2999-02-01T05:00:00+00:00"


def test_a_preview_tells_which_missed_moments_are_passed_over(known: CommandLine) -> None:
    result = known("sensor", "preview", "at_six", "--cursor", "2020-01-01T05:00+00:00")

    assert "missed moments before" in result.out
    assert "no more than the latest 5 are caught up" in result.out


def test_a_preview_from_an_earlier_cursor_evaluates_a_moment_that_was_missed(known: CommandLine) -> None:
    """Seen to fail when the cursor was put into the state by itself: what counts began when the schedule was defined."""
    known("sensor", "start", "at_six")

    result = known("sensor", "preview", "at_six", "--cursor", "2024-01-31T06:00+01:00", "--json")

    assert result.record["cursor_after"] < datetime.now(UTC).isoformat()


def test_a_reset_of_a_schedule_is_planned_for_a_moment_and_made_so(
    known: CommandLine, tmp_path: Path
) -> None:
    """Seen to fail when `TickStarted` did not say what it was scheduled for."""
    known("sensor", "start", "at_six")
    plan = known(
        "cursor", "plan", "at_six", "--to", "2024-01-31T06:00+01:00", "-o", tmp_path / "p", "--json"
    ).record
    [planned] = plan["listing"]["launch"]
    moment = plan["listing"]["cursor"]

    applied = known("cursor", "apply", tmp_path / "p")

    assert "1 run requested" in applied.out
    assert plan["cursor_to_be"] == "2024-01-31T05:00:00+00:00"
    assert planned["run_key"] == f"a @ {moment}"
    [run] = known("run", "list", "--json").records
    assert (run["run"], run["run_key"]) == (planned["run"], planned["run_key"])
    assert known("sensor", "cursor", "at_six").out == f"{moment}\n"
    [tick] = known("tick", "list", "--json").records
    assert tick["scheduled_for"] == plan["scheduled_for"]
    assert known("verify").code == 0


@pytest.mark.parametrize(
    ("cursor", "code", "told"),
    [
        ("2999-01-31T06:00+01:00", 1, "which has not come yet: there is nothing to plan"),
        ("yesterday", 2, "its cursor is the last moment that it has handled: give a time such as"),
    ],
)
def test_a_moment_that_is_to_come_is_not_planned(
    cursor: str, code: int, told: str, known: CommandLine
) -> None:
    result = known("cursor", "plan", "at_six", "--to", cursor)

    assert result.code == code
    assert told in result.err
