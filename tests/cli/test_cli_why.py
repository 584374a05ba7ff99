"""`ticktrail why`: from a run back to what began it all."""

from __future__ import annotations

import pytest

from command_line import CommandLine, Result
from story import Story
from ticktrail.core.events import (
    AssetMaterialized,
    CursorReset,
    RequestsPutOff,
    RunKeysReleased,
    RunRequested,
    SensorDefined,
    SensorReacted,
    SensorRetired,
    SensorStarted,
    TickCompleted,
    TickStarted,
)


def defined(
    story: Story, sensor: str, kind: str = "STANDARD", fingerprint: str = "f1", cron: str | None = None
) -> int:
    event = SensorDefined(
        at=story.at,
        sensor=sensor,
        kind=kind,
        interval=30.0,
        default_status="RUNNING",
        fingerprint=fingerprint,
        cron_schedule=cron,
    )
    return story.add(event)


def woken(story: Story, sensor: str, cause: int | None, *reacted: int, requests: int = 1) -> list[str]:
    """Let a sensor tick because of an event, react to some and ask for runs; return their ids."""
    tick = story.add(
        TickStarted(at=story.at, sensor=sensor, cursor=None, fingerprint="f1", engine="e", cause=cause)
    )
    at = story.at
    runs = [f"{sensor}-{tick}-{number}" for number in range(requests)]
    story.add(
        *(SensorReacted(at=at, tick=tick, sensor=sensor, cause=offset) for offset in reacted),
        *(RunRequested(at=at, run=run, job="mend", tick=tick, sensor=sensor) for run in runs),
        TickCompleted(
            at=at, tick=tick, sensor=sensor, duration=0.1, requested=requests, reacted=len(reacted)
        ),
    )
    return runs


@pytest.fixture
def story() -> Story:
    """The tick 1 of `files` asked for run-3, which failed."""
    story = Story()
    story.define("files")
    (run,) = story.end_tick(story.start_tick("files"), "a", cursor="c1", logs=["looking"])
    story.start_run(run)
    story.fail(run, "KeyError: 'rows'")
    return story


def why(ticktrail: CommandLine, story: Story, run: str) -> Result:
    ticktrail.tell(story)
    result = ticktrail("why", run)
    assert result.code == 0, result.err
    return result


def titles(ticktrail: CommandLine, story: Story, run: str) -> list[str]:
    ticktrail.tell(story)
    return [step["title"] for step in ticktrail("why", run, "--json").record["chain"]]


def root(ticktrail: CommandLine, run: str) -> str:
    told: str = ticktrail("why", run, "--json").record["root"]
    return told


