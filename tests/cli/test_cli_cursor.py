"""`ticktrail cursor plan` and `cursor apply`."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from command_line import SENSORS, CommandLine
from story import Story
from ticktrail.adapters.home import DefinitionsSource, Home
from ticktrail.adapters.identity import actor
from ticktrail.core.events import (
    AnyEvent,
    CursorReset,
    CursorUpdated,
    RunKeyRepeated,
    RunKeysReleased,
    RunRequested,
    SensorQuarantined,
    TickCompleted,
    TickLogged,
    TickStarted,
)

#: When `story` begins: 2024-01-01 00:00:00 UTC, in microseconds.
BEGIN = 1_704_067_200_000_000

#: Id of the first tick of `story`, of the second one, and of its first run.
FIRST, SECOND, RUN = 1, 5, "run-2"


@pytest.fixture
def story() -> Story:
    """Of `files`: a tick that launched run key 1 and left cursor '1', which failed, and one that left '9'."""
    story = Story(begin=BEGIN)
    story.define("files")
    [run] = story.end_tick(story.start_tick("files"), "1", cursor="1")
    story.end_tick(story.start_tick("files"), cursor="9")
    story.start_run(run)
    story.fail(run)
    return story


@pytest.fixture
def known(
    ticktrail: CommandLine, sensors_py: Path, story: Story, monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """A home with that story, which remembers the definitions; files are written beside it."""
    ticktrail.tell(story)
    Home.open(ticktrail.home, create=False).remember_definitions(DefinitionsSource(file=str(sensors_py)))
    monkeypatch.chdir(sensors_py.parent)
    return ticktrail


@pytest.fixture
def plan(known: CommandLine, tmp_path: Path) -> Callable[..., Path]:
    """Makes a plan for `files` and returns its file."""

    def plan(*options: object) -> Path:
        file = tmp_path / "plan.json"
        result = known("cursor", "plan", "files", *(options or ["--to", "1"]), "-o", file)
        assert result.code == 0, result.err
        return file

    return plan


def events(known: CommandLine, start: int = 0) -> list[AnyEvent]:
    with closing(Home.open(known.home, create=False).log()) as log:
        return [event for frame in log.read(start) for event in frame.events]


# --- plan ---------------------------------------------------------------------------------------


def test_a_plan_lists_what_will_launch_what_is_blocked_and_the_cursors(known: CommandLine) -> None:
    """Seen to fail when `listed` took the cursor from the reset alone."""
    result = known("cursor", "plan", "files", "--to", "1")

    lines = [line.split() for line in result.out.splitlines()]
    assert ["cursor", "now", "'9'"] in lines
    assert ["reset", "to", "'1'"] in lines
    assert ["left", "by", "the", "tick", "'2'"] in lines
    [launched] = [line for line in lines if line[1:3] == ["load_files", "2"]]
    blocked = [line for line in lines if line[1:2] == ["load_files"] and len(line) > 4]
    assert [(line[0], line[2]) for line in blocked] == [("1", RUN), ("2", launched[0])]
    assert blocked[0][-1] == "FAILURE"
    assert "by this plan" in result.out


def test_a_plan_changes_nothing_but_writes_the_file_that_it_names(known: CommandLine, tmp_path: Path) -> None:
    head, before = known.head(), set(tmp_path.iterdir())

    result = known("cursor", "plan", "files", "--to", "1")

    assert known.head() == head
    [file] = set(tmp_path.iterdir()) - before
    assert f"plan written to {file.name}: make it so with `ticktrail cursor apply {file.name}`" in result.err
    assert file.name.startswith("files-")


def test_the_file_says_what_it_is_for(known: CommandLine, plan: Callable[..., Path]) -> None:
    told = json.loads(plan("--to", "1", "--release-keys", "1", "new").read_text())

    assert (told["version"], told["sensor"], told["head"]) == (1, "files", known.head())
    assert (told["made_by"], told["cursor_now"], told["cursor_to_be"]) == (actor(), "9", "1")
    assert told["fingerprint"]
    assert told["made_at"] > 0
    assert told["released"] == ["1"]
    assert [run["run_key"] for run in told["listing"]["launch"]] == ["1", "2"]
    assert [run["run_key"] for run in told["listing"]["blocked"]] == ["2"]


def test_as_json_the_plan_itself_is_printed(known: CommandLine, tmp_path: Path) -> None:
    result = known("cursor", "plan", "files", "--to", "1", "--json", "-o", tmp_path / "p")

    assert result.record == json.loads((tmp_path / "p").read_text())
    [blocked, within] = result.record["listing"]["blocked"]
    assert (blocked["owner"], blocked["run"], blocked["status"]) == (2, RUN, "FAILURE")
    assert blocked["requested_at"] == BEGIN + 2_000_000
    assert (within["owner"], within["run"]) == (None, result.record["listing"]["launch"][0]["run"])


@pytest.mark.parametrize(
    ("options", "cursor", "told"),
    [
        (["--to-tick", FIRST], None, "none, as it was before tick 1"),
        (["--to-tick", SECOND], "1", "'1', as it was before tick 5"),
        (["--to-time", "2024-01-01T00:00:03"], "1", "'1', as it was at 2024-01-01 00:00:03.000"),
        (["--to-time", "1s"], "9", "'9', as it was at"),
        (["--clear"], None, "none"),
        (["--to", ""], "", "''"),
    ],
)
def test_the_cursor_to_go_back_to_is_named_in_several_ways(
    options: list[object], cursor: str | None, told: str, known: CommandLine, tmp_path: Path
) -> None:
    """Seen to fail when `cursor_at` took the log as it is."""
    result = known("cursor", "plan", "files", *options, "-o", tmp_path / "p")

    assert json.loads((tmp_path / "p").read_text())["cursor_to_be"] == cursor
    assert told in " ".join(result.out.split())


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ([], 2, "give one of --to, --to-tick, --to-time and --clear"),
        (["--to", "1", "--clear"], 2, "give one of"),
        (["--to-tick", 4], 1, "there is no tick 4: offset 4 is a TickCompleted, of tick 1"),
        (["--to-tick", 400], 1, "there is no tick 400"),
        (["--to-time", "2999-01-01"], 1, "it is to come, now is"),
        (["--to-time", "2023-12-31"], 1, "it begins at 2024-01-01T00:00:00+00:00; give a later time"),
        (["--to-time", "soon"], 2, "'soon' is no moment"),
        (["--to", "fail"], 1, "the evaluation of files fails: ValueError: cannot look"),
        (["--to", "1", "-o", "/nowhere/p"], 1, "/nowhere/p cannot be written (no such file or directory)"),
    ],
)
def test_what_cannot_be_planned_is_refused_and_leaves_no_file(
    options: list[object], code: int, told: str, known: CommandLine, tmp_path: Path
) -> None:
    before = set(tmp_path.iterdir())

    result = known("cursor", "plan", "files", *options)

    assert result.code == code
    assert told in result.err
    assert set(tmp_path.iterdir()) == before


def test_an_evaluation_that_fails_shows_the_users_traceback(known: CommandLine) -> None:
    assert 'raise ValueError("cannot look")' in known("cursor", "plan", "files", "--to", "fail").err


def test_the_tick_of_another_sensor_is_refused(known: CommandLine, story: Story) -> None:
    story.define("manual")
    tick = story.start_tick("manual")
    known.tell(story)

    result = known("cursor", "plan", "files", "--to-tick", tick)

    assert f"tick {tick} is one of manual, not of files" in result.err


def test_a_plan_for_an_unknown_sensor_names_those_of_the_definitions(known: CommandLine) -> None:
    result = known("cursor", "plan", "flies", "--to", "1")

    assert result.code == 1
    assert "there is no sensor 'flies': did you mean files? known: files, manual" in result.err


def test_with_a_tick_in_flight_nothing_is_planned(known: CommandLine, story: Story) -> None:
    """Seen to fail when `Planner._ready` did not look at the open tick."""
    tick = story.start_tick("files")
    known.tell(story)

    result = known("cursor", "plan", "files", "--to", "1")

    assert result.code == 1
    assert (
        f"tick {tick} of files is in flight: wait until it has ended; `ticktrail sensor stop files`"
        in result.err
    )


def test_a_sensor_in_quarantine_is_to_be_started_first(known: CommandLine, story: Story) -> None:
    story.add(SensorQuarantined(at=story.at, sensor="files", tick=SECOND, failures=1, error="e"))
    known.tell(story)

    result = known("cursor", "plan", "files", "--to", "1")

    assert result.code == 1
    assert "files is quarantined: start it first, with `ticktrail sensor start files`" in result.err


def test_a_reset_that_asks_for_nothing_is_a_plan_too(known: CommandLine) -> None:
    result = known("cursor", "plan", "files", "--to", "skip")

    assert ["skipped", "no", "new", "file"] in [line.split() for line in result.out.splitlines()]
    assert "will launch" not in result.out


def test_who_plans_while_the_sensor_ticks_is_told_to_stop_it(known: CommandLine) -> None:
    with Home.open(known.home, create=False).engine_lock():
        running = known("cursor", "plan", "files", "--to", "1").err
        known("sensor", "stop", "files")
        stopped = known("cursor", "plan", "files", "--to", "1").err

    assert "its next tick makes the plan void: plan again after `ticktrail sensor stop files`" in running
    assert "void" not in stopped


def test_run_config_that_json_does_not_hold_is_refused(known: CommandLine, sensors_py: Path) -> None:
    """Seen to fail when `Planner.plan` did not ask `is_lossless`: the plan had null in place of the number."""
    asked = 'run_config={"ops": {"load": {"config": {"rows": float("inf")}}}}'
    code = SENSORS.replace("rows: int = 1", "rows: float = 1.0")
    sensors_py.write_text(code.replace('dg.RunRequest(run_key="1")', f'dg.RunRequest(run_key="3", {asked})'))

    result = known("cursor", "plan", "files", "--to", "1")

    assert result.code == 1
    assert "a plan cannot hold numbers that are infinite or nan" in result.err


# --- apply --------------------------------------------------------------------------------------


def test_a_plan_is_made_so_in_one_append(known: CommandLine, plan: Callable[..., Path]) -> None:
    """Seen to fail when `Planner.apply` appended the reset by itself."""
    file, head = plan("--to", "1", "--release-keys", "1"), known.head()
    listed = json.loads(file.read_text())

    result = known("cursor", "apply", file, "--reason", "again", "--actor", "ann")

    assert result.code == 0
    assert result.out == f"cursor of files: '9' → '1' → '2'; 2 runs requested by tick {head + 2}\n"
    assert "no engine runs on this home: the runs start when `ticktrail dev` does" in result.err
    made = events(known, head)
    assert [type(event) for event in made] == [
        RunKeysReleased,
        CursorReset,
        TickStarted,
        TickLogged,
        RunRequested,
        RunRequested,
        RunKeyRepeated,
        CursorUpdated,
        TickCompleted,
    ]
    reset, started = made[1], made[2]
    assert isinstance(reset, CursorReset)
    assert isinstance(started, TickStarted)
    assert (reset.plan, reset.reason, reset.actor) == (listed["digest"], "again", "ann")
    assert (started.cursor, started.cause, started.engine) == ("1", head + 1, f"plan:{reset.plan}")
    requested = [event for event in made if isinstance(event, RunRequested)]
    assert [run.run for run in requested] == [run["run"] for run in listed["listing"]["launch"]]
    assert {record["writer"] for record in known("log", "--json").records[head:]} == {"cli:ann"}
    assert known("verify").code == 0
    assert known("sensor", "cursor", "files").out == "2\n"


def test_the_log_and_the_tick_tell_of_the_plan(known: CommandLine, plan: Callable[..., Path]) -> None:
    file, head = plan(), known.head()
    digest = json.loads(file.read_text())["digest"]
    known("cursor", "apply", file)

    assert f"'9' → '1' as planned ({digest[:8]}) by {actor()}" in known("log").out
    tick = known("tick", "show", head + 1, "--json").record
    assert (tick["status"], tick["cursor_before"], tick["cursor_after"]) == ("SUCCESS", "1", "2")


def test_as_json_what_was_applied_is_one_record(known: CommandLine, plan: Callable[..., Path]) -> None:
    file, head = plan(), known.head()

    record = known("cursor", "apply", file, "--json").record

    listed = json.loads(file.read_text())
    assert record == {
        "sensor": "files",
        "plan": listed["digest"],
        "offset": head,
        "tick": head + 1,
        "runs": [run["run"] for run in listed["listing"]["launch"]],
    }


def test_a_plan_is_made_so_while_its_sensor_is_stopped(known: CommandLine, plan: Callable[..., Path]) -> None:
    """Seen to fail when `decide` did not look at ``ordered``: nothing was requested."""
    known("sensor", "stop", "files")

    result = known("cursor", "apply", plan())

    assert "1 run requested" in result.out
    assert known("run", "list", "--status", "QUEUED", "--json").record["run_key"] == "2"


def test_a_sensor_that_the_log_does_not_know_is_defined_by_the_same_append(
    known: CommandLine, tmp_path: Path, sensors_py: Path
) -> None:
    other = ["--home", tmp_path / "other", "-f", sensors_py]
    Home.open(tmp_path / "other", create=True)
    known("cursor", "plan", "files", "--to", "1", "-o", tmp_path / "p", *other)

    result = known("cursor", "apply", tmp_path / "p", *other)

    assert result.out == "cursor of files: none → '1' → '2'; 2 runs requested by tick 2\n"
    assert known("verify", "--home", tmp_path / "other").code == 0
    assert known("sensor", "list", "--home", tmp_path / "other", "--json").records[0]["status"] == "RUNNING"


def refused(known: CommandLine, file: Path, told: str, *options: object) -> None:
    head = known.head()

    result = known("cursor", "apply", file, *options)

    assert (result.code, result.out) == (1, "")
    assert told in result.err
    assert known.head() == head


def test_a_plan_is_applied_once(known: CommandLine, plan: Callable[..., Path]) -> None:
    """Seen to fail when `check_holds` did not compare the plan's digest: told was that the sensor has moved on."""
    file = plan()
    known("cursor", "apply", file, "--actor", "ann")

    refused(known, file, "the plan for files was applied already, at")


