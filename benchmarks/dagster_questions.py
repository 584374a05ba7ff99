"""The same questions over Dagster's own tick table: run by the Python that has Dagster.

Some ticks are written through Dagster's instance; they are multiplied in its table, each with a time and an id of its own, as
writing millions of them would take days.

python dagster_questions.py FOLDER TICKS SECONDS
"""

import json
import os
import sqlite3
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._utils.error import SerializableErrorInfo

SENSORS, WRITTEN = 200, 2_000

#: Seconds between two ticks of a sensor, and those that an evaluation took.
INTERVAL, DURATION = 30, 0.004

_GAPS = (
    "(SELECT selector_id, julianday(timestamp) - julianday(lag(timestamp) OVER (PARTITION BY selector_id ORDER BY id)) "
    "AS gap FROM job_ticks)"
)
_LASTED = "json_extract(tick_body, '$.end_timestamp') - json_extract(tick_body, '$.timestamp')"

#: By the names that our own questions have. What is a column is not taken out of the JSON.
QUESTIONS = {
    "ticks by status": f"SELECT status, count(*), avg({_LASTED}) FROM job_ticks GROUP BY status",
    "skip rate by sensor and day": (
        "SELECT selector_id, date(timestamp), avg(status = 'SKIPPED'), count(*) FROM job_ticks GROUP BY 1, 2"
    ),
    "durations by sensor": f"SELECT selector_id, avg({_LASTED}), max({_LASTED}) FROM job_ticks GROUP BY 1",
    "requests by day": (
        "SELECT date(timestamp), sum(json_array_length(tick_body, '$.run_ids')) FROM job_ticks GROUP BY 1"
    ),
    "commonest skip reasons": (
        "SELECT json_extract(tick_body, '$.skip_reason'), count(*) FROM job_ticks WHERE status = 'SKIPPED' GROUP BY 1 "
        "ORDER BY 2 DESC LIMIT 10"
    ),
    "longest gaps": f"SELECT selector_id, max(gap) FROM {_GAPS} GROUP BY 1",
    "gaps by a window of one's own": f"SELECT count(*) FROM {_GAPS} WHERE gap > 300.0 / 86400",
}


def check(name: str, rows: list[tuple[Any, ...]], ticks: int) -> None:
    """Make sure that an answer is that of what was written."""
    right = True
    match name:
        case "ticks by status":
            right = sum(row[1] for row in rows) == ticks and {row[0] for row in rows} == {
                "SKIPPED",
                "FAILURE",
            }
        case "skip rate by sensor and day":
            right = len({row[0] for row in rows}) == SENSORS and sum(row[3] for row in rows) == ticks
        case "durations by sensor":
            right = len(rows) == SENSORS and all(abs(row[1] - DURATION) < 1e-4 for row in rows)
        case "commonest skip reasons":
            right = rows[0][0] == "no new files"
        case "longest gaps":
            right = len(rows) == SENSORS and all(abs(row[1] * 86_400 - INTERVAL) < 0.01 for row in rows)
    if not right:
        raise SystemExit(f"{name}: not what was written: {rows[:3]}")


def write(instance: DagsterInstance) -> None:
    """Write skipping and failing ticks of all sensors as its daemon does."""
    for number in range(WRITTEN):
        sensor, at = number % SENSORS, 1_704_067_200 + INTERVAL * (number // SENSORS)
        tick = instance.create_tick(
            TickData(
                instigator_origin_id=f"{sensor:040x}",
                instigator_name=f"sensor_{sensor:03}",
                instigator_type=InstigatorType.SENSOR,
                status=TickStatus.STARTED,
                timestamp=float(at),
                selector_id=f"{sensor + SENSORS:040x}",
            )
        )
        ended: dict[str, Any] = {"status": TickStatus.SKIPPED, "skip_reason": "no new files"}
        if number % 50 == 7:
            error = SerializableErrorInfo("ConnectionError: the host does not answer", [], "ConnectionError")
            ended = {"status": TickStatus.FAILURE, "error": error}
        # Not by the tick's own `with_status`, which takes the time of the clock.
        data = tick.tick_data.with_status(**ended, end_timestamp=at + DURATION)
        instance.update_tick(tick._replace(tick_data=data))


def multiply(database: sqlite3.Connection, ticks: int, seconds: float) -> int:
    """Double the rows of the table until there are as many, or the time is over; return how many there are."""
    columns = [row[1] for row in database.execute("PRAGMA table_info(job_ticks)") if row[1] != "id"]
    moved = {"timestamp": "strftime('%Y-%m-%d %H:%M:%f', timestamp, '+' || ? || ' seconds') || '000'"}
    chosen = ", ".join(moved.get(column, column) for column in columns)
    begin = time.monotonic()
    while (count := database.execute("SELECT count(*) FROM job_ticks").fetchone()[0]) < ticks:
        if time.monotonic() - begin > seconds:
            break
        with database:
            database.execute(
                f"INSERT INTO job_ticks ({', '.join(columns)}) SELECT {chosen} FROM job_ticks LIMIT ?",
                (INTERVAL * (count // SENSORS), ticks - count),
            )
    return int(count)


def main() -> None:
    folder, ticks, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    folder.mkdir(parents=True)
    os.environ["DAGSTER_HOME"] = str(folder)
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with DagsterInstance.get() as instance:
        write(instance)
    [file] = folder.rglob("schedules.db")
    database = sqlite3.connect(file)
    count = multiply(database, ticks, seconds)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(json.dumps({"what": "table", "ticks": count, "bytes": file.stat().st_size}))
    for name, question in QUESTIONS.items():
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            rows = database.execute(question).fetchall()
            times.append(time.perf_counter() - begin)
            check(name, rows, count)
        print(
            json.dumps({"what": "sql", "question": name, "ticks": count, "seconds": statistics.median(times)})
        )
    database.close()
    with DagsterInstance.get() as instance:
        begin, found = time.perf_counter(), Counter[TickStatus]()
        for sensor in range(0, SENSORS, 20):
            found.update(
                tick.status for tick in instance.get_ticks(f"{sensor:040x}", f"{sensor + SENSORS:040x}")
            )
        taken = time.perf_counter() - begin
    print(
        json.dumps({"what": "api", "question": "ticks by status", "ticks": found.total(), "seconds": taken})
    )


if __name__ == "__main__":
    main()
