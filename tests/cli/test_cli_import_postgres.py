"""``ticktrail import dagster`` from an instance that keeps its storage in PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from command_line import CommandLine
from harness.dagster_home import DagsterHome

pytestmark = pytest.mark.external_service

_numbers = itertools.count()


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """URL of a database with nothing in it."""
    name = f"dagster{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    yield postgres_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def dagster(tmp_path: Path, database: str) -> DagsterHome:
    yaml = f'storage:\n  postgres:\n    postgres_url: "{database}"\n'
    return DagsterHome(tmp_path / "there").make(yaml=yaml)


def tables(database: str) -> int:
    query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    with psycopg.connect(database) as connection:
        [count] = connection.execute(query).fetchone() or (0,)
    return int(count)


def test_ticks_run_keys_and_cursors_come_once(
    ticktrail: CommandLine, dagster: DagsterHome, database: str
) -> None:
    yaml = (dagster.path / "dagster.yaml").read_text()
    # Dagster writes the events of runs with this driver alone.
    (dagster.path / "dagster.yaml").write_text(yaml.replace("postgresql://", "postgresql+psycopg2://"))
    dagster.do("tick", "touch:in/a.csv", "tick", "end:a.csv=SUCCESS")
    (dagster.path / "dagster.yaml").write_text(yaml)

    first = ticktrail("import", "dagster", dagster.path)
    second = ticktrail("import", "dagster", dagster.path)

    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[-1].startswith("6 ticks and 1 run key imported from dagster:")
    assert "nothing is new" in second.out
    with psycopg.connect(database) as connection:
        there = connection.execute("SELECT id, status FROM job_ticks ORDER BY id").fetchall()
    rows = ticktrail("tick", "list", "--json").records
    assert sorted((row["origin"], row["status"]) for row in rows) == there
    assert ticktrail("key", "show", "files", "a.csv", "--json").record["owners"][0]["status"] == "SUCCESS"
    assert ticktrail("sensor", "cursor", "files").out == "2\n"
    assert ticktrail("verify").code == 0


def test_no_password_reaches_the_log(ticktrail: CommandLine, dagster: DagsterHome, database: str) -> None:
    """Seen to fail when the URL was taken as it is."""
    dagster.do("tick")
    yaml = (dagster.path / "dagster.yaml").read_text()
    (dagster.path / "dagster.yaml").write_text(yaml.replace("postgres:@", "postgres:s3cret@"))
    assert "s3cret" in (dagster.path / "dagster.yaml").read_text()

    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 0
    assert "s3cret" not in ticktrail("log", "--json").out
    assert "postgres:***@" in ticktrail("log", "--json").out


def test_a_database_without_dagsters_tables_stays_so(
    ticktrail: CommandLine, dagster: DagsterHome, database: str
) -> None:
    """Seen to fail when Dagster made its tables."""
    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 1
    assert "its storage has no table runs: no daemon ever ran on it" in result.err
    assert tables(database) == 0


def test_a_server_that_is_not_there(ticktrail: CommandLine, tmp_path: Path) -> None:
    yaml = "storage:\n  postgres:\n    postgres_url: postgresql://nobody@127.0.0.1:9/none\n"
    dagster = DagsterHome(tmp_path / "there").make(yaml=yaml)

    result = ticktrail("import", "dagster", dagster.path)

    assert result.code == 1
    assert "after OperationalError" in result.err and "Connection refused" in result.err
