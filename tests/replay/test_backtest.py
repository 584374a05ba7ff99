"""Backtest: other code on the ticks of the past."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import ticktrail as dg
from harness.engine import EngineHarness
from ticktrail.adapters.backtest_tables import NoTables
from ticktrail.adapters.backtesting import BacktestResult, EmptyLog
from ticktrail.adapters.definitions_file import LoadedDefinitions, load_definitions
from ticktrail.adapters.home import Home
from ticktrail.adapters.tape import install, rebind, rebind_code
from ticktrail.core.authoring.sensor import SensorDefinition
from ticktrail.core.evaluation import evaluate
from ticktrail.core.events import TickStarted
from ticktrail.core.replay import Backtest
from ticktrail.core.replay.summary import Summary
from ticktrail.core.tape import Tape, under
from ticktrail.core.tape.history_player import HistoryPlayer
from ticktrail.projections.past_ticks import PastTicks, past_ticks

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNNING = dg.DefaultSensorStatus.RUNNING


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@dg.op
def load() -> None:
    pass


@dg.job
def load_job() -> None:
    load()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("DATA", str(folder))
    return folder


def loaded(name: str) -> LoadedDefinitions:
    found = load_definitions(EXAMPLES / name, None)
    rebind_code()
    return found


def backtested(
    engine: EngineHarness, sensor: SensorDefinition, definitions: dg.Definitions, **how: Any
) -> Summary:
    def read(offset: int) -> Any:
        return next(engine.log.read(offset, offset + 1)).events[0]

    pasts = PastTicks(sensor.name, read).of(engine.log.read())
    started = engine.of(TickStarted)
    summary = Summary(start=started[0].at, end=started[-1].at)
    for tick in Backtest(sensor, definitions, **how).run(pasts):
        summary.add(tick)
    return summary


def test_the_mended_example_finds_exactly_the_files_that_the_other_one_lost(folder: Path) -> None:
    """Files are lost whose time is that of the last look, or older: copied with their time, or a slow writer's.

    Seen to fail when the new code had the old one's cursor in each tick.
    """
    old = loaded("cursor_sensor.py")
    sensor = old.sensors["updated_file_sensor"]
    engine = EngineHarness(
        sensor,
        record=True,
        jobs=list(old.definitions.jobs or []),
        assets=list(old.definitions.assets or []),
    )
    lost = _history(folder, engine)
    requested = {request.run_key for request in engine.requests()}
    shutil.rmtree(folder)

    mended = loaded("cursor_sensor_mended.py")
    summary = backtested(engine, mended.sensors["updated_file_sensor"], mended.definitions)

    assert lost and not lost & requested
    assert set(summary.only_new) == lost
    assert summary.only_old == [] and summary.errors == 0
    assert summary.counts["unchanged"] == len(requested)


def _history(folder: Path, engine: EngineHarness) -> set[str]:
    """Let files come, some of them too late for the sensor; return the run keys of those."""
    chance, lost, newest = random.Random(7), set[str](), 0
    for second in range(400):
        for number in range(chance.randrange(3)):
            file = folder / f"{second}-{number}.csv"
            file.touch()
            at = 1_700_000_000 + second - (chance.randrange(1, 50) if chance.random() < 0.2 else 0)
            os.utime(file, (at, at))
            if at <= newest:
                lost.add(f"{file.name}:{float(at)}")
        engine.beat(1)
        newest = max(newest, *(int(file.stat().st_mtime) for file in folder.iterdir()), 0)
    return lost


class TestOneFileAtATime:
    """A sensor whose ticks saw a file more each."""

    @pytest.fixture
    def engine(self, folder: Path) -> EngineHarness:
        engine = EngineHarness(self.sensor(folder), jobs=[load_job], record=True)
        for number in range(4):
            (folder / f"{number}.csv").touch()
            engine.beat(1)
        return engine

    @staticmethod
    def sensor(folder: Path, suffix: str = "", **tags: str) -> SensorDefinition:
        @dg.sensor(job=load_job, minimum_interval_seconds=1, default_status=RUNNING)
        def files(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
            for name in sorted(os.listdir(folder)):
                yield dg.RunRequest(run_key=f"{name}{suffix}", tags=tags)
            context.update_cursor(str(len(os.listdir(folder))))

        return files

    def test_the_same_code_asks_for_the_same(self, engine: EngineHarness, folder: Path) -> None:
        summary = backtested(engine, self.sensor(folder), engine.definitions)

        assert (summary.ticks, dict(summary.counts), summary.diverged) == (4, {"unchanged": 4}, 0)
        assert sum(summary.old) == sum(summary.new) == 4

    def test_other_keys_are_added_and_removed_and_other_content_is_changed(
        self, engine: EngineHarness, folder: Path
    ) -> None:
        summary = backtested(engine, self.sensor(folder, suffix="!"), engine.definitions)
        assert dict(summary.counts) == {"added": 4, "removed": 4}
        assert summary.only_new == [f"{number}.csv!" for number in range(4)]

        changed = backtested(engine, self.sensor(folder, team="x"), engine.definitions)
        assert dict(changed.counts) == {"changed": 4}
        assert changed.only_new == changed.only_old == []

    def test_keys_are_taken_by_what_came_before_unless_they_are_fresh(
        self, engine: EngineHarness, folder: Path
    ) -> None:
        later = engine.of(TickStarted)[2].at

        def since(**how: Any) -> Summary:
            def read(offset: int) -> Any:
                return next(engine.log.read(offset, offset + 1)).events[0]

            pasts = PastTicks("files", read).of(engine.log.read())
            summary = Summary(start=later, end=later + 10)
            backtest = Backtest(self.sensor(folder), engine.definitions, **how)
            for tick in backtest.run(past for past in pasts if past.started.at >= later):
                summary.add(tick)
            return summary

        assert dict(since().counts) == {"unchanged": 2}
        assert dict(since(fresh_keys=True).counts) == {"added": 2, "unchanged": 2}

    def test_what_the_code_does_to_an_answer_does_not_change_the_next_one(
        self, engine: EngineHarness, folder: Path
    ) -> None:
        """Seen to fail when a listing that is read more often than it was came as the same list."""

        @dg.sensor(job=load_job, name="files")
        def emptying(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            for _ in range(3):
                os.listdir(folder).clear()
            return dg.SkipReason(f"{len(os.listdir(folder))}")

        def reasons() -> Iterator[str | None]:
            for past in past_ticks(engine.log, "files"):
                player = HistoryPlayer(past.read_tape() or Tape(), "fail", {}, at=0)
                with under(player):
                    yield evaluate(
                        emptying, dg.build_sensor_context(definitions=engine.definitions)
                    ).skip_reason

        assert list(reasons()) == ["1", "2", "3", "4"]

    def test_a_cursor_to_begin_with_evolves_under_the_new_code(
        self, engine: EngineHarness, folder: Path
    ) -> None:
        @dg.sensor(job=load_job, name="files")
        def by_cursor(context: dg.SensorEvaluationContext) -> dg.RunRequest:
            context.update_cursor(str(int(context.cursor or 0) + 1))
            return dg.RunRequest(run_key=f"at {context.cursor}")

        summary = backtested(engine, by_cursor, engine.definitions, start_cursor="10")

        assert summary.only_new == [f"at {number}" for number in range(11, 15)]

    def test_a_cursor_that_the_new_code_cannot_read_is_its_error_at_that_tick(
        self, engine: EngineHarness
    ) -> None:
        @dg.sensor(job=load_job, name="files")
        def parsing(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            return dg.SkipReason(str(int(context.cursor or 0)))

        summary = backtested(engine, parsing, engine.definitions, start_cursor="three")

        assert summary.errors == 4 and summary.first_error is not None
        assert summary.first_error.tick == engine.ticks()[0].tick
        assert "invalid literal for int() with base 10: 'three'" in str(summary.first_error.error)


class TestReadsThatTheTapeLacks:
    """New code that looks at what the old did not."""

    @pytest.fixture
    def engine(self, folder: Path) -> EngineHarness:
        @dg.sensor(job=load_job, minimum_interval_seconds=1, default_status=RUNNING)
        def files(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            here = os.listdir(folder)
            if len(here) == 1:
                return dg.SkipReason(f"{os.stat(folder / here[0]).st_size}")
            return dg.SkipReason(f"{len(here)} files")

        engine = EngineHarness(files, jobs=[load_job], record=True)
        for number in range(3):
            (folder / f"{number}.csv").write_text("x")
            engine.beat(1)
        return engine

    @staticmethod
    def sizes(folder: Path) -> SensorDefinition:
        @dg.sensor(job=load_job, name="files")
        def files(context: dg.SensorEvaluationContext) -> dg.RunRequest:
            os.listdir(folder)
            return dg.RunRequest(run_key=f"size {os.stat(folder / '0.csv').st_size}")

        return files

    def test_they_fail_by_default_and_are_counted(self, engine: EngineHarness, folder: Path) -> None:
        summary = backtested(engine, self.sizes(folder), engine.definitions)

        assert summary.errors == 2
        assert dict(summary.missing) == {f"stat {folder / '0.csv'}": 2}

    def test_the_tape_before_can_answer(self, engine: EngineHarness, folder: Path) -> None:
        (folder / "0.csv").write_text("longer now")
        summary = backtested(engine, self.sizes(folder), engine.definitions, missing="nearest")

        assert summary.errors == 0 and summary.only_new == ["size 1"]
        assert dict(summary.missing) == {f"stat {folder / '0.csv'}": 2}

    def test_the_world_of_now_can_answer(self, engine: EngineHarness, folder: Path) -> None:
        (folder / "0.csv").write_text("longer now")
        summary = backtested(engine, self.sizes(folder), engine.definitions, missing="live")

        assert summary.errors == 0 and summary.only_new == ["size 1", "size 10"]

    @pytest.mark.parametrize("missing", ["fail", "nearest", "live"])
    def test_nothing_is_changed_whatever_answers(
        self, engine: EngineHarness, folder: Path, missing: str
    ) -> None:
        """Seen to fail when only reads were refused."""

        @dg.sensor(job=load_job, name="files")
        def acting(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            (folder / "0.csv").unlink()
            return dg.SkipReason("gone")

        summary = backtested(engine, acting, engine.definitions, missing=missing)

        assert summary.errors == 3
        assert (folder / "0.csv").exists()
        assert f"os.remove {folder / '0.csv'}" in summary.missing

    def test_what_is_observed_by_name_is_asked_for_now(self, engine: EngineHarness, folder: Path) -> None:
        """Seen to fail when only reads by Python's own means were made."""
        answers = iter(range(1, 100))

        @dg.sensor(job=load_job, name="files")
        def observing(context: dg.SensorEvaluationContext) -> dg.RunRequest:
            return dg.RunRequest(run_key=f"row {context.observe('rows', lambda: next(answers))}")

        summary = backtested(engine, observing, engine.definitions, missing="live")

        assert summary.errors == 0 and summary.only_new == ["row 1", "row 2", "row 3"]
        assert dict(summary.missing) == {"rows": 3}

    def test_what_is_observed_now_changes_nothing_either(self, engine: EngineHarness, folder: Path) -> None:
        """Seen to fail when whatever was done to answer a read was let through."""

        @dg.sensor(job=load_job, name="files")
        def taking(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            context.observe("taken", lambda: (folder / "0.csv").unlink())
            return dg.SkipReason("gone")

        summary = backtested(engine, taking, engine.definitions, missing="live")

        assert summary.errors == 3 and (folder / "0.csv").exists()


class TestFromPython:
    """`ticktrail.backtest`, and the fixture of that name."""

    @pytest.fixture
    def home(self, tmp_path: Path, folder: Path) -> Path:
        home = Home.open(tmp_path / "home", create=True)
        with closing(home.log()) as log:
            engine = EngineHarness(TestOneFileAtATime.sensor(folder), log=log, jobs=[load_job], record=True)
            for number in range(4):
                (folder / f"{number}.csv").touch()
                engine.beat(1)
        return home.path

    def test_a_test_asserts_what_changed_code_would_have_asked_for(self, home: Path, folder: Path) -> None:
        code = dg.Definitions(jobs=[load_job], sensors=[TestOneFileAtATime.sensor(folder, suffix="!")])

        result = dg.backtest(code, "files", home=home)

        assert result.only_new == [f"{number}.csv!" for number in range(4)]
        assert (len(result.ticks), len(result.diverging), result.errors) == (4, 4, [])

    def test_it_is_a_fixture_wherever_ticktrail_is_installed(
        self, backtest: Callable[..., Any], home: Path, folder: Path
    ) -> None:
        code = dg.Definitions(jobs=[load_job], sensors=[TestOneFileAtATime.sensor(folder)])

        assert backtest(code, "files", home=home).only_new == []

    def test_only_some_of_the_past(self, home: Path, folder: Path) -> None:
        code = dg.Definitions(jobs=[load_job], sensors=[TestOneFileAtATime.sensor(folder)])
        second = datetime(2026, 1, 1, 0, 0, 2)

        assert len(dg.backtest(code, "files", home=home, since=second).ticks) == 3
        assert len(dg.backtest(code, "files", home=home, until=second).ticks) == 1

    def test_the_home_is_that_of_the_environment(
        self, home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TICKTRAIL_HOME", str(home))
        code = dg.Definitions(jobs=[load_job], sensors=[TestOneFileAtATime.sensor(folder)])

        assert dg.backtest(code, "files").diverging == []

    def test_a_log_without_a_past_says_so(self, tmp_path: Path, folder: Path) -> None:
        Home.open(tmp_path / "new", create=True)
        code = dg.Definitions(jobs=[load_job], sensors=[TestOneFileAtATime.sensor(folder)])

        with pytest.raises(EmptyLog, match="let the sensor tick first"):
            dg.backtest(code, "files", home=tmp_path / "new")


class TestTables:
    """What came of a backtest, as tables."""

    @pytest.fixture
    def result(self, tmp_path: Path, folder: Path) -> BacktestResult:
        home = Home.open(tmp_path / "home", create=True)
        with closing(home.log()) as log:
            engine = EngineHarness(TestOneFileAtATime.sensor(folder), log=log, jobs=[load_job], record=True)
            for number in range(3):
                (folder / f"{number}.csv").touch()
                engine.beat(1)
        code = dg.Definitions(jobs=[load_job], sensors=[TestOneFileAtATime.sensor(folder, "!", team="x")])
        return dg.backtest(code, "files", home=home.path)

    def test_there_is_a_row_per_tick_and_a_row_per_request(self, result: BacktestResult) -> None:
        columns = result.columns()

        ticks, requests = columns["backtest_ticks"], columns["backtest_requests"]
        assert ticks["sensor"] == ["files"] * 3 and ticks["added"] == ticks["removed"] == [1, 1, 1]
        assert [ticks["started_at"][0] + 1_000_000 * number for number in range(3)] == ticks["started_at"]
        assert ticks["cursor_before"] == [None, "1", "2"] and ticks["cursor_after"] == ["1", "2", "3"]
        assert requests["change"] == ["added", "removed"] * 3
        assert requests["run_key"][:2] == ["0.csv!", "0.csv"]
        assert requests["new_job"][:2] == ["load_job", None]
        assert [tags and "team" in tags for tags in requests["new_tags"][:2]] == [True, None]
        assert all(len(column) == 6 for column in requests.values())

    def test_they_are_relations_that_answer_questions(self, result: BacktestResult) -> None:
        pytest.importorskip("duckdb")
        pytest.importorskip("pyarrow")

        assert result.tables()["backtest_ticks"].aggregate(
            "sum(added) AS added, max(started_at) AS last"
        ).fetchall() == [(3, datetime(2026, 1, 1, 0, 0, 3))]
        asked = result.sql(
            "FROM backtest_requests SELECT run_key, old_job WHERE change = 'removed' ORDER BY 1"
        )
        assert asked.fetchall() == [(f"{number}.csv", "load_job") for number in range(3)]

    def test_without_duckdb_it_says_what_to_install(
        self, result: BacktestResult, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "duckdb", None)

        with pytest.raises(NoTables, match=r'pip install "ticktrail\[history\]"'):
            result.sql("SELECT 1")
        assert len(result.columns()["backtest_ticks"]["tick"]) == 3
