"""`ticktrail sensor preview` and `cursor plan` of sensors that react to runs and assets."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.home import DefinitionsSource, Home
from ticktrail.core.authoring.run_status_cursor import RunStatusCursor

REACTING = """
import ticktrail as dg


@dg.job
def mend():
    pass


@dg.run_failure_sensor(request_job=mend)
def failures(context):
    context.log.info(context.failure_event.message)
    if context.dagster_run.run_id == "run-2":
        raise ValueError("no idea")
    return dg.RunRequest(run_key=context.dagster_run.run_id)


@dg.asset_sensor(dg.AssetKey("orders"), job=mend)
def orders(context, entry):
    return dg.SkipReason(f"seen {entry.asset_materialization.partition}")


@dg.multi_asset_sensor([dg.AssetKey("orders")], job=mend)
def both(context):
    context.advance_all_cursors()
    return dg.RunRequest(run_key=context.cursor)


@dg.sensor(job=mend)
def reporting(context):
    context.instance.report_runless_asset_event(dg.AssetMaterialization("orders"))


defs = dg.Definitions(jobs=[mend], sensors=[failures, orders, both, reporting])
"""


@pytest.fixture
def reacting(ticktrail: CommandLine, tmp_path: Path) -> CommandLine:
    """A home with two runs that failed, at the offsets 6 and 9, and a materialization at 11."""
    path = tmp_path / "reacting.py"
    path.write_text(REACTING)
    story = Story()
    first, second = story.end_tick(story.start_tick("asking"), None, None)
    for run in (first, second):
        story.start_run(run)
        story.fail(run)
    story.end_tick(story.start_tick("asking"), materialized=["orders"])
    ticktrail.tell(story)
    source = DefinitionsSource(file=str(path))
    Home.open(ticktrail.home, create=False).remember_definitions(source)
    return ticktrail


def test_the_first_look_of_a_run_status_sensor_begins_after_what_was_before(reacting: CommandLine) -> None:
    result = reacting("sensor", "preview", "failures")

    assert result.code == 0
    assert result.out.startswith("skipped: Initiating failures.")


def test_a_preview_names_each_event_that_a_run_status_sensor_reacts_to_and_what_comes_of_it(
    reacting: CommandLine,
) -> None:
    head = reacting.head()

    result = reacting("sensor", "preview", "failures", "--cursor", str(RunStatusCursor(-1)))

    assert result.code == 1
    assert [line for line in result.out.splitlines() if line.startswith("event ")] == [
        "event 6 about run run-1: acts on it",
        "event 9 about run run-2: fails: ValueError: no idea",
    ]
    assert "error: 1 of 2 reactions failed: ValueError: no idea" in result.out
    assert result.out.count("would launch") == 1
    assert 'raise ValueError("no idea")' in result.err
    assert 'INFO    Execution of run for "j" failed.' in result.out
    assert reacting.head() == head


def test_a_preview_as_json_holds_the_reactions(reacting: CommandLine) -> None:
    record = reacting("sensor", "preview", "orders", "--json").record

    assert [(one["cause"], one["run"], one["skip_reason"]) for one in record["reactions"]] == [
        (11, None, "seen None")
    ]
    assert (record["requests"], record["cursor_after"]) == ([], "11")


def test_a_preview_of_a_multi_asset_sensor_shows_the_run_and_where_the_cursor_goes(
    reacting: CommandLine,
) -> None:
    record = reacting("sensor", "preview", "both", "--json").record

    assert [request["verdict"] for request in record["requests"]] == ["would launch"]
    assert record["cursor_after"] == """{"AssetKey(['orders'])": [null, 11, {}]}"""


def test_a_sensor_cannot_report_to_the_instance_of_a_preview(reacting: CommandLine) -> None:
    head = reacting.head()

    result = reacting("sensor", "preview", "reporting")

    assert result.code == 1
    assert "nothing can be reported to this instance: a preview stores nothing" in result.out
    assert reacting.head() == head


def test_a_planned_reset_reacts_to_events_once_more(reacting: CommandLine, tmp_path: Path) -> None:
    """Seen to fail when the plan had no `CursorReset`: the sensor then reacts to an event again."""
    for _ in range(2):
        result = reacting("cursor", "plan", "orders", "--clear", "-o", tmp_path / "p")
        reacting("cursor", "apply", tmp_path / "p")

    assert "event 11: skips it: seen None" in result.out
    records = reacting("log", "--json").records
    assert [record["cause"] for record in records if record["event"] == "SensorReacted"] == [11, 11]
    assert reacting("sensor", "cursor", "orders").out == "11\n"
    assert reacting("verify").code == 0


def test_a_reset_to_a_reaction_that_fails_is_not_planned(reacting: CommandLine) -> None:
    result = reacting("cursor", "plan", "failures", "--to", str(RunStatusCursor(-1)))

    assert result.code == 1
    assert "the evaluation of failures fails: 1 of 2 reactions failed: ValueError: no idea" in result.err
