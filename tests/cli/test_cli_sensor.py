"""`ticktrail sensor`: listing, switching and cursors, through the log alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.cli.operator import act
from ticktrail.adapters.cli.options import Code
from ticktrail.adapters.home import DefinitionsSource, Home
from ticktrail.adapters.identity import actor
from ticktrail.core.events import AnyEvent, CursorReset, SensorRetired
from ticktrail.core.sensor_state import SensorState


@pytest.fixture
def story() -> Story:
    story = Story()
    story.define("files")
    story.define("manual", default="STOPPED")
    return story


def test_the_list_tells_status_and_who_set_it(ticktrail: CommandLine, story: Story) -> None:
    story.end_tick(story.start_tick("files"), cursor="c" * 100)
    ticktrail.tell(story)
    ticktrail("sensor", "start", "manual")

    header, files, manual = ticktrail("sensor", "list").out.splitlines()

    assert header.split() == [
        "SENSOR",
        "STATUS",
        "SET",
        "BY",
        "EVERY",
        "LAST",
        "TICK",
        "RESULT",
        "FAILED",
        "CURSOR",
    ]
    assert files.split()[:4] == ["files", "RUNNING", "code", "30"]
    assert "SKIPPED" in files
    assert "'cccc" in files
    assert "…" in files
    assert manual.split()[:3] == ["manual", "RUNNING", "operator"]
    assert max(map(len, (header, files, manual))) <= 100


def test_the_list_as_json_is_one_object_per_sensor(ticktrail: CommandLine, story: Story) -> None:
    story.end_tick(story.start_tick("files"), cursor="c")
    ticktrail.tell(story)

    records = ticktrail("sensor", "list", "--json").records

    assert [(record["sensor"], record["status"]) for record in records] == [
        ("files", "RUNNING"),
        ("manual", "STOPPED"),
    ]
    assert records[0]["cursor"] == "c"


def test_a_retired_sensor_is_listed_as_such(ticktrail: CommandLine, story: Story) -> None:
    story.add(SensorRetired(at=story.at, sensor="files"))
    ticktrail.tell(story)

    assert ticktrail("sensor", "list", "--json").records[0]["status"] == "RETIRED"


def test_the_list_shows_what_only_the_definitions_know(
    ticktrail: CommandLine, story: Story, sensors_py: Path
) -> None:
    story.add(SensorRetired(at=story.at, sensor="files"))
    ticktrail.tell(story)

    records = ticktrail("sensor", "list", "-f", sensors_py, "--json").records

    assert [(record["sensor"], record["status"], record["interval"]) for record in records] == [
        ("files", "RUNNING", 5.0),
        ("manual", "STOPPED", 30.0),
    ]


def test_remembered_definitions_that_break_do_not_keep_the_list_from_being_shown(
    ticktrail: CommandLine, story: Story, tmp_path: Path
) -> None:
    ticktrail.tell(story)
    Home.open(ticktrail.home, create=False).remember_definitions(
        DefinitionsSource(file=str(tmp_path / "gone.py"))
    )

    result = ticktrail("sensor", "list", "--json")

    assert result.code == 0
    assert len(result.records) == 2
    assert "the definitions cannot be loaded, the log alone is shown" in result.err.replace("\n", " ")


def test_start_appends_the_action_with_its_actor_and_reason(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    result = ticktrail("sensor", "start", "manual", "--reason", "new month")

    assert result.code == 0
    assert result.out == "manual: STOPPED → RUNNING\n"
    assert "no engine runs on this home" in result.err
    record = ticktrail("log", "--json").records[-1]
    assert (record["event"], record["sensor"], record["actor"], record["reason"]) == (
        "SensorStarted",
        "manual",
        actor(),
        "new month",
    )
    assert record["writer"] == f"cli:{actor()}"


def test_the_actor_can_be_named(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    ticktrail("sensor", "stop", "files", "--actor", "bob@office")

    record = ticktrail("log", "--json").records[-1]
    assert (record["event"], record["actor"]) == ("SensorStopped", "bob@office")


@pytest.mark.parametrize(
    ("action", "sensor", "told"),
    [
        ("start", "files", "files is already RUNNING"),
        ("stop", "manual", "manual is already STOPPED"),
        ("reset", "files", "files follows its code already, and is RUNNING"),
    ],
)
def test_an_action_that_changes_nothing_appends_nothing_and_says_so(
    action: str, sensor: str, told: str, ticktrail: CommandLine, story: Story
) -> None:
    ticktrail.tell(story)

    result = ticktrail("sensor", action, sensor)

    assert (result.code, result.out) == (0, f"{told}\n")
    assert ticktrail.head() == story.head


def test_reset_gives_the_sensor_back_to_its_code(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)
    ticktrail("sensor", "stop", "files")

    assert ticktrail("sensor", "reset", "files").out == "files: STOPPED → RUNNING, as its code says\n"
    assert ticktrail("sensor", "list", "--json").records[0]["stored_status"] == "DECLARED_IN_CODE"


def test_an_action_as_json_tells_the_offset_of_its_event(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    assert ticktrail("sensor", "start", "manual", "--json").record == {
        "sensor": "manual",
        "offset": 2,
        "before": "STOPPED",
        "after": "RUNNING",
    }
    assert ticktrail("sensor", "start", "manual", "--json").record["offset"] is None


def test_an_unknown_sensor_is_refused_with_those_that_are_known(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    result = ticktrail("sensor", "start", "file")

    assert result.code == 1
    assert result.err == "ticktrail: there is no sensor 'file': did you mean files? known: files, manual\n"
    assert ticktrail.head() == story.head


def test_a_sensor_that_no_engine_has_seen_is_defined_by_the_action_on_it(
    ticktrail: CommandLine, sensors_py: Path
) -> None:
    result = ticktrail("sensor", "stop", "files", "-f", sensors_py)

    assert result.out == "files: RUNNING → STOPPED\n"
    kinds = [record["event"] for record in ticktrail("log", "--json").records]
    assert kinds == ["SensorDefined", "SensorStopped"]
    assert ticktrail("sensor", "list", "--json").record["status"] == "STOPPED"


def test_a_sensor_that_runs_by_its_code_is_running_before_any_engine(
    ticktrail: CommandLine, sensors_py: Path
) -> None:
    result = ticktrail("sensor", "start", "files", "-f", sensors_py)

    assert result.out == "files is already RUNNING\n"
    assert ticktrail.head() == 0


def test_an_unknown_sensor_is_sought_in_the_definitions_too(ticktrail: CommandLine, sensors_py: Path) -> None:
    result = ticktrail("sensor", "start", "manuel", "-f", sensors_py)

    assert result.err.endswith("there is no sensor 'manuel': did you mean manual? known: files, manual\n")


def test_an_action_decides_again_when_somebody_else_appended_first(
    ticktrail: CommandLine, story: Story
) -> None:
    ticktrail.tell(story)
    home = Home.open(ticktrail.home, create=False)
    log, seen = home.log(), []

    def decide(state: SensorState, now: int) -> AnyEvent | None:
        seen.append(state.cursor)
        if len(seen) == 1:
            reset = CursorReset(at=now, sensor="files", actor="other", before=None, after="theirs")
            log.append([reset], expected=None, recorded_at=now, writer="other")
        return CursorReset(at=now, sensor="files", actor="me", before=state.cursor, after="mine")

    outcome = act(home, log, Code(), "files", "me", decide)
    log.close()

    assert seen == [None, "theirs"]
    assert outcome.before.cursor == "theirs"
    assert outcome.after.cursor == "mine"
    assert ticktrail("verify").code == 0


# --- cursors ------------------------------------------------------------------------------------


def test_the_cursor_is_the_only_thing_on_standard_output(ticktrail: CommandLine, story: Story) -> None:
    story.end_tick(story.start_tick("files"), cursor="[bold] 5")
    ticktrail.tell(story)

    result = ticktrail("sensor", "cursor", "files")

    assert (result.code, result.out, result.err) == (0, "[bold] 5\n", "")


def test_no_cursor_and_an_empty_one_can_be_told_apart(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)
    none, none_json = ticktrail("sensor", "cursor", "files"), ticktrail("sensor", "cursor", "files", "--json")
    ticktrail("sensor", "cursor", "files", "--set", "")
    empty, empty_json = (
        ticktrail("sensor", "cursor", "files"),
        ticktrail("sensor", "cursor", "files", "--json"),
    )

    assert (none.out, none.err) == ("", "files has no cursor\n")
    assert (empty.out, empty.err) == ("\n", "the cursor of files is an empty text\n")
    assert (none_json.record["cursor"], empty_json.record["cursor"]) == (None, "")


def test_a_change_of_the_cursor_tells_both_values(ticktrail: CommandLine, story: Story) -> None:
    story.end_tick(story.start_tick("files"), cursor="1")
    ticktrail.tell(story)

    assert ticktrail("sensor", "cursor", "files", "--set", "5").out == "cursor of files: '1' → '5'\n"
    assert ticktrail("sensor", "cursor", "files", "--set", "5").out == "cursor of files is '5' already\n"
    assert ticktrail("sensor", "cursor", "files", "--clear").out == "cursor of files: '5' → none\n"
    assert ticktrail("sensor", "cursor", "files", "--clear").out == "cursor of files is none already\n"
    assert ticktrail.head() == story.head + 2


def test_the_same_cursor_is_set_again_while_a_tick_could_replace_it(
    ticktrail: CommandLine, story: Story
) -> None:
    story.reset_cursor("files", "5")
    story.start_tick("files")
    ticktrail.tell(story)

    ticktrail("sensor", "cursor", "files", "--set", "5")

    assert ticktrail.head() == story.head + 1


@pytest.mark.parametrize("cursor", ["-5", "--clear", "a\nb", "ü", "x" * 10_000])
def test_a_cursor_is_stored_as_it_is_given(cursor: str, ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    result = ticktrail("sensor", "cursor", "files", f"--set={cursor}")

    assert result.code == 0
    assert ticktrail("sensor", "cursor", "files", "--json").record["cursor"] == cursor
    assert ticktrail("sensor", "cursor", "files").out == f"{cursor}\n"


@pytest.mark.parametrize("option", ["--set", "--reason", "--actor"])
def test_bytes_that_are_no_text_are_refused(ticktrail: CommandLine, story: Story, option: str) -> None:
    ticktrail.tell(story)

    command: list[str | bytes] = [sys.executable, "-m", "ticktrail", "sensor", "cursor", "files"]
    command += ["--set", "1", option, b"a\xff"] if option != "--set" else [option, b"a\xff"]
    result = subprocess.run(
        command, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False
    )

    assert result.returncode == 2
    assert b"is not valid UTF-8 (at character 1)" in result.stderr
    assert ticktrail.head() == story.head


def test_a_cursor_reset_leaves_its_trace(ticktrail: CommandLine, story: Story) -> None:
    ticktrail.tell(story)

    ticktrail("sensor", "cursor", "files", "--set", "5", "--reason", "files were restored")

    record = ticktrail("log", "--json").records[-1]
    assert (record["event"], record["before"], record["after"]) == ("CursorReset", None, "5")
    assert record["reason"] == "files were restored"
