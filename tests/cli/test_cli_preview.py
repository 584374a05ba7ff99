"""`ticktrail sensor preview` and `run launch`: what needs the definitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import SENSORS, CommandLine
from story import Story
from ticktrail.adapters.home import DefinitionsSource, Home
from ticktrail.adapters.identity import actor


@pytest.fixture
def known(ticktrail: CommandLine, sensors_py: Path) -> CommandLine:
    """A home whose sensor has launched a run for key 1, and that remembers the definitions."""
    story = Story()
    story.define("files")
    story.end_tick(story.start_tick("files"), "1", cursor="1")
    ticktrail.tell(story)
    source = DefinitionsSource(file=str(sensors_py))
    Home.open(ticktrail.home, create=False).remember_definitions(source)
    return ticktrail


def test_a_preview_tells_what_would_launch_and_what_would_not(known: CommandLine) -> None:
    result = known("sensor", "preview", "files")

    assert result.code == 0
    log, _, first, second, third, cursor = (line.rstrip() for line in result.out.splitlines())
    assert log == "INFO    from 1"
    assert first.split(maxsplit=4)[2:] == ["1", "-", "run key already used by run run-2"]
    assert second.split(maxsplit=4)[2:] == ["2", "-", "would launch"]
    assert third.split(maxsplit=4)[2:] == ["2", "-", "run key already used by request 1"]
    assert cursor == "cursor: '1' → '2'"


def test_a_preview_changes_nothing(known: CommandLine) -> None:
    head = known.head()
    files = sorted(path.name for path in known.home.iterdir())

    known("sensor", "preview", "files")

    assert known.head() == head
    assert sorted(path.name for path in known.home.iterdir()) == files


def test_what_the_sensor_prints_is_no_result(known: CommandLine) -> None:
    result = known("sensor", "preview", "files", "--json")

    assert result.err == "looking around\n"
    assert [request["verdict"] for request in result.record["requests"]] == [
        "run key already used by run run-2",
        "would launch",
        "run key already used by request 1",
    ]
    assert (result.record["cursor_before"], result.record["cursor_after"]) == ("1", "2")


def test_a_preview_with_another_cursor_skips(known: CommandLine) -> None:
    result = known("sensor", "preview", "files", "--cursor", "skip")

    assert result.code == 0
    assert result.out.splitlines()[1:] == ["skipped: no new file", "cursor: 'skip', unchanged"]


def test_a_preview_that_fails_shows_the_users_traceback_and_exits_with_1(known: CommandLine) -> None:
    result = known("sensor", "preview", "files", "--cursor", "fail")

    assert result.code == 1
    assert "error: ValueError: cannot look" in result.out
    assert 'raise ValueError("cannot look")' in result.err


def test_a_request_that_cannot_become_a_run_is_shown_with_its_reason(known: CommandLine) -> None:
    result = known("sensor", "preview", "files", "--cursor", "bad")

    assert result.code == 1
    assert "request 0 rejected: run config does not fit job 'load_files': ops.load.config.rows" in result.out


def test_a_preview_of_an_unknown_sensor_names_those_of_the_definitions(known: CommandLine) -> None:
    result = known("sensor", "preview", "flies")

    assert result.code == 1
    assert "there is no sensor 'flies': did you mean files? known: files, manual" in result.err


def test_a_preview_without_definitions_asks_for_them(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files")
    ticktrail.tell(story)

    result = ticktrail("sensor", "preview", "files")

    assert result.code == 2
    assert "give -f FILE or -m MODULE" in result.err


def test_a_module_is_loaded_from_the_folder_it_was_named_in(
    ticktrail: CommandLine, sensors_py: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sensors_py.rename(tmp_path / "sensors_of_a_module.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    story = Story()
    story.define("files")
    ticktrail.tell(story)

    result = ticktrail("sensor", "preview", "files", "--cursor", "skip", "-m", "sensors_of_a_module")

    assert result.code == 0
    assert "skipped: no new file" in result.out


def test_a_preview_goes_by_the_policy_for_run_keys(
    known: CommandLine, sensors_py: Path, tmp_path: Path
) -> None:
    """Seen to fail when `Basis.owners` did not ask for tries, and when `dry_run` left the keys as they are."""
    code = SENSORS.replace("minimum_interval_seconds=5", "run_key_policy=POLICY").replace(
        "import ticktrail as dg\n",
        "import ticktrail as dg\nfrom datetime import timedelta\nPOLICY = dg.RunKeyPolicy({})\n",
    )
    story = Story()
    story.define("files")
    [run] = story.end_tick(story.start_tick("files"), "1", cursor="1")
    story.start_run(run)
    story.fail(run)
    known.tell(story)

    sensors_py.write_text(code.replace("({})", "(retries=1)"))
    retried = known("sensor", "preview", "files", "--json").record["requests"]
    planned = known("cursor", "plan", "files", "--to", "1", "-o", tmp_path / "p", "--json").record["listing"]
    sensors_py.write_text(code.replace("({})", "(once_per=timedelta(days=1))"))
    of_period = known("sensor", "preview", "files", "--json").record["requests"]

    assert [request["verdict"] for request in retried] == [
        "would launch as try 2: its run failed",
        "would launch",
        "run key already used by request 1",
    ]
    assert [(run["run_key"], run["tags"].get("ticktrail/try")) for run in planned["launch"]] == [
        ("1", "2"),
        ("2", None),
    ]
    assert of_period[0]["run_key"].startswith("1 @ ")
    assert of_period[0]["verdict"] == "would launch"


# --- run launch ---------------------------------------------------------------------------------


def test_a_launched_run_is_requested_by_its_operator(known: CommandLine) -> None:
    result = known("run", "launch", "load_files", "--tag", "month=1", "--tag", "note=a=b", "--json")

    assert result.record["engine_running"] is False
    assert "the run starts when `ticktrail dev` does" in result.err
    run = known("run", "show", result.record["run"], "--json").record
    assert (run["actor"], run["sensor"], run["status"]) == (actor(), None, "QUEUED")
    assert run["tags"] == {"team": "x", "month": "1", "note": "a=b"}


def test_a_launch_tells_when_an_engine_will_take_it_at_once(known: CommandLine) -> None:
    with Home.open(known.home, create=False).engine_lock():
        result = known("run", "launch", "load_files")

    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("from_file", [True, False])
def test_the_run_config_is_json_or_a_file_of_it(known: CommandLine, tmp_path: Path, from_file: bool) -> None:
    text = '{"ops": {"load": {"config": {"rows": 7}}}}'
    (tmp_path / "config.json").write_text(text)

    result = known(
        "run", "launch", "load_files", "--config", f"@{tmp_path}/config.json" if from_file else text, "--json"
    )

    run = known("run", "show", result.record["run"], "--json").record
    assert run["run_config"] == {"ops": {"load": {"config": {"rows": 7}}}}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["lode_files"], 1, "there is no job 'lode_files': did you mean load_files?"),
        (
            ["load_files", "--config", '{"ops": {"load": {"config": {"rows": "many"}}}}'],
            1,
            "ops.load.config.rows",
        ),
        (["load_files", "--config", "[1]"], 2, "--config is no JSON object"),
        (["load_files", "--config", "{"], 2, "--config is no JSON object"),
        (["load_files", "--config", "@/missing.json"], 1, "/missing.json cannot be read"),
        (["load_files", "--tag", "month"], 2, "expected key=value"),
    ],
)
def test_a_launch_that_cannot_be_is_refused_and_leaves_no_trace(
    arguments: list[str], code: int, told: str, known: CommandLine
) -> None:
    head = known.head()

    result = known("run", "launch", *arguments)

    assert result.code == code
    assert told in result.err
    assert known.head() == head


PARTITIONED = """
import ticktrail as dg


