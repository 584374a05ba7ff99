"""The examples are Dagster sensors but for their import line, and do over real files what they say."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

import ticktrail as dg
from docs.fences import ROOT
from harness.in_process import materialized
from ticktrail.adapters.definitions_file import load_definitions

BASIC = ROOT / "examples" / "basic_sensor.py"
CURSOR = ROOT / "examples" / "cursor_sensor.py"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the sensors watch."""
    watched = tmp_path / "watched"
    watched.mkdir()
    monkeypatch.setenv("INBOX", str(watched))
    monkeypatch.setenv("DATA", str(watched))
    monkeypatch.setenv("ARCHIVE", str(tmp_path / "archive"))
    return watched


@pytest.fixture
def inbox_sensor(folder: Path) -> dg.SensorDefinition:
    return load_definitions(BASIC, None).definitions.get_sensor_def("new_file_sensor")


@pytest.fixture
def data_sensor(folder: Path) -> dg.SensorDefinition:
    return load_definitions(CURSOR, None).definitions.get_sensor_def("updated_file_sensor")


def written(folder: Path, name: str, *, at: float) -> None:
    (folder / name).write_text("one\ntwo\n")
    os.utime(folder / name, (at, at))


def tick(sensor: dg.SensorDefinition, cursor: str | None = None) -> dg.SensorExecutionData:
    return sensor.evaluate_tick(dg.build_sensor_context(cursor=cursor))


def keys(data: dg.SensorExecutionData) -> list[str | None]:
    return [request.run_key for request in data.run_requests]


@pytest.mark.parametrize("example", [BASIC, CURSOR], ids=lambda path: path.name)
class TestText:
    def test_only_the_import_line_names_ticktrail(self, example: Path) -> None:
        tree = ast.parse(example.read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        named = [ast.unparse(node) for node in imports if "ticktrail" in ast.unparse(node)]
        tree.body = [node for node in tree.body[1:] if node not in imports]

        assert named == ["import ticktrail as dg"]
        assert "ticktrail" not in ast.unparse(tree)

    def test_every_name_it_uses_of_dg_is_exported(self, example: Path) -> None:
        used = {
            node.attr
            for node in ast.walk(ast.parse(example.read_text()))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "dg"
        }

        assert {"asset", "sensor", "RunRequest", "Definitions"} <= used
        assert used - set(dg.__all__) == set()


class TestBasicSensor:
    def test_each_file_is_asked_for_under_its_name(
        self, inbox_sensor: dg.SensorDefinition, folder: Path
    ) -> None:
        written(folder, "b.csv", at=100)
        written(folder, "a.csv", at=200)

        requests = tick(inbox_sensor).run_requests

        assert [request.run_key for request in requests] == ["a.csv", "b.csv"]
        assert requests[0].run_config["ops"] == {"archived_file": {"config": {"filename": "a.csv"}}}

    def test_an_empty_folder_is_skipped_with_a_reason(
        self, inbox_sensor: dg.SensorDefinition, folder: Path
    ) -> None:
        assert tick(inbox_sensor).skip_message == f"no files in {folder}"

    def test_a_run_moves_the_file_and_notes_its_size(
        self, inbox_sensor: dg.SensorDefinition, folder: Path, tmp_path: Path
    ) -> None:
        written(folder, "a.csv", at=100)
        [request] = tick(inbox_sensor).run_requests
        job = load_definitions(BASIC, None).definitions.get_job_def("archive_job")

        result = job.execute_in_process(request.run_config)

        [event] = materialized(result)
        assert event.metadata["bytes"] == len("one\ntwo\n")
        assert (tmp_path / "archive" / "a.csv").exists()
        assert list(folder.iterdir()) == []


class TestCursorSensor:
    def test_the_cursor_moves_to_the_latest_change(
        self, data_sensor: dg.SensorDefinition, folder: Path
    ) -> None:
        written(folder, "a.txt", at=100)
        written(folder, "b.txt", at=200.5)

        data = tick(data_sensor)

        assert keys(data) == ["a.txt:100.0", "b.txt:200.5"]
        assert data.cursor == "200.5"

    def test_an_unchanged_folder_is_skipped(self, data_sensor: dg.SensorDefinition, folder: Path) -> None:
        written(folder, "a.txt", at=100)

        data = tick(data_sensor, cursor="100.0")

        assert keys(data) == []
        assert data.skip_message == "Sensor function returned an empty result"
        assert data.cursor == "100.0"

    def test_a_touched_file_gets_a_key_of_its_own(
        self, data_sensor: dg.SensorDefinition, folder: Path
    ) -> None:
        written(folder, "a.txt", at=100)
        first = tick(data_sensor)
        written(folder, "a.txt", at=300)

        second = tick(data_sensor, cursor=first.cursor)

        assert keys(first) == ["a.txt:100.0"]
        assert keys(second) == ["a.txt:300.0"]

    def test_a_run_counts_the_lines_of_the_file(self, data_sensor: dg.SensorDefinition, folder: Path) -> None:
        written(folder, "a.txt", at=100)
        [request] = tick(data_sensor).run_requests
        job = load_definitions(CURSOR, None).definitions.get_job_def("report_job")

        result = job.execute_in_process(request.run_config)

        [event] = materialized(result)
        assert event.metadata["lines"] == 2
