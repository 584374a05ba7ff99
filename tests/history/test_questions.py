"""What may be asked, and what is answered to what may not."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from history.seen import log_of, opened, rows, seal
from long_history import History as LongHistory
from story import Story
from ticktrail.adapters.history.database import History
from ticktrail.adapters.history.errors import HistoryQueryError
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.events import AnyEvent, RunRequested, TickSkipped, TickStarted
from ticktrail.projections.history.document import document
from ticktrail.projections.history.schema import SCHEMA_VERSION
from ticktrail.projections.history.stored import SEALED


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    told = LongHistory(seed=5)
    told.tell(500)
    log = log_of(*told.appends())
    seal(tmp_path / "history", log)
    with opened(tmp_path / "history", log) as history:
        yield history


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM tail.ticks",
        "INSERT INTO tail.ticks SELECT * FROM tail.ticks",
        "UPDATE tail.ticks SET sensor = 'x'",
        "CREATE TABLE x (a INTEGER)",
        "CREATE OR REPLACE VIEW ticks AS SELECT 1",
        "DROP VIEW ticks",
        "COPY ticks TO '{folder}/out.parquet'",
        "COPY ticks TO '{folder}/history/segments/out.parquet'",
        "EXPLAIN ANALYZE COPY ticks TO '{folder}/history/segments/out.parquet'",
        "EXPLAIN (ANALYZE, FORMAT json) COPY ticks TO '{folder}/history/segments/out.parquet'",
        "EXPORT DATABASE '{folder}/history/segments/out'",
        "ATTACH '{folder}/out.db'",
        "SET enable_external_access = true",
        "SET VARIABLE x = 1",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CALL pragma_version()",
        "PRAGMA database_list",
        "BEGIN",
        "CHECKPOINT",
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
    ],
)
def test_what_would_change_something_is_refused(history: History, tmp_path: Path, statement: str) -> None:
    def all_files() -> list[tuple[Path, int]]:
        return sorted((path, path.stat().st_size) for path in tmp_path.rglob("*"))

    before, counted = all_files(), rows(history, "SELECT count(*) FROM ticks")

    with pytest.raises(HistoryQueryError, match=r"refused|one statement"):
        history.sql(statement.format(folder=tmp_path))

    assert all_files() == before
    assert rows(history, "SELECT count(*) FROM ticks") == counted


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM read_blob('{folder}/history/segments/../../secret.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_parquet('{folder}/history/*.lock')",
        "SELECT * FROM query('COPY ticks TO ''{folder}/history/segments/x.csv''')",
    ],
)
def test_no_other_file_can_be_read(history: History, tmp_path: Path, question: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")

    with pytest.raises(Exception, match=r"Permission Error|does not exist|SELECT|refused"):
        rows(history, question.format(secret=secret, folder=tmp_path))


@pytest.mark.parametrize(
    "question",
    [
        "SELECT count(*) FROM ticks",
        "FROM ticks LIMIT 1",
        "WITH a AS (SELECT 1 AS b) SELECT b FROM a",
        "DESCRIBE ticks",
        "SHOW TABLES",
        "SUMMARIZE ticks",
        "EXPLAIN SELECT * FROM ticks",
        "EXPLAIN ANALYZE SELECT count(*) FROM ticks",
        "PIVOT (SELECT sensor, status FROM ticks) ON status USING count(*)",
        "SELECT sensor, lag, since_previous, kind FROM ticks JOIN events USING (sensor) LIMIT 1",
    ],
)
def test_what_reads_is_answered(history: History, question: str) -> None:
    assert rows(history, question)


def test_a_mistake_is_told_with_the_relations_there_are(history: History) -> None:
    with pytest.raises(
        HistoryQueryError, match=r'Did you mean "ticks"(.|\n)*relations: events, ticks, run_requests'
    ):
        history.sql("SELECT * FROM tikcs")
    with pytest.raises(HistoryQueryError, match="syntax error"):
        history.sql("SELEC 1")


def test_every_relation_has_the_columns_that_are_written_down(history: History) -> None:
    for relation in history.relations:
        told = [(row[0], row[1]) for row in rows(history, f"DESCRIBE {relation.name}")]
        assert told == [(column.name, column.type) for column in relation.columns]


def test_no_name_has_to_be_quoted(history: History) -> None:
    for relation in history.relations:
        rows(history, f"SELECT {', '.join(column.name for column in relation.columns)} FROM {relation.name}")


def test_the_page_of_the_relations_is_the_schema_s() -> None:
    page = Path(__file__).parents[2] / "docs" / "history.md"

    assert page.read_text() == document(), (
        "run `python -m ticktrail.projections.history.document > docs/history.md`"
    )


def test_an_instance_answers_as_it_is_and_as_it_was() -> None:
    with DagsterInstance.ephemeral() as instance:
        for asset in ("x", "y"):
            instance.report_runless_asset_event(_materialized(asset))
        past = instance.as_of(1)

        assert instance.history.sql("SELECT asset FROM assets ORDER BY asset").fetchall() == [("x",), ("y",)]
        assert past.history.sql("SELECT asset FROM assets").fetchall() == [("x",)]
        assert instance.history.sql("SELECT count(*) AS n FROM events").to_arrow_table().to_pydict() == {
            "n": [2]
        }
        past.dispose()


def _materialized(asset: str) -> Any:
    from ticktrail import AssetMaterialization

    return AssetMaterialization(asset_key=asset)


def test_a_run_config_of_many_columns_is_one_value() -> None:
    config = {f"column_{number}": number for number in range(100_000)}
    request = RunRequested(at=1, run="r", job="j", run_config={"ops": config})

    with opened(None, log_of([request])) as history:
        told = rows(history, "SELECT CAST(run_config->'$.ops.column_99999' AS INTEGER) FROM run_requests")

    assert told == [(99_999,)]


def test_many_sensors_have_a_row_each() -> None:
    events: list[AnyEvent] = []
    for number in range(20_000):
        events.append(
            TickStarted(
                at=number, sensor=f"sensor {number} \N{SNOWMAN}'", cursor=None, fingerprint="f", engine="e"
            )
        )
        events.append(
            TickSkipped(
                at=number, tick=2 * number, sensor=f"sensor {number} \N{SNOWMAN}'", reason=None, duration=0.1
            )
        )

    with opened(None, log_of(events)) as history:
        assert rows(history, "SELECT count(*), sum(ticks) FROM sensor_health") == [(20_000, 20_000)]


def test_time_to_detect_goes_by_the_tag_and_else_by_the_cause() -> None:
    story = Story()
    story.materialize("x", None)
    story.add(
        TickStarted(at=story.at + 4_000_000, sensor="s", cursor=None, fingerprint="f", engine="e", cause=0),
        _request(story.at + 5_000_000, "by cause", {}),
        _request(story.at + 5_000_000, "by tag", {"ticktrail/source_time": "2026-01-01T00:00:02Z"}),
        _request(story.at + 5_000_000, "by number", {"ticktrail/source_time": "1767225603.5"}),
        _request(story.at + 5_000_000, "no time", {"ticktrail/source_time": "soon"}),
    )

    with opened(None, log_of(*story.appends)) as history:
        told = rows(history, "SELECT run_id, seconds, known_by FROM time_to_detect ORDER BY run_id")

    assert told == [
        ("by cause", 6.0, "cause"),
        ("by number", 2.5, "tag"),
        ("by tag", 4.0, "tag"),
        ("no time", 6.0, "cause"),
    ]


def _request(at: int, run: str, tags: dict[str, str]) -> RunRequested:
    return RunRequested(at=at, run=run, job="j", tick=1, sensor="s", given_tags=tags)


def test_the_stored_columns_are_those_of_their_schema_s_version() -> None:
    """Another digest is another schema: give `SCHEMA_VERSION` the next number, then pin the new digest here."""
    columns = [(each.name, [column[:2] for column in each.columns], each.order) for each in SEALED]

    assert (SCHEMA_VERSION, blake2b(repr(columns).encode(), digest_size=8).hexdigest()) == (
        3,
        "9f236d095ed4c437",
    )