class Size(dg.Config):
    rows: int


@dg.op
def load(config: Size):
    pass


@dg.static_partitioned_config(["red", "green"])
def by_color(key):
    return {"ops": {"load": {"config": {"rows": len(key)}}}}


@dg.job(config=by_color)
def painted():
    load()


@dg.job
def plain():
    pass


@dg.asset(partitions_def=dg.DailyPartitionsDefinition("2024-01-01", "2024-02-01"))
def daily():
    pass


days = dg.define_asset_job("days")
defs = dg.Definitions(assets=[daily], jobs=[painted, plain, days])
"""


@pytest.fixture
def partitioned(ticktrail: CommandLine, tmp_path: Path) -> CommandLine:
    """A home that remembers definitions with partitions."""
    file = tmp_path / "partitioned.py"
    file.write_text(PARTITIONED)
    ticktrail.tell(Story())
    Home.open(ticktrail.home, create=False).remember_definitions(DefinitionsSource(file=str(file)))
    return ticktrail


def test_a_partition_is_launched_with_its_config_and_tags(partitioned: CommandLine) -> None:
    result = partitioned("run", "launch", "painted", "--partition", "green", "--json")

    run = partitioned("run", "show", result.record["run"], "--json").record
    assert (run["partition_key"], run["run_config"]) == ("green", {"ops": {"load": {"config": {"rows": 5}}}})
    assert run["tags"] == {"dagster/partition": "green", "dagster/partition_set": "painted_partition_set"}
    assert f"run {run['run'][:8]} of painted for partition 'green' by" in partitioned("log").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["painted"], "say with --partition which one to run: keys are red, green"),
        (["days"], "which one to run: keys go from '2024-01-01' to '2024-01-31'"),
        (["painted", "--partition", "gold"], "there is no partition 'gold': keys are red, green"),
        (["days", "--partition", "2024-02-01"], "there is no partition '2024-02-01'"),
        (["plain", "--partition", "red"], "job 'plain' has no partitions"),
    ],
)
def test_a_launch_of_no_partition_that_there_is_is_refused_and_leaves_no_trace(
    arguments: list[str], told: str, partitioned: CommandLine
) -> None:
    head = partitioned.head()

    result = partitioned("run", "launch", *arguments)

    assert result.code == 1
    assert told in result.err
    assert partitioned.head() == head