def test_a_run_of_a_tick_is_told_with_its_outcome_and_all_that_led_to_it(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when the events of the tick were left out."""
    lines = why(ticktrail, story, "run-3").out.splitlines()

    assert lines[0] == "run run-3 of j  FAILURE"
    facts = {line[:9].strip(): line[9:].strip() for line in lines[1 : lines.index("")]}
    assert facts["run key"] == "a"
    assert facts["took"] == "1.00 s"
    assert facts["error"] == "KeyError: 'rows'"
    assert facts["root"] == "files was due: it ticks every 30 s"
    assert "run run-3 of j was requested by tick 1 of files" in lines
    told = [" ".join(line.split()) for line in lines if line.startswith("    ")]
    assert [line.split()[0] for line in told] == ["0", "1", "2", "3", "4", "5"]
    assert told[0].endswith("code f1 (still the current code)")
    assert told[1].endswith("TickStarted files cursor none (due every 30 s)")
    assert told[2].endswith("INFO looking")
    assert told[3].endswith("run run-3 of j for run key 'a'")
    assert told[4].endswith("none → 'c1'")
    assert told[5].endswith("1 run requested (250 ms)")


def test_the_first_letters_of_the_id_are_enough_if_they_are_unique(
    ticktrail: CommandLine, story: Story
) -> None:
    story.end_tick(story.start_tick("files"), "b")
    ticktrail.tell(story)

    assert ticktrail("why", "run-3", "--json").record["run"] == "run-3"
    ambiguous, missing, empty = ticktrail("why", "run"), ticktrail("why", "x"), ticktrail("why", "")
    assert (ambiguous.code, missing.code, empty.code) == (1, 1, 2)
    assert "2 runs start with 'run': run-3, run-10; give more of the id" in ambiguous.err
    assert missing.err == "ticktrail: there is no run 'x': see `ticktrail run list`\n"


def test_a_run_launched_by_hand_has_the_operator_at_its_root(ticktrail: CommandLine, story: Story) -> None:
    story.add(RunRequested(at=story.at, run="hand", job="j", actor="ann@host"))

    out = why(ticktrail, story, "hand").out

    assert "run hand of j was requested by ann@host" in out
    assert root(ticktrail, "hand") == "ann@host asked for it"


def test_a_schedule_has_its_moment_at_the_root(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when a schedule was taken for a sensor with an interval."""
    defined(story, "nightly", kind="SCHEDULE", cron="0 6 * * *")
    tick = story.add(
        TickStarted(
            at=story.at,
            sensor="nightly",
            cursor=None,
            fingerprint="f1",
            engine="e",
            scheduled_for=story.begin,
        )
    )
    story.add(RunRequested(at=story.at, run="night", job="j", tick=tick, sensor="nightly"))
    ticktrail.tell(story)

    assert (
        root(ticktrail, "night") == "the moment 2026-01-01 00:00:00.000 of the schedule nightly (0 6 * * *)"
    )


def test_a_reaction_is_followed_to_the_run_it_was_about_and_on_to_the_root(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when only the first step was followed."""
    defined(story, "failures", kind="RUN_STATUS")
    failed = story.head - 2
    (first,) = woken(story, "failures", failed, failed)
    story.start_run(first)
    failed_too = story.fail(first)
    (second,) = woken(story, "failures", failed_too, failed_too)

    assert titles(ticktrail, story, second) == [
        f"run {second[:8]} of mend was requested by tick 17 of failures",
        f"run {first[:8]} of mend was requested by tick 10 of failures",
        "run run-3 of j was requested by tick 1 of files",
    ]
    assert root(ticktrail, second) == "files was due: it ticks every 30 s"
    out = ticktrail("why", second).out
    assert "\nbecause run run-3 of j was requested by tick 1 of files\n" in out
    assert "(woken by event 8)" in out
    assert "step s: KeyError: 'rows'" in out


def test_a_run_of_an_asset_sensor_leads_to_the_run_that_made_the_asset(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when only events of the same run were followed, not those about an asset that it made."""
    made = story.materialize("orders", run="run-3")
    (run,) = woken(story, "orders", made)

    assert titles(ticktrail, story, run)[1] == "run run-3 of j was requested by tick 1 of files"


def test_an_asset_that_a_tick_reported_leads_to_that_tick(ticktrail: CommandLine, story: Story) -> None:
    tick = story.start_tick("files")
    story.end_tick(tick, materialized=["orders"])
    (run,) = woken(story, "orders", tick + 1, tick + 1)

    assert titles(ticktrail, story, run)[1] == f"asset orders was reported by tick {tick} of files"
    assert "AssetMaterialized asset orders" in ticktrail("why", run).out


def test_an_asset_that_was_reported_from_outside_is_the_root(ticktrail: CommandLine, story: Story) -> None:
    made = story.add(AssetMaterialized(at=story.at, asset="orders"))
    (run,) = woken(story, "orders", made, made)
    ticktrail.tell(story)

    assert root(ticktrail, run) == f"event {made}: AssetMaterialized asset orders without a run"


def test_of_several_events_that_a_tick_reacted_to_the_one_in_the_requests_place_is_followed(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when the first event was taken for all requests."""
    first, second = (story.materialize("orders") for _ in range(2))
    _, run = woken(story, "orders", first, first, second, requests=2)

    out = why(ticktrail, story, run).out

    assert root(ticktrail, run).startswith(f"event {second}: ")
    assert "(told by its place among the tick's events)" in out
    assert f"to event {first}" not in out


def test_what_the_log_does_not_tell_is_not_guessed(ticktrail: CommandLine, story: Story) -> None:
    """Two reactions and one request. Seen to fail when the first event was taken."""
    first, second = (story.materialize("orders") for _ in range(2))
    (run,) = woken(story, "orders", first, first, second)
    ticktrail.tell(story)

    assert root(ticktrail, run) == (
        "one of the 2 events that the tick reacted to; the log does not say which"
    )


def test_a_tick_that_asks_again_for_what_was_put_off_leads_to_the_tick_that_put_it_off(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when what an earlier tick than the last one had put off still counted."""
    tick = story.start_tick("files")
    put_off = RequestsPutOff(
        at=story.at, tick=tick, sensor="files", count=7, limit=5, why="per tick", again_at=story.at
    )
    story.add(put_off, story.end_of_skipped(tick))
    (asked_again,) = story.end_tick(story.start_tick("files"), "b")
    (later,) = story.end_tick(story.start_tick("files"), "d")

    assert titles(ticktrail, story, asked_again)[1] == f"run requests were put off by tick {tick} of files"
    assert root(ticktrail, asked_again) == "files was due: it ticks every 30 s"
    assert "again at 2026-01-01 00:00:10.000  (so it ticked again)" in ticktrail("why", asked_again).out
    assert len(titles(ticktrail, story, later)) == 1


def test_code_that_was_replaced_since_is_told_from_the_current_one(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when the newest definition was taken for that of the tick."""
    later = defined(story, "files", fingerprint="f2")
    ticktrail.tell(story)

    assert (
        f"code f1  (since 2026-01-01 00:00:09.000 replaced by code f2, see {later})"
        in ticktrail("why", "run-3").out
    )
    (step,) = ticktrail("why", "run-3", "--json").record["chain"]
    assert (step["code"], step["code_is_current"]) == ("f1", False)


def test_code_that_was_replaced_and_came_back_is_the_current_one(
    ticktrail: CommandLine, story: Story
) -> None:
    defined(story, "files", fingerprint="f2")
    defined(story, "files", fingerprint="f1")

    assert "(still the current code)" in why(ticktrail, story, "run-3").out


def test_a_sensor_that_was_retired_since_is_told_as_such(ticktrail: CommandLine, story: Story) -> None:
    story.add(SensorRetired(at=story.at, sensor="files"))

    assert "(retired since 2026-01-01 00:00:09.000, see 9)" in why(ticktrail, story, "run-3").out


def test_the_release_that_made_a_run_key_free_is_told(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when releases of other run keys, or those behind the request, counted."""
    released = RunKeysReleased(at=story.at, sensor="files", actor="ann@host", run_keys=["a"], reason="lost")
    story.add(released)
    story._owners.clear()
    run, other = story.end_tick(story.start_tick("files"), "a", "b")
    story.release("files", "a")
    ticktrail.tell(story)

    assert root(ticktrail, run).endswith("; ann@host (lost) had released its run key")
    assert "by ann@host: lost  (so this run key could be requested once more)" in ticktrail("why", run).out
    assert "released" not in root(ticktrail, "run-3")
    assert "released" not in root(ticktrail, other)


def test_a_cursor_that_an_operator_set_is_told_of_the_tick_that_began_with_it(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when a cursor that a tick had moved since still counted as the operator's."""
    reset = CursorReset(at=story.at, sensor="files", actor="ann@host", before="c1", after="c0")
    story.add(reset)
    story._cursors["files"] = "c0"
    (at_once,) = story.end_tick(story.start_tick("files"), "b", cursor="c1")
    story.end_tick(story.start_tick("files"), cursor="c0")
    (later,) = story.end_tick(story.start_tick("files"), "d")
    ticktrail.tell(story)

    assert root(ticktrail, at_once).endswith("; ann@host had set the cursor to 'c0'")
    assert "cursor" not in root(ticktrail, later)
    assert "cursor" not in root(ticktrail, "run-3")


def test_the_operator_who_switched_the_sensor_on_is_told(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files", default="STOPPED")
    story.add(SensorStarted(at=story.at, sensor="files", actor="ann@host", reason="new month"))
    (run,) = story.end_tick(story.start_tick("files"), "a")

    assert "SensorStarted    files           by ann@host: new month" in why(ticktrail, story, run).out


def test_a_tick_with_many_log_lines_shows_the_first_and_says_where_the_others_are(
    ticktrail: CommandLine,
) -> None:
    story = Story()
    story.define("files")
    (run,) = story.end_tick(story.start_tick("files"), "a", logs=[f"line {number}" for number in range(30)])

    out = why(ticktrail, story, run).out

    assert "line 19" in out
    assert "line 20" not in out
    assert "10 more log lines: ticktrail tick show 1" in out


def test_a_chain_without_end_is_followed_a_hundred_steps(ticktrail: CommandLine) -> None:
    story = Story()
    cause, run = story.materialize("orders"), ""
    for _ in range(120):
        (run,) = woken(story, "orders", cause, cause)
        cause = story.materialize("orders", run=run)

    assert len(titles(ticktrail, story, run)) == 100
    assert root(ticktrail, run) == "further back than 100 steps"


def test_nothing_is_written(ticktrail: CommandLine, story: Story) -> None:
    why(ticktrail, story, "run-3")

    assert ticktrail.head() == story.head


def test_a_run_is_followed_down_to_the_listing_that_had_its_file(recorded: CommandLine) -> None:
    """Seen to fail when blobs were looked for behind the tape, and when any name was taken."""
    first, second, _ = sorted(recorded("run", "list", "--json").records, key=lambda run: run["run_key"])

    told = [line.strip() for line in recorded("why", second["run"]).out.splitlines()]
    folder = recorded.home.parent / "in"
    assert [line for line in told if line.startswith("it had read")] == [
        f"it had read listdir {folder}: '1.csv', among 2 names",
        f"it had read stat {folder}/1.csv",
    ]
    [step] = recorded("why", first["run"], "--json").record["chain"]
    assert step["seen"] == [f"listdir {folder}: '0.csv', which was all", f"stat {folder}/0.csv"]
