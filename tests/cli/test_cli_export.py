"""`ticktrail export`: the whole history as Parquet files, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import duckdb
import pytest

from command_line import CommandLine
from fared import GOOD, fared
from long_history import History as LongHistory
from story import Story
from ticktrail.adapters.history.database import History, PastMoment
from ticktrail.adapters.history.export import EXPORTED, ExportError, export
from ticktrail.adapters.history.sealing import kept, sealing
from ticktrail.adapters.home import Home
from ticktrail.projections.history.schema import SCHEMA_VERSION, Relation


@pytest.fixture
def target(tmp_path: Path) -> Path:
    parent = tmp_path / "exports"
    parent.mkdir()
    return parent / "out"


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


def rows_of(folder: Path, relation: str) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect()) as database:
        return database.sql(f"FROM '{folder}/{relation}.parquet' ORDER BY ALL").fetchall()


@contextmanager
def opened(home: Path, as_of: PastMoment | None = None) -> Iterator[History]:
    opened_home = Home.open(home, create=False)
    with (
        closing(opened_home.log()) as log,
        closing(
            History(opened_home.history_path, log, now=lambda: 1_798_761_600_000_000, as_of=as_of)
        ) as history,
    ):
        yield history


def test_every_relation_is_there_with_the_rows_of_the_history(ticktrail: CommandLine, target: Path) -> None:
    ticktrail.tell(LongHistory(seed=7).tell(2_000))
    head = ticktrail.head()

    result = ticktrail("export", target, "--as-of", head)

    assert result.code == 0
    assert result.out.startswith(f"{head:,} events as of 2026-01-01T")
    moment = datetime.fromisoformat(manifest_of(target)["moment"])
    past = PastMoment(head, int(moment.timestamp() * 1e6))
    with opened(ticktrail.home, past) as history:
        for relation in EXPORTED:
            expected = history.sql(f"FROM {relation.name} ORDER BY ALL").fetchall()
            assert rows_of(target, relation.name) == expected, relation.name
    assert len(rows_of(target, "ticks")) > 100


def test_the_manifest_and_the_readme_say_what_is_there(ticktrail: CommandLine, target: Path) -> None:
    ticktrail.tell(fared())
    head = ticktrail.head()

    ticktrail("export", target)

    manifest = manifest_of(target)
    assert (manifest["schema"], manifest["position"]) == (SCHEMA_VERSION, head)
    assert [file["relation"] for file in manifest["files"]] == [relation.name for relation in EXPORTED]
    for file in manifest["files"]:
        content = (target / file["file"]).read_bytes()
        assert file["bytes"] == len(content)
        assert file["digest"] == blake2b(content, digest_size=16).hexdigest()
        assert file["rows"] == len(rows_of(target, file["relation"]))
    assert {path.name for path in target.iterdir()} == {
        *(file["file"] for file in manifest["files"]),
        "manifest.json",
        "README.md",
    }
    readme = (target / "README.md").read_text()
    assert f"a ticktrail log of {head} events" in readme
    for relation in EXPORTED:
        assert f"### `{relation.name}`" in readme
        for column in relation.columns:
            assert f"| `{column.name}` | {column.type} |" in readme


def test_columns_have_the_types_that_the_schema_says(ticktrail: CommandLine, target: Path) -> None:
    ticktrail.tell(fared())

    ticktrail("export", target)

    for relation in EXPORTED:
        with closing(duckdb.connect()) as database:
            columns = database.sql(f"DESCRIBE FROM '{target}/{relation.name}.parquet'").fetchall()
        expected = [(column.name, column.type.replace("JSON", "VARCHAR")) for column in relation.columns]
        assert [(name, kind) for name, kind, *_ in columns] == expected, relation.name


def test_many_rows_are_written_in_batches_and_all_of_them(ticktrail: CommandLine, target: Path) -> None:
    story = Story()
    for _ in range(10_000):
        story.end_tick(story.start_tick("s"))
    ticktrail.tell(story)

    ticktrail("export", target)

    assert [row[0] for row in rows_of(target, "ticks")] == list(range(0, 20_000, 2))


def test_as_of_exports_what_was_then(ticktrail: CommandLine, target: Path) -> None:
    ticktrail.tell(fared())

    record = ticktrail("export", target, "--as-of", 20, "--json").record

    assert record["position"] == 20
    assert record == manifest_of(target)
    assert len(rows_of(target, "events")) == 20


def test_a_folder_that_holds_something_is_refused_and_left_alone(
    ticktrail: CommandLine, target: Path
) -> None:
    ticktrail.tell(fared())
    target.mkdir()
    (target / "mine.txt").write_text("keep")

    result = ticktrail("export", target)

    assert result.code == 1
    assert result.err == (
        f"ticktrail: {target} is there and holds something: name a folder that is new or empty\n"
    )
    assert [path.name for path in target.iterdir()] == ["mine.txt"]
    assert list(target.parent.iterdir()) == [target]


def test_an_empty_folder_is_taken(ticktrail: CommandLine, target: Path) -> None:
    ticktrail.tell(fared())
    target.mkdir()

    assert ticktrail("export", target).code == 0
    assert manifest_of(target)["position"] == ticktrail.head()


def test_a_folder_that_cannot_be_made_is_one_line(ticktrail: CommandLine, target: Path) -> None:
    ticktrail.tell(fared())

    result = ticktrail("export", target / "deep" / "er")

    assert result.code == 1
    assert "cannot be written" in result.err and result.err.count("\n") == 1


def test_an_export_that_is_broken_off_leaves_nothing(ticktrail: CommandLine, target: Path) -> None:
    """Seen to fail when the files were written to the folder itself."""
    ticktrail.tell(fared())

    def break_off(relation: Relation, rows: int) -> None:
        if relation.name == "runs":
            raise KeyboardInterrupt

    with opened(ticktrail.home) as history, pytest.raises(KeyboardInterrupt):
        export(history, target, break_off)

    assert list(target.parent.iterdir()) == []


def test_what_comes_into_the_folder_meanwhile_is_not_replaced(ticktrail: CommandLine, target: Path) -> None:
    ticktrail.tell(fared())

    def intrude(relation: Relation, rows: int) -> None:
        target.mkdir(exist_ok=True)
        (target / "mine.txt").write_text("keep")

    with opened(ticktrail.home) as history, pytest.raises(ExportError, match="nothing of it was kept"):
        export(history, target, intrude)

    assert [path.name for path in target.iterdir()] == ["mine.txt"]
    assert list(target.parent.iterdir()) == [target]


def test_relations_agree_while_the_log_goes_on(ticktrail: CommandLine, target: Path) -> None:
    """Seen to fail when each relation was read up to the head as it was by then."""
    story = fared()
    ticktrail.tell(story)
    before = story.head

    def go_on(relation: Relation, rows: int) -> None:
        story.end_tick(story.start_tick(GOOD))
        ticktrail.tell(story)

    with opened(ticktrail.home) as history:
        manifest = export(history, target, go_on)

    assert story.head > before
    assert manifest.position == before
    assert max(row[0] for row in rows_of(target, "events")) == before - 1
    assert max(row[0] for row in rows_of(target, "ticks")) < before


def test_nobody_seals_while_segments_are_kept(ticktrail: CommandLine) -> None:
    ticktrail.tell(fared())
    home = Home.open(ticktrail.home, create=False)
    with opened(ticktrail.home), closing(home.log()) as log:
        with sealing(home.history_path, log) as first:
            assert first is not None
        with kept(home.history_path), sealing(home.history_path, log) as second:
            assert second is None
        with sealing(home.history_path, log) as third:
            assert third is not None
