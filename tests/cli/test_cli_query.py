"""`ticktrail query`: answers as tables, as CSV, as JSON and as Parquet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest

from command_line import CommandLine
from fared import BAD, GOOD, fared
from ticktrail.adapters.cli.result import SHOWN

TICKS = "SELECT tick, sensor, status FROM ticks ORDER BY tick"


@pytest.fixture
def told(ticktrail: CommandLine) -> CommandLine:
    ticktrail.tell(fared())
    return ticktrail


def test_all_forms_have_the_same_rows(told: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "ticks.parquet"

    records = told("query", "--json", TICKS).records
    written = list(csv.DictReader(io.StringIO(told("query", "--csv", TICKS).out)))
    saved = told("query", "--parquet", file, TICKS)
    table = [line.split() for line in told("query", TICKS).out.splitlines()]

    rows = [(each["tick"], each["sensor"], each["status"]) for each in records]
    assert {sensor for _, sensor, _ in rows} == {GOOD, BAD}
    assert [(int(each["tick"]), each["sensor"], each["status"]) for each in written] == rows
    assert saved.out == f"{len(rows)} rows written to {file}\n"
    with duckdb.connect() as database:
        assert database.sql(f"FROM '{file}'").fetchall() == rows
    assert table[0] == ["tick", "sensor", "status"]
    assert [(int(tick), sensor, status) for tick, sensor, status in table[1:]] == rows


def test_numbers_are_to_the_right_and_null_is_a_dash(told: CommandLine) -> None:
    out = told(
        "query", "SELECT 1 AS count, NULL AS nothing, 'x' AS text UNION ALL SELECT 1000, 'y', 'long'"
    ).out

    assert [line.rstrip() for line in out.splitlines()] == [
        "count  nothing  text",
        "    1  -        x",
        " 1000  y        long",
    ]


def test_a_row_too_wide_for_the_terminal_is_written_downwards(told: CommandLine) -> None:
    out = told("query", "SELECT repeat('a', 60) AS one, repeat('b', 60) AS second").out

    assert out == f"one     {'a' * 60}\nsecond  {'b' * 60}\n\n"


def test_wide_characters_count_twice(told: CommandLine) -> None:
    out = told("query", "SELECT '日本' AS text, 1 AS n UNION ALL SELECT 'abcd', 2").out

    assert [line.rstrip() for line in out.splitlines()] == ["text  n", "日本  1", "abcd  2"]


@pytest.mark.parametrize("more", [0, 1])
def test_a_table_shows_the_first_rows_and_says_if_there_are_more(told: CommandLine, more: int) -> None:
    result = told("query", f"SELECT range AS number FROM range({SHOWN + more}) ORDER BY number DESC")

    numbers = [int(line) for line in result.out.splitlines()[1:]]
    assert numbers == list(reversed(range(more, SHOWN + more)))
    assert (f"more than these {SHOWN} rows" in result.err) == bool(more)


def test_no_rows_are_said_to_be_none(told: CommandLine) -> None:
    result = told("query", "SELECT tick FROM ticks WHERE false")

    assert result.out.split() == ["tick"]
    assert "no rows" in result.err


def test_an_answer_is_as_of_a_position(told: CommandLine) -> None:
    (last,) = told("query", "--json", "SELECT max(tick) AS tick FROM ticks").records

    (before,) = told(
        "query", "--json", "SELECT max(tick) AS tick FROM ticks", "--as-of", str(last["tick"])
    ).records

    assert before["tick"] < last["tick"]


def test_a_mistake_is_told_and_fails(told: CommandLine) -> None:
    result = told("query", "SELECT nothing FROM ticks")

    assert result.code == 1
    assert "nothing" in result.err
    assert "relations: events, ticks" in result.err
    assert result.out == ""


def test_two_forms_at_once_are_wrong_usage(told: CommandLine) -> None:
    result = told("query", "--csv", "--json", TICKS)

    assert result.code == 2
    assert "give one of --csv, --json and --parquet" in result.err


def test_a_file_that_cannot_be_written_leaves_nothing(told: CommandLine, tmp_path: Path) -> None:
    result = told("query", "--parquet", tmp_path / "nowhere" / "ticks.parquet", TICKS)

    assert result.code == 1
    assert "cannot be written" in result.err
    assert list(tmp_path.rglob("*.parquet")) == []
