"""The same questions over Dagster's own tick table: run by the Python that has Dagster. Each answer is checked.

python dagster_questions.py FOLDER TICKS SECONDS
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster_table as table
from children import show
from dagster import DagsterInstance

#: The sensor that is asked for by its name.
ONE = 7

_LASTED = "json_extract(tick_body, '$.end_timestamp') - json_extract(tick_body, '$.timestamp')"
_NAME = "(SELECT json_extract(tick_body, '$.job_name') FROM job_ticks WHERE selector_id = found.selector_id LIMIT 1)"
_GAPS = (
    "(SELECT selector_id, 86400 * (julianday(timestamp) - julianday(lag(timestamp) OVER (PARTITION BY selector_id "
    "ORDER BY timestamp))) AS gap FROM job_ticks)"
)
_OF_ONE = (
    f"SELECT id, timestamp, status, {_LASTED}, json_extract(tick_body, '$.skip_reason'), "
    f"json_extract(tick_body, '$.error.message') FROM job_ticks WHERE selector_id = '{table.selector(ONE)}'"
)


def _found(columns: str) -> str:
    """Return the beginning of a question: it takes columns out of the JSON once, so that what is sorted is short.

    Not by an index, which has each row read at another place of the file and takes three times as long.
    """
    return f"WITH found AS MATERIALIZED (SELECT {columns} FROM job_ticks NOT INDEXED)"


#: By the names that our own questions have. Columns and indexes are used wherever there are any.
QUESTIONS = {
    "skip rate by sensor and day": (
        f"SELECT {_NAME}, day, rate, ticks FROM (SELECT selector_id, date(timestamp) AS day, "
        "avg(status = 'SKIPPED') AS rate, count(*) AS ticks FROM job_ticks NOT INDEXED GROUP BY 1, 2) AS found"
    ),
    "durations by sensor": (
        f"{_found(f'selector_id, {_LASTED} AS lasted')} "
        f"SELECT {_NAME}, avg(lasted), max(lasted) FROM found GROUP BY selector_id"
    ),
    "durations by status": (
        f"{_found(f'status, {_LASTED} AS lasted')} SELECT status, count(*), avg(lasted) FROM found GROUP BY 1"
    ),
    "ticks by status": (
        "SELECT status, sum(ticks) FROM (SELECT job_origin_id, status, count(*) AS ticks FROM job_ticks GROUP BY 1, 2) "
        "GROUP BY 1"
    ),
    "commonest skip reasons": (
        f"{_found('''json_extract(tick_body, '$.skip_reason') AS reason, status''')} "
        "SELECT reason, count(*) FROM found WHERE status = 'SKIPPED' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
    ),
    "longest gaps": f"SELECT {_NAME}, max(gap) FROM {_GAPS} AS found GROUP BY selector_id",
    "gaps by a window of one's own": f"SELECT count(*) FROM {_GAPS} WHERE gap > 300",
    "last ten ticks of a sensor": f"{_OF_ONE} ORDER BY timestamp DESC LIMIT 10",
    "an hour of a sensor": (
        f"{_OF_ONE} AND timestamp >= '2024-01-01 00:00:00' AND timestamp < '2024-01-01 01:00:00'"
    ),
}


def answers(copies: int) -> dict[str, tuple[Callable[[list[Any]], Any], Any]]:
    """Return, by question, what to make of its rows, and what that is to be by what was written."""
    sensors = range(table.SENSORS)
    outcomes = [(sensor, table.reason(sensor, turn)) for turn in range(table.TURNS) for sensor in sensors]
    skipped = Counter(table.name(sensor) for sensor, reason in outcomes if reason)
    reasons = Counter(reason for _, reason in outcomes if reason)
    skips = skipped.total() * copies
    statuses = {"FAILURE": len(outcomes) * copies - skips, "SKIPPED": skips}
    turns = [
        table.begins(copy) + turn * table.INTERVAL for copy in range(copies) for turn in range(table.TURNS)
    ]
    gaps = [after - before for before, after in pairwise(turns)]
    return {
        "skip rate by sensor and day": (
            lambda rows: _sums((sensor, round(rate * ticks)) for sensor, _, rate, ticks in rows),
            {sensor: skips * copies for sensor, skips in skipped.items()},
        ),
        "durations by sensor": (
            lambda rows: {sensor: (round(mean, 5), round(most, 5)) for sensor, mean, most in rows},
            {table.name(sensor): (table.lasts(sensor), table.lasts(sensor)) for sensor in sensors},
        ),
        "durations by status": (
            lambda rows: {status: (ticks, round(mean, 4)) for status, ticks, mean in rows},
            {status: (ticks, 0.004) for status, ticks in statuses.items()},
        ),
        "ticks by status": (dict, statuses),
        "commonest skip reasons": (dict, {reason: ticks * copies for reason, ticks in reasons.items()}),
        "longest gaps": (
            lambda rows: {sensor: round(gap) for sensor, gap in rows},
            {table.name(sensor): max(gaps) for sensor in sensors},
        ),
        "gaps by a window of one's own": (
            lambda rows: rows[0][0],
            table.SENSORS * sum(gap > 300 for gap in gaps),
        ),
        "last ten ticks of a sensor": (_ticks, [_of_one(at) for at in turns[:-11:-1]]),
        "an hour of a sensor": (_ticks, [_of_one(at) for at in turns if at < 3600]),
    }


def _sums(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    sums = Counter[str]()
    for key, number in pairs:
        sums[key] += number
    return sums


def _ticks(rows: list[Any]) -> list[tuple[str, float]]:
    return [(started, round(lasted, 5)) for _, started, _, lasted, _, _ in rows]


def _of_one(turn: int) -> tuple[str, float]:
    started = datetime.fromtimestamp(table.BEGIN + turn, UTC).replace(microsecond=ONE * 10_000)
    return f"{started:%Y-%m-%d %H:%M:%S.%f}", table.lasts(ONE)


def ask_in_sql(database: sqlite3.Connection, copies: int) -> None:
    """Ask everything, after one round that is not counted.

    Raises:
        ValueError: An answer is not that of what was written.
    """
    database.execute(f"PRAGMA mmap_size = {2**31}")
    right = answers(copies)
    for name, question in QUESTIONS.items():
        times = []
        for _ in range(4):
            begin = time.perf_counter()
            rows = database.execute(question).fetchall()
            times.append(time.perf_counter() - begin)
        made, wanted = right[name]
        if (found := made(rows)) != wanted:
            raise ValueError(f"{name}: {str(found)[:400]} was found, {str(wanted)[:400]} was written")
        show(what="sql", question=name, seconds=statistics.median(times[1:]))


def ask_in_python(instance: DagsterInstance, copies: int) -> None:
    """Count the ticks of every 20th sensor by their status, by both ways that the instance has.

    Raises:
        ValueError: They are not those that were written: each at a moment of its own.
    """
    wanted = copies * table.WRITTEN // 20
    for way in (instance.get_tick_summaries, instance.get_ticks):
        begin, found = time.perf_counter(), list[Any]()
        for sensor in range(0, table.SENSORS, 20):
            found += way(table.origin(sensor), table.selector(sensor))
        statuses = Counter(tick.status for tick in found)
        seconds = time.perf_counter() - begin
        if (statuses.total(), len({tick.timestamp for tick in found})) != (wanted, wanted):
            raise ValueError(f"{way.__name__}: {statuses}, {wanted} at as many moments were written")
        show(what="api", way=way.__name__, ticks=wanted, seconds=seconds)


def main() -> None:
    folder, ticks, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    folder.mkdir(parents=True)
    os.environ["DAGSTER_HOME"] = str(folder)
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with DagsterInstance.get() as instance:
        table.write(instance)
    [file] = folder.rglob("schedules.db")
    database = sqlite3.connect(file)
    copies = table.copy_all(database, ticks, seconds)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    show(what="table", ticks=copies * table.WRITTEN, bytes=file.stat().st_size)
    ask_in_sql(database, copies)
    database.close()
    with DagsterInstance.get() as instance:
        ask_in_python(instance, copies)


if __name__ == "__main__":
    main()
