"""`ticktrail why-not`: what became of a run key, or why nobody asked for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.home import Home
from ticktrail.core.events import (
    ConcurrencyLimitSet,
    RequestRejected,
    RequestsPutOff,
    RunKeysReleased,
    RunRequested,
    SensorDefined,
    SensorQuarantined,
    SensorStopped,
    TickFailed,
)


@pytest.fixture
def story() -> Story:
    """The tick 1 of `files` asked for run-2 for the key `a`, which failed."""
    story = Story()
    story.define("files")
    (run,) = story.end_tick(story.start_tick("files"), "a")
    story.start_run(run)
    story.fail(run, "KeyError: 'rows'")
    return story


def facts(
    ticktrail: CommandLine, story: Story, key: str, sensor: str = "files"
) -> tuple[str, dict[str, str]]:
    """Return the first line of what is told, and the facts below it."""
    ticktrail.tell(story)
    result = ticktrail("why-not", sensor, key)
    assert result.code == 0, result.err
    first, *lines = result.out.splitlines()
    width = max(line.index("  ") for line in lines)
    return first, {line[: width + 2].strip(): line[width + 2 :].strip() for line in lines}


def record(ticktrail: CommandLine, story: Story, key: str) -> dict[str, Any]:
    ticktrail.tell(story)
    return ticktrail("why-not", "files", key, "--json").record


def reject(story: Story, key: str, why: str = "unknown job 'x'") -> int:
    tick = story.start_tick("files")
    del story._open[tick]
    at = story.at
    story.add(
        RequestRejected(at=at, tick=tick, sensor="files", index=0, why=why, run_key=key),
        TickFailed(at=at, tick=tick, sensor="files", error=why, duration=0.1),
    )
    return tick


def test_a_key_that_a_run_has_names_the_run_its_end_and_the_tick(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when the run was shown as it was requested, not as it stands."""
    first, told = facts(ticktrail, story, "a")

    assert first == "run key 'a' of files was requested already"
    assert told["owned by"] == "run run-2 of j  FAILURE"
    assert told["requested"].startswith("2026-01-01 00:00:02.000 (")
    assert told["requested"].endswith("by tick 1")
    assert told["error"] == "KeyError: 'rows'"
    assert told["to do"] == "`ticktrail key release files a --reason …` lets it be requested once more"
    assert "asked again" not in told


