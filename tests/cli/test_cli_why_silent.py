"""`ticktrail why-silent`: what keeps a sensor from requesting runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine, Result
from story import Story
from ticktrail.adapters.home import Home
from ticktrail.core.events import (
    EngineStarted,
    EngineStopped,
    RequestsPutOff,
    SensorDefined,
    SensorQuarantined,
    SensorRetired,
    SensorStatusReset,
    SensorStopped,
    TickInterrupted,
)


@pytest.fixture
def story() -> Story:
    """The tick 1 of `files` asked for run-2."""
    story = Story()
    story.define("files")
    story.end_tick(story.start_tick("files"), "a")
    return story


def ask(ticktrail: CommandLine, story: Story, *options: str, engine: bool = True) -> Result:
    """Ask about `files`, while an engine runs or none does."""
    ticktrail.tell(story)
    home = Home.open(ticktrail.home, create=False)
    if not engine:
        result = ticktrail("why-silent", "files", *options)
    else:
        with home.engine_lock():
            result = ticktrail("why-silent", "files", *options)
    assert result.code == 0, result.err
    return result


def kinds(ticktrail: CommandLine, story: Story, *options: str) -> list[str]:
    return [hindrance["kind"] for hindrance in told(ticktrail, story, *options)["hindrances"]]


def told(ticktrail: CommandLine, story: Story, *options: str) -> dict[str, Any]:
    return ask(ticktrail, story, *options, "--json").record


def text(ticktrail: CommandLine, story: Story, kind: str, *, engine: bool = True) -> str:
    record = ask(ticktrail, story, "--json", engine=engine).record
    (found,) = [hindrance["text"] for hindrance in record["hindrances"] if hindrance["kind"] == kind]
    assert kind in ask(ticktrail, story, engine=engine).out
    return str(found)


def test_a_sensor_whose_last_tick_requested_runs_is_not_silent(ticktrail: CommandLine, story: Story) -> None:
    out = ask(ticktrail, story).out

    assert out.splitlines()[0].startswith(
        "files  RUNNING  is not silent: the last tick that ended requested runs ("
    )
    assert "last run  run-2 of j for run key 'a', requested 2026-01-01 00:00:02.000" in out
    assert kinds(ticktrail, story) == []


def test_skips_are_counted_by_their_reason_since_the_last_run(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when skips from before the last run were counted, and when other sensors' were."""
    before = Story()
    before.define("files")
    before.define("other")
    for _ in range(2):
        before.end_tick(before.start_tick("files"), reason="old")
    before.end_tick(before.start_tick("files"), "a")
    reasons: list[str | None] = ["no new file", None, "no new file"]
    for reason in reasons:
        before.end_tick(before.start_tick("files"), reason=reason)
        before.end_tick(before.start_tick("other"), reason="theirs")
    before.end_tick(before.start_tick("files"), "a")

    out = ask(ticktrail, before).out
    outcomes = told(ticktrail, before)["outcomes"]

    assert [(outcome["count"], outcome["why"]) for outcome in outcomes] == [
        (2, "no new file"),
        (1, "all run keys already used"),
        (1, None),
    ]
    assert "no run requested since 2026-01-01 00:00:07.000" in out.splitlines()[0]
    rows = [line.split()[0] for line in out[out.index("WHY") :].splitlines()[1:]]
    assert rows == ["2", "1", "1"]
    skipping = text(ticktrail, before, "skipping")
    assert skipping.startswith("4 ticks since 2026-01-01 00:00:10.000 (")
    assert skipping.endswith("all run keys already used; `ticktrail tick show 21`")


