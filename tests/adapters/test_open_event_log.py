"""Opening an event log by its path or URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.sqlite import SQLiteEventLog
from ticktrail.core.errors import LogUnavailable


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_opens_a_sqlite_file(tmp_path: Path, kind: type[str | Path]) -> None:
    log = open_event_log(kind(tmp_path / "log.db"), "west")

    assert isinstance(log, SQLiteEventLog)
    assert log.partition == "west"
    log.close()


def test_a_url_of_something_else_is_refused() -> None:
    with pytest.raises(
        LogUnavailable, match="no event log on mysql://: give a path for SQLite, or a postgresql://"
    ):
        open_event_log("mysql://host/log")


def test_without_the_driver_a_postgresql_url_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from ticktrail.adapters.event_log import open_event_log\n"
        "from ticktrail.core.errors import LogUnavailable\n"
        "try: open_event_log('postgresql://host/log')\n"
        "except LogUnavailable as refused: print(refused)\n"
    )

    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout

    assert 'pip install "ticktrail[postgres]"' in printed


def test_no_driver_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys, ticktrail.adapters.event_log\n"
        "assert not {'eventsourcing', 'psycopg', 'sqlite3'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
