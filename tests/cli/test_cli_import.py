"""``ticktrail import dagster``: on homes that Dagster's own daemon code wrote."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine
from harness.dagster_home import DagsterHome
from harness.engine import EngineHarness, StillClock
from ticktrail.adapters.definitions_file import load_definitions
from ticktrail.adapters.home import Home
from ticktrail.core.events import AnyEvent, RunKeyRepeated, RunRequested

STEPS = ("tick", "touch:in/a.csv", "touch:in/b.csv", "tick", "tick", "end:a.csv=SUCCESS", "end:b.csv=FAILURE")
SWITCHED = ("stop:broken", "start:manual", "tick")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DagsterHome:
    """The home that the tests take copies of."""
    home = DagsterHome(tmp_path_factory.mktemp("made")).make()
    home.do(*STEPS, *SWITCHED)
    return home


@pytest.fixture
def dagster(made: DagsterHome, tmp_path: Path) -> DagsterHome:
    """Four ticks of `files`, which had no files at first and then the two that it asked for."""
    return made.copy(tmp_path / "there")


def events(ticktrail: CommandLine) -> list[AnyEvent]:
    log = Home.open(ticktrail.home, create=False).log()
    try:
        return [event for frame in log.read() for event in frame.events]
    finally:
        log.close()


def change(file: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(file)
    with connection:
        assert connection.execute(statement, values).rowcount >= 1
    connection.close()


def stored(dagster: DagsterHome, query: str) -> list[Any]:
    connection = sqlite3.connect(dagster.path / "schedules" / "schedules.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def ticks_of(dagster: DagsterHome, sensor: str) -> list[int]:
    """Return Dagster's ids of a sensor's ticks; it evaluates sensors in an order of its own."""
    like = f"""SELECT id FROM job_ticks WHERE tick_body LIKE '%"job_name": "{sensor}"%' ORDER BY id"""
    return [tick for [tick] in stored(dagster, like)]


# --- what comes -----------------------------------------------------------------------------------


def test_as_many_ticks_and_run_keys_come_as_dagster_has(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    result = ticktrail("import", "dagster", dagster.path)

    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1].startswith("12 ticks and 2 run keys imported from dagster:")
    ticks = ticktrail("tick", "list", "--json", "--limit", 100).records
    there = stored(dagster, "SELECT id, status FROM job_ticks")
    assert Counter((tick["origin"], tick["status"]) for tick in ticks) == Counter(there)
    assert len(there) == 12


def test_a_tick_comes_with_all_that_dagster_tells_of_it(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    ticktrail("import", "dagster", dagster.path)

    ticks = ticktrail("tick", "list", "files", "--json").records
    [failed, *_] = ticktrail("tick", "list", "broken", "--json").records

    assert [(tick["status"], tick["skip_reason"], tick["requested"], tick["repeated"]) for tick in ticks] == [
        ("SKIPPED", None, 0, 2),
        ("SKIPPED", None, 0, 2),
        ("SUCCESS", None, 2, 0),
        ("SKIPPED", "no files", 0, 0),
    ]
    assert [tick["cursor_after"] for tick in ticks] == ["4", "3", "2", "1"]
    assert failed["error"] == "ValueError: cannot look"
    assert 'raise ValueError("cannot look")' in failed["traceback"]
    assert ticktrail("tick", "show", ticks[2]["tick"]).out.count(f"tick {ticks[2]['origin']} there") == 2


def test_the_sensors_stand_as_they_stood(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    ticktrail("import", "dagster", dagster.path)

    sensors = {row["name"]: row for row in ticktrail("sensor", "list", "--json").records}

    assert {name: (row["status"], row["stored_status"], row["cursor"]) for name, row in sensors.items()} == {
        "broken": ("IMPORTED", "STOPPED", None),
        "files": ("IMPORTED", "DECLARED_IN_CODE", "4"),
        "manual": ("IMPORTED", "RUNNING", None),
        "on_table": ("IMPORTED", "DECLARED_IN_CODE", None),
    }
    assert sensors["files"]["last_run_key"] == "b.csv"


def test_the_owner_of_a_key_is_told(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    ticktrail("import", "dagster", dagster.path)

    tick = ticks_of(dagster, "files")[1]
    shown = ticktrail("key", "show", "files", "b.csv")
    why_not = ticktrail("why-not", "files", "b.csv")
    [owner] = ticktrail("key", "show", "files", "b.csv", "--json").record["owners"]
    why = ticktrail("why", owner["run"][:8])

    assert "FAILURE" in shown.out and f"tick       {tick} of dagster:" in shown.out
    assert "was requested already" in why_not.out and f"by tick {tick} of dagster:" in why_not.out
    assert (owner["status"], owner["imported"]["origin_tick"]) == ("FAILURE", tick)
    assert f"root       tick {tick} of dagster:" in why.out
    assert [word in why.out for word in ("HistoryImported", "RunKeyImported", "TickImported")] == [True] * 3
    assert ticktrail("run", "list", "--json").records == []


def test_what_keeps_an_imported_sensor_silent_is_told(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    ticktrail("import", "dagster", dagster.path)

    result = ticktrail("why-silent", "broken", "--json").record

    assert [hindrance["kind"] for hindrance in result["hindrances"]] == ["imported", "stopped", "no engine"]
    assert result["ticks_imported"] == 3
    assert "in no definitions yet" in ticktrail("why-silent", "files").out


def test_the_log_is_sound_and_can_be_rebuilt(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    ticktrail("import", "dagster", dagster.path)

    verified = ticktrail("verify")

    assert (verified.code, verified.err) == (0, "")
    assert "ticks and run keys imported 14" in verified.out
    assert ticktrail("rebuild", "--check").code == 0
    assert ticktrail("sensor", "list", "--json", "--as-of", 0).records == []


# --- going on -------------------------------------------------------------------------------------


def engine_on(ticktrail: CommandLine, dagster: DagsterHome) -> EngineHarness:
    loaded, clock = load_definitions(dagster.for_ticktrail(), None), StillClock()
    # It begins with Dagster's clock, which has gone on.
    clock.advance(3600)
    return EngineHarness(
        *loaded.sensors.values(),
        log=Home.open(ticktrail.home, create=False).log(),
        clock=clock,
        jobs=[loaded.definitions.get_job_def("load_files")],
    )


def test_an_engine_goes_on_and_launches_nothing_again(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    """Seen to fail when imported keys were not in the index, and when cursors did not come along."""
    ticktrail("import", "dagster", dagster.path)
    (dagster.inbox / "c.csv").touch()
    engine = engine_on(ticktrail, dagster)

    engine.beat(1)

    engine.log.close()
    told = events(ticktrail)
    keys = {event.run_key: event.run for event in told if type(event).__name__ == "RunKeyImported"}  # type: ignore[union-attr]
    assert [event.run_key for event in told if isinstance(event, RunRequested)] == ["c.csv"]
    repeated = [event for event in told if isinstance(event, RunKeyRepeated)]
    assert {event.run_key: told[event.owner].run for event in repeated} == keys  # type: ignore[union-attr]
    ticks = {tick["sensor"]: tick for tick in ticktrail("tick", "list", "--json", "--limit", 3).records}
    assert set(ticks) == {"files", "manual", "on_table"}, "broken was stopped, manual was started"
    assert (ticks["files"]["cursor_before"], ticks["files"]["cursor_after"]) == ("4", "5")
    assert ticktrail("verify").code == 0


def test_a_second_import_adds_nothing_and_a_third_what_has_come_since(
    ticktrail: CommandLine, dagster: DagsterHome
) -> None:
    """Seen to fail when imported ticks were not remembered."""
    ticktrail("import", "dagster", dagster.path)
    head = ticktrail.head()

    second = ticktrail("import", "dagster", dagster.path)
    after_second = ticktrail.head()
    dagster.do("touch:in/c.csv", "tick")
    third = ticktrail("import", "dagster", dagster.path, "--json")

    assert (second.code, second.out.splitlines()[-1][:15]) == (0, "nothing is new ")
    assert after_second == head
    *summaries, total = third.records
    assert {row["sensor"]: (row["ticks"], row["run_keys"]) for row in summaries} == {
        "broken": (0, 0),
        "files": (1, 1),
        "manual": (1, 0),
        "on_table": (1, 0),
    }
    # The import, the new cursor of `files`, its key, three ticks.
    assert (total["events"], ticktrail.head()) == (6, head + 6)
    assert ticktrail("sensor", "cursor", "files").out == "5\n"
    assert ticktrail("verify").code == 0


def test_a_dry_run_says_the_same_and_makes_nothing(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    """Seen to fail when it opened the home as the import does."""
    dry = ticktrail("import", "dagster", dagster.path, "--dry-run")
    untouched = not ticktrail.home.exists()
    real = ticktrail("import", "dagster", dagster.path)

    assert dry.out.replace("would be imported", "imported") == real.out
    assert untouched
    assert "nothing is new" in ticktrail("import", "dagster", dagster.path, "--dry-run").out


def test_dagsters_own_files_stay_as_they_are(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    before = sorted(path.relative_to(dagster.path) for path in dagster.path.rglob("*.db"))
    ids = stored(dagster, "SELECT count(*) FROM job_ticks")

    ticktrail("import", "dagster", dagster.path)

    assert sorted(path.relative_to(dagster.path) for path in dagster.path.rglob("*.db")) == before
    assert stored(dagster, "SELECT count(*) FROM job_ticks") == ids


def test_a_key_whose_run_was_deleted_in_dagster_is_free_as_it_is_there(
    ticktrail: CommandLine, dagster: DagsterHome
) -> None:
    dagster.do("delete:a.csv")

    ticktrail("import", "dagster", dagster.path)

    assert ticktrail("why-not", "files", "a.csv", "--json").record["verdict"] == "never asked for"


# --- what stays out -------------------------------------------------------------------------------


def test_a_tick_that_has_not_ended_comes_when_it_has(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    """Seen to fail when ticks were passed over up to the latest that was imported."""
    file = dagster.path / "schedules" / "schedules.db"
    tick = ticks_of(dagster, "files")[0]
    [[body]] = stored(dagster, f"SELECT tick_body FROM job_ticks WHERE id = {tick}")
    open_body = body.replace("TickStatus.SKIPPED", "TickStatus.STARTED").replace('"no files"', "null")
    change(file, "UPDATE job_ticks SET tick_body = ?, status = 'STARTED' WHERE id = ?", open_body, tick)

    first = ticktrail("import", "dagster", dagster.path)
    change(file, "UPDATE job_ticks SET tick_body = ?, status = 'SKIPPED' WHERE id = ?", body, tick)
    second = ticktrail("import", "dagster", dagster.path)

    assert "left out: ticks that have not ended, to be imported when they have: 1" in first.err
    assert second.out.splitlines()[-1].startswith("1 tick and 0 run keys imported")


def test_ticks_out_of_their_order_in_time_are_put_into_it(
    ticktrail: CommandLine, dagster: DagsterHome
) -> None:
    """Seen to fail without the sort of `decide_import`."""
    file = dagster.path / "schedules" / "schedules.db"
    first, second, third, last = ticks_of(dagster, "files")
    [[body]] = stored(dagster, f"SELECT tick_body FROM job_ticks WHERE id = {last}")
    early = body.replace('"timestamp": 17672', '"timestamp": 16672')
    assert early != body
    change(file, "UPDATE job_ticks SET tick_body = ? WHERE id = ?", early, last)

    ticktrail("import", "dagster", dagster.path)

    rows = ticktrail("tick", "list", "files", "--json").records
    assert [row["origin"] for row in rows] == [third, second, first, last]
    assert [row["tick"] for row in rows] == sorted((row["tick"] for row in rows), reverse=True)
    [files] = [row for row in ticktrail("sensor", "list", "--json").records if row["name"] == "files"]
    assert files["last_tick"] == rows[0]["tick"]


def test_a_run_key_that_is_no_text_is_left_out(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    """Seen to fail, as an event that cannot be written, when it was not."""
    change(
        dagster.path / "history" / "runs.db",
        'UPDATE runs SET run_body = replace(run_body, \'"dagster/run_key": "a.csv"\', ?)',
        '"dagster/run_key": "\\ud800.csv"',
    )

    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 0
    assert "left out: run keys that are no valid text, so that no sensor can ask for them: 1" in result.err
    assert "12 ticks and 1 run key imported" in result.out


def test_the_cursor_of_an_asset_sensor_begins_anew(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    file = dagster.path / "schedules" / "schedules.db"
    change(
        file,
        'UPDATE instigators SET instigator_body = replace(instigator_body, \'"cursor": null\', \'"cursor": "17"\')',
    )

    result = ticktrail("import", "dagster", dagster.path)

    assert "on_table: it is a sensor of the kind ASSET, whose cursor counts Dagster's events" in result.err
    assert ticktrail("sensor", "cursor", "on_table", "--json").record["cursor"] is None
    assert ticktrail("sensor", "cursor", "manual", "--json").record["cursor"] == "17"


# --- locations ------------------------------------------------------------------------------------


def test_sensors_of_the_same_name_are_told_apart_by_their_location(
    ticktrail: CommandLine, dagster: DagsterHome
) -> None:
    """Seen to fail when runs were taken whatever their location."""
    dagster.do("touch:in/there.csv", "tick", location="there")

    both = ticktrail("import", "dagster", dagster.path)
    unknown = ticktrail("import", "dagster", dagster.path, "--location", "nowhere")
    there = ticktrail("import", "dagster", dagster.path, "--location", "there", "--json")

    assert both.code == 1
    assert "files in __repository__@here, __repository__@there" in both.err
    assert "say with --location which to import" in both.err
    assert unknown.code == 1 and "known: __repository__@here, __repository__@there" in unknown.err
    *summaries, _ = there.records
    assert {row["sensor"]: (row["ticks"], row["run_keys"]) for row in summaries} == {
        "broken": (1, 0),
        "files": (1, 3),
        "on_table": (1, 0),
    }
    owners = ticktrail("key", "show", "files", "a.csv", "--json").record["owners"]
    assert [owner["imported"]["origin_tick"] for owner in owners] == ticks_of(dagster, "files")[-1:]


def test_one_of_two_repositories_of_a_location_is_named_with_it(
    ticktrail: CommandLine, dagster: DagsterHome
) -> None:
    result = ticktrail("import", "dagster", dagster.path, "--location", "__repository__@here", "--dry-run")

    assert result.code == 0
    assert "12 ticks" in result.out


# --- what cannot be read --------------------------------------------------------------------------


def test_an_engine_on_the_home_is_told_of(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    """Seen to fail when the lock was not taken."""
    with Home.open(ticktrail.home, create=True).engine_lock():
        result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 1
    assert "an engine already runs on the home" in result.err
    assert ticktrail.head() == 0


def test_a_home_that_is_not_there(ticktrail: CommandLine, tmp_path: Path) -> None:
    result = ticktrail("import", "dagster", tmp_path / "no")

    assert result.code == 1
    assert result.err == (
        f"ticktrail: the Dagster home {tmp_path / 'no'} cannot be read: there is no such folder; "
        "give the one that DAGSTER_HOME names\n"
    )
    assert not ticktrail.home.exists()


def test_a_home_without_a_storage_stays_so(ticktrail: CommandLine, tmp_path: Path) -> None:
    """Seen to fail when Dagster opened, and so made, its storage."""
    result = ticktrail("import", "dagster", tmp_path)

    assert result.code == 1
    assert "it has no storage" in result.err and "no daemon ever ran on it" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_schema_of_a_newer_dagster(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    """Seen to fail when the revision was not looked up."""
    change(
        dagster.path / "schedules" / "schedules.db", "UPDATE alembic_version SET version_num = 'ffffffffffff'"
    )

    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 1
    assert "the schema ffffffffffff, which Dagster" in result.err and "install that one here" in result.err


def test_a_dagster_yaml_that_is_wrong(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    (dagster.path / "dagster.yaml").write_text("storage:\n  sqlite: 7\n")

    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 1
    assert "says DagsterInvalidConfigError" in result.err


def test_a_storage_that_is_no_database(ticktrail: CommandLine, dagster: DagsterHome) -> None:
    (dagster.path / "schedules" / "schedules.db").write_bytes(b"nothing of the kind" * 100)

    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 1
    assert "file is not a database" in result.err


def test_dagster_is_not_installed(
    ticktrail: CommandLine, dagster: DagsterHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dagster", None)

    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 1
    assert 'pip install "ticktrail[dagster]"' in result.err