def test_later_requests_with_the_key_are_counted(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when repeats of other keys were counted."""
    story.end_tick(story.start_tick("files"), "b")
    story.end_tick(story.start_tick("files"), "a", "b")
    last = story.start_tick("files")
    story.end_tick(last, "a")

    _, told = facts(ticktrail, story, "a")

    assert told["asked again"].startswith("2 times since, the last time ")
    assert told["asked again"].endswith(f"by tick {last}")
    assert record(ticktrail, story, "a")["repeats"] == 2
    assert record(ticktrail, story, "b")["repeats"] == 1


def test_a_key_of_another_sensor_is_not_taken_for_this_ones(ticktrail: CommandLine, story: Story) -> None:
    story.define("other")
    story.end_tick(story.start_tick("other"), "c")

    assert record(ticktrail, story, "c")["verdict"] == "never asked for"


def test_a_run_that_waits_for_a_limit_is_told_with_the_limit(ticktrail: CommandLine, story: Story) -> None:
    story.add(ConcurrencyLimitSet(at=story.at, limit="runs", max_runs=0, actor="ann@host"))
    story.end_tick(story.start_tick("files"), "b")

    _, told = facts(ticktrail, story, "b")

    assert told["owned by"].endswith("QUEUED")
    assert told["waits"] == "until the limit runs has room"


def test_the_index_of_a_running_home_is_enough_to_find_the_owner(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when the index was not brought to the head."""
    ticktrail.tell(story)
    home = Home.open(ticktrail.home, create=False)
    log = home.log()
    index = home.run_keys(log)
    index.save()
    index.close()
    log.close()

    assert record(ticktrail, story, "a")["run"]["run"] == "run-2"


def test_a_key_that_was_rejected_says_why(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when the rejection of any key counted."""
    tick = reject(story, "bad")

    first, told = facts(ticktrail, story, "bad")

    assert first == "run key 'bad' of files was asked for and rejected"
    assert told["rejected"].endswith(f"by tick {tick}: unknown job 'x'")
    assert record(ticktrail, story, "good")["verdict"] == "never asked for"


def test_a_key_that_was_released_says_by_whom_and_whose_it_was(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when the run that had it was still taken for its owner."""
    story.add(RunKeysReleased(at=story.at, sensor="files", actor="ann@host", run_keys=["a"], reason="lost"))

    first, told = facts(ticktrail, story, "a")

    assert first == "run key 'a' of files was released, and no tick has asked for it since"
    assert told["released"].endswith("by ann@host: lost; until then run run-2 had it")


def test_of_a_release_and_a_rejection_the_later_one_is_the_reason(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when a release counted more than a later rejection."""
    reject(story, "a")
    story.release("files", "a")
    assert record(ticktrail, story, "a")["verdict"] == "released"

    reject(story, "a")
    assert record(ticktrail, story, "a")["verdict"] == "rejected"


def test_a_released_key_that_was_requested_anew_is_taken(ticktrail: CommandLine, story: Story) -> None:
    story.release("files", "a")
    (run,) = story.end_tick(story.start_tick("files"), "a")

    told = record(ticktrail, story, "a")

    assert (told["verdict"], told["run"]["run"]) == ("requested", run)


def test_what_was_put_off_may_be_the_reason_until_the_next_tick(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when what an earlier tick had put off still counted."""
    tick = story.start_tick("files")
    story.add(
        RequestsPutOff(
            at=story.at, tick=tick, sensor="files", count=7, limit=5, why="per hour", again_at=story.at
        ),
        story.end_of_skipped(tick),
    )

    first, told = facts(ticktrail, story, "z")

    assert first == "run key 'z' of files was not requested: it may be among what the last tick put off"
    assert "7 run requests above the 5 allowed per hour, again at 2026-01-01 00:00:08.000" in told["put off"]
    story.end_tick(story.start_tick("files"))
    assert record(ticktrail, story, "z")["verdict"] == "never asked for"


def test_a_key_that_nobody_asked_for_tells_of_the_ticks_and_what_the_last_one_said(
    ticktrail: CommandLine, story: Story
) -> None:
    """Seen to fail when the ticks of all sensors were counted."""
    story.define("other")
    story.end_tick(story.start_tick("other"), reason="theirs")
    tick = story.start_tick("files")
    story.end_tick(tick, reason="no new file")
    story.end_tick(story.start_tick("other"), reason="theirs")

    first, told = facts(ticktrail, story, "z")

    assert first == "run key 'z' of files was never asked for by any tick"
    assert told["ticks"].startswith(f"2 since 2026-01-01 00:00:01.000; the last to end, tick {tick}, ")
    assert told["ticks"].endswith("TickSkipped, no new file (250 ms)")
    assert told["skipping"].startswith("1 tick since 2026-01-01 00:00:")
    assert told["no engine"] == "none has ever worked on this log; start one with `ticktrail dev`"


@pytest.mark.parametrize(
    ("event", "kind", "status"),
    [
        (
            SensorStopped(at=0, sensor="files", actor="ann@host", reason="maintenance"),
            "stopped",
            "STOPPED",
        ),
        (
            SensorQuarantined(at=0, sensor="files", tick=1, failures=3, error="no disk"),
            "quarantined",
            "QUARANTINED",
        ),
    ],
    ids=["stopped", "quarantined"],
)
def test_a_sensor_that_does_not_tick_is_the_reason_too(
    event: SensorStopped | SensorQuarantined,
    kind: str,
    status: str,
    ticktrail: CommandLine,
    story: Story,
) -> None:
    story.add(event)

    told = record(ticktrail, story, "z")

    assert (told["verdict"], told["status"]) == ("never asked for", status)
    assert [hindrance["kind"] for hindrance in told["hindrances"]] == [kind, "no engine"]


def test_the_key_of_a_schedule_is_found_at_its_moments(ticktrail: CommandLine, story: Story) -> None:
    """Seen to fail when only the key as it is stored was known."""
    story.add(
        SensorDefined(
            at=story.at,
            sensor="nightly",
            kind="SCHEDULE",
            interval=30.0,
            default_status="RUNNING",
            fingerprint="f1",
            cron_schedule="0 6 * * *",
            timezone="UTC",
        )
    )
    for day in (1, 2):
        tick = story.start_tick("nightly")
        key = f"k @ 2026-01-0{day}T06:00:00+00:00"
        story.add(
            RunRequested(at=story.at, run=f"night-{day}", job="j", tick=tick, sensor="nightly", run_key=key),
            story.end_of_skipped(tick),
        )

    first, told = facts(ticktrail, story, "k", sensor="nightly")

    assert first == "run key 'k' of nightly is requested at each moment of the schedule by itself"
    assert told["moments"].startswith(
        "2 moments, the last one 'k @ 2026-01-02T06:00:00+00:00' by run night-2"
    )


def test_an_unknown_sensor_is_refused_with_those_that_are_known(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    result = ticktrail("why-not", "file", "a")

    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "ticktrail: there is no sensor 'file': did you mean files? known: files; "
        "a sensor is known once an engine has loaded it: `ticktrail dev -f FILE`\n"
    )


def test_keys_that_look_like_options_and_those_with_spaces_are_taken_as_they_are(
    ticktrail: CommandLine, story: Story
) -> None:
    story.end_tick(story.start_tick("files"), "-5", "north east")

    assert record(ticktrail, story, "-5")["verdict"] == "requested"
    assert "key release files 'north east' --reason" in facts(ticktrail, story, "north east")[1]["to do"]


def test_nothing_is_written(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)
    before = sorted(path.name for path in Path(ticktrail.home).iterdir())

    ticktrail("why-not", "files", "a")
    ticktrail("why-not", "files", "z")

    assert ticktrail.head() == story.head
    assert sorted(path.name for path in Path(ticktrail.home).iterdir()) == before