def test_the_window_can_be_named(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when ticks from before the window were counted."""
    story.end_tick(story.start_tick("files"), reason="early")
    story.end_tick(story.start_tick("files"), reason="late")

    late = told(ticktrail, story, "--since", "2026-01-01T00:00:07+00:00")
    all_of_it = ask(ticktrail, story, "--since", "2026-01-01T00:00:00+00:00").out

    assert [outcome["why"] for outcome in late["outcomes"]] == ["late"]
    assert late["requested"] == 0
    assert "is not silent: 1 run requested since 2026-01-01 00:00:00.000" in all_of_it
    assert ask(ticktrail, story, "--since", "1h").out.startswith("files  RUNNING  no run requested since 20")


def test_a_sensor_that_an_operator_stopped_names_who_and_why(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when the code was taken for what stopped it."""
    story.add(SensorStopped(at=story.at, sensor="files", actor="ann@host", reason="maintenance"))

    stopped = text(ticktrail, story, "stopped")

    assert stopped.startswith("since 2026-01-01 00:00:04.000 (")
    assert ") by ann@host: maintenance; switch it on with `ticktrail sensor start files`" in stopped
    assert ask(ticktrail, story).out.startswith(
        "files  STOPPED  no run requested since 2026-01-01 00:00:02.000"
    )


def test_a_sensor_that_is_stopped_by_its_code_says_so(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files", default="STOPPED")

    assert text(ticktrail, story, "stopped").startswith("by its code, loaded 2026-01-01 00:00:00.000 (")
    assert ask(ticktrail, story).out.startswith("files  STOPPED  has never requested a run")

    story.add(SensorStatusReset(at=story.at, sensor="files", actor="ann@host"))
    assert " by ann@host; switch it on" in text(ticktrail, story, "stopped")


def test_a_quarantine_says_after_what_and_what_to_do(ticktrail: CommandLine, story: Story) -> None:
    tick = story.start_tick("files")
    story.fail_tick(tick, "ValueError: no disk")
    story.add(
        SensorQuarantined(at=story.at, sensor="files", tick=tick, failures=3, error="ValueError: no disk")
    )

    assert kinds(ticktrail, story) == ["quarantined", "failing"]
    assert (
        ", after 3 failed ticks in a row: ValueError: no disk; mend the code, or start it again with "
        "`ticktrail sensor start files`"
    ) in text(ticktrail, story, "quarantined")


def test_failures_are_counted_since_the_last_tick_that_did_not_fail(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when failures from before a tick that did not fail were counted."""
    story.fail_tick(story.start_tick("files"), "ValueError: early")
    story.end_tick(story.start_tick("files"), reason="fine")
    story.fail_tick(story.start_tick("files"), "ValueError: first")
    tick = story.start_tick("files")
    story.fail_tick(tick, "ValueError: second")

    failing = text(ticktrail, story, "failing")

    assert failing.startswith("2 ticks since 2026-01-01 00:00:09.000 (")
    assert failing.endswith(f"ValueError: second; `ticktrail tick show {tick}`")
    assert kinds(ticktrail, story) == ["failing"]


def test_a_tick_in_flight_says_for_how_long(ticktrail: CommandLine) -> None:
    story = Story(begin=time.time_ns() // 1000 - 3 * 3600 * 1_000_000)
    story.define("files")
    tick = story.start_tick("files")

    in_flight = text(ticktrail, story, "in flight")

    assert "(3h ago) and has not ended: " in in_flight
    assert in_flight.endswith(f"`ticktrail tick show {tick}`")


def test_an_interrupted_tick_is_not_in_flight_and_is_counted(ticktrail: CommandLine, story: Story) -> None:
    tick = story.start_tick("files")
    story.add(TickInterrupted(at=story.at, tick=tick, sensor="files", reason="the engine was killed"))

    record = told(ticktrail, story)

    assert record["hindrances"] == []
    assert [(one["status"], one["why"]) for one in record["outcomes"]] == [
        ("INTERRUPTED", "the engine was killed")
    ]


def test_what_the_last_tick_put_off_says_when_it_is_asked_for_again(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when it still counted after a later tick."""
    tick = story.start_tick("files")
    story.add(
        RequestsPutOff(
            at=story.at, tick=tick, sensor="files", count=7, limit=5, why="per hour", again_at=story.at
        ),
        story.end_of_skipped(tick),
    )

    assert text(ticktrail, story, "put off") == (
        f"7 run requests above the 5 allowed per hour, again at 2026-01-01 00:00:05.000; tick {tick}"
    )
    assert kinds(ticktrail, story) == ["put off"]
    story.end_tick(story.start_tick("files"))
    assert kinds(ticktrail, story) == ["skipping"]


def test_an_engine_that_does_not_run_is_told_with_its_last_word(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when the engine's lock was not asked."""
    assert text(ticktrail, story, "no engine", engine=False).startswith("none has ever worked on this log")

    story.add(EngineStarted(at=story.at, engine="e1", where="process 7 on vm", release="0.1.0"))
    assert "in process 7 on vm and did not say that it stopped" in text(
        ticktrail, story, "no engine", engine=False
    )

    story.add(EngineStopped(at=story.at, engine="e1", reason="SIGTERM"))
    stopped = text(ticktrail, story, "no engine", engine=False)
    assert stopped.startswith("none runs since 2026-01-01 00:00:05.000 (")
    assert stopped.endswith("SIGTERM; start one with `ticktrail dev`")
    assert "no engine" not in kinds(ticktrail, story)


def test_a_sensor_that_was_never_due_says_how_it_is_due(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files")

    assert kinds(ticktrail, story) == ["never ticked"]
    assert text(ticktrail, story, "never ticked").endswith(": it ticks every 30 s")
    assert ask(ticktrail, story).out.startswith("files  RUNNING  has never requested a run")


def test_a_schedule_says_its_next_moment(ticktrail: CommandLine) -> None:
    story = Story(begin=time.time_ns() // 1000)
    story.add(
        SensorDefined(
            at=story.at,
            sensor="files",
            kind="SCHEDULE",
            interval=30.0,
            default_status="RUNNING",
            fingerprint="f1",
            cron_schedule="0 6 * * *",
            timezone="UTC",
        )
    )

    out = ask(ticktrail, story).out

    (line,) = [line for line in out.splitlines() if line.startswith("next moment")]
    assert " 06:00:00.000 (in " in line
    assert line.endswith("by 0 6 * * *")


def test_a_retired_sensor_says_since_when(ticktrail: CommandLine, story: Story) -> None:
    story.add(SensorRetired(at=story.at, sensor="files"))

    assert kinds(ticktrail, story) == ["retired"]
    assert text(ticktrail, story, "retired").startswith("since 2026-01-01 00:00:04.000 (")
    assert ask(ticktrail, story).out.startswith("files  RETIRED  ")


def test_reasons_that_all_differ_are_shown_up_to_ten(ticktrail: CommandLine, story: Story) -> None:
    for number in range(12):
        story.end_tick(story.start_tick("files"), reason=f"nothing at {number}")

    result = ask(ticktrail, story)

    assert result.out.count("nothing at") == 10 + 1
    assert result.err == "and 2 other reasons: see `ticktrail tick list files`\n"


def test_an_unknown_sensor_is_refused_with_what_makes_it_known(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    result = ticktrail("why-silent", "new")

    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "ticktrail: there is no sensor 'new': known: files; "
        "a sensor is known once an engine has loaded it: `ticktrail dev -f FILE`\n"
    )


def test_nothing_is_written(ticktrail: CommandLine, story: Story) -> None:
    ask(ticktrail, story, engine=False)

    assert ticktrail.head() == story.head
    assert not (Path(ticktrail.home) / "engine.lock").exists()
