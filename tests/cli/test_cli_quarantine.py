"""Quarantined sensors on the command line: told with the reason, lifted by start and reset."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.core.events import RequestsPutOff, SensorQuarantined


@pytest.fixture
def told(ticktrail: CommandLine) -> CommandLine:
    ticktrail.tell(quarantined())
    return ticktrail


def quarantined() -> Story:
    """A log in which the sensor `files` is quarantined, and `manual` is not."""
    story = Story()
    story.define("files")
    story.define("manual")
    tick = story.start_tick("files")
    story.fail_tick(tick, "ValueError: no disk")
    story.add(
        SensorQuarantined(at=story.at, sensor="files", tick=tick, failures=3, error="ValueError: no disk")
    )
    return story


def status(told: CommandLine, *arguments: object) -> dict[str, str]:
    return {
        record["sensor"]: record["status"] for record in told("sensor", "list", "--json", *arguments).records
    }


def test_the_list_tells_since_when_after_what_and_what_to_do(told: CommandLine) -> None:
    listed = told("sensor", "list")

    assert "files   QUARANTINED" in listed.out
    assert (
        "files is quarantined since 2026-01-01 00:00:04.000, after 3 failed ticks in a row: ValueError: no disk; mend the "
        "code, or start it again with `ticktrail sensor start files`"
    ) in " ".join(listed.err.split())
    assert "manual is quarantined" not in listed.err


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("start", "files: QUARANTINED → RUNNING\n"),
        ("reset", "files: QUARANTINED → RUNNING, as its code says\n"),
    ],
)
def test_start_and_reset_lift_it(told: CommandLine, action: str, said: str) -> None:
    assert told("sensor", action, "files").out == said
    assert status(told) == {"files": "RUNNING", "manual": "RUNNING"}
    assert "is already" in told("sensor", "start", "files").out
    assert told("verify").code == 0


def test_a_sensor_that_is_stopped_is_shown_as_stopped(told: CommandLine) -> None:
    """Fails if it is shown as quarantined still: nothing would seem to have changed."""
    assert told("sensor", "stop", "files").out == "files: QUARANTINED → STOPPED\n"
    assert "is quarantined" not in told("sensor", "list").err
    assert told("sensor", "start", "files").out == "files: STOPPED → RUNNING\n"


def test_other_code_is_shown_as_it_will_be_once_it_is_loaded(told: CommandLine, sensors_py: Path) -> None:
    """Fails if the quarantine is shown that the next engine lifts."""
    assert status(told) == {"files": "QUARANTINED", "manual": "RUNNING"}
    assert status(told, "-f", sensors_py)["files"] == "RUNNING"


def test_the_log_tells_of_quarantine_and_of_what_was_put_off(told: CommandLine) -> None:
    story = quarantined()
    tick = story.start_tick("manual")
    put_off = RequestsPutOff(
        at=story.at, tick=tick, sensor="manual", count=7, limit=5, why="per hour", again_at=story.at
    )
    story.add(put_off, story.end_of_skipped(tick))
    told.tell(story)

    shown = " ".join(told("log").out.split())

    assert "after 3 failed ticks in a row: ValueError: no disk" in shown
    assert "7 run requests above the 5 allowed per hour, again at 2026-01-01 00:00:06.000" in shown