@pytest.mark.parametrize(
    "act",
    [
        ["sensor", "cursor", "files", "--set", "x"],
        ["key", "release", "files", "1", "--reason", "again"],
        ["sensor", "stop", "files"],
    ],
    ids=" ".join,
)
def test_a_plan_is_void_once_something_of_its_sensor_has_come(
    act: list[str], known: CommandLine, plan: Callable[..., Path]
) -> None:
    """Seen to fail when `check_holds` returned before the end."""
    file = plan()
    known(*act)

    refused(known, file, "the plan for files does not hold any more, the sensor has moved on: a")


def test_a_tick_in_flight_voids_a_plan(known: CommandLine, plan: Callable[..., Path], story: Story) -> None:
    file = plan()
    story.start_tick("files")
    known.tell(story)

    refused(known, file, "the sensor has moved on: a TickStarted came at")


def test_events_of_others_do_not_void_a_plan(
    known: CommandLine, plan: Callable[..., Path], story: Story
) -> None:
    """Seen to fail when `Planner.apply` expected the head of the plan, and when the status of owners counted."""
    file = plan()
    story.define("manual")
    story.end_tick(story.start_tick("manual"), "1", "2", cursor="1")
    known.tell(story)
    known("run", "launch", "load_files")

    assert known("cursor", "apply", file).code == 0
    assert known("verify").code == 0


def test_a_plan_is_void_once_the_code_has_changed(
    known: CommandLine, plan: Callable[..., Path], sensors_py: Path
) -> None:
    file = plan()
    sensors_py.write_text(SENSORS.replace('update_cursor("2")', 'update_cursor("3")'))

    refused(known, file, "does not hold any more, the sensor's code is not what was evaluated: plan anew")


def changed(file: Path, **fields: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_a_plan_that_was_changed_by_hand_is_refused(known: CommandLine, plan: Callable[..., Path]) -> None:
    file = plan()
    changed(file, cursor_to_be="0")

    refused(known, file, "was changed since it was made: plan anew")


def test_a_plan_of_a_newer_release_is_refused(known: CommandLine, plan: Callable[..., Path]) -> None:
    file = plan()
    changed(file, version=2)

    refused(
        known,
        file,
        "is a plan of version 2, this release applies 1; it was made by a newer ticktrail: upgrade",
    )


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"\xff", b'{"version": 1}', b"[" * 100_000])
def test_a_file_that_is_no_plan_is_refused(text: bytes, known: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(text)

    refused(
        known,
        tmp_path / "p",
        "is no plan of a cursor reset: give a file that `ticktrail cursor plan` has written",
    )


def test_a_file_that_is_not_there_is_refused(known: CommandLine, tmp_path: Path) -> None:
    refused(known, tmp_path / "p", "p cannot be read (no such file or directory): name the file of a plan")


def test_a_plan_for_another_log_is_refused(
    known: CommandLine, plan: Callable[..., Path], tmp_path: Path
) -> None:
    file = plan()
    other = Story(begin=BEGIN + 1)
    other.define("files")
    for _ in range(5):
        other.end_tick(other.start_tick("files"), cursor="9")
    log = Home.open(tmp_path / "other", create=True).log()
    log.append(other.events, expected=0, recorded_at=other.begin, writer="engine:1")
    log.close()

    result = known("cursor", "apply", file, "--home", tmp_path / "other", "-f", tmp_path / "sensors.py")

    assert result.code == 1
    assert "was made on another log: plan anew on this one" in result.err
