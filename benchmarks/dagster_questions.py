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

from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._utils.error import SerializableErrorInfo

SENSORS, WRITTEN = 200, 2_000

QUESTIONS = {
    "ticks by status": "SELECT status, count(*) FROM job_ticks GROUP BY status",
    "skip rate by sensor and day": (
        "SELECT json_extract(tick_body, '$.instigator_name'), date(timestamp), avg(status = 'SKIPPED'), count(*) "
        "FROM job_ticks GROUP BY 1, 2"
    ),
    "durations by sensor": (
        "SELECT json_extract(tick_body, '$.instigator_name'), avg(json_extract(tick_body, '$.end_timestamp') - "
        "json_extract(tick_body, '$.timestamp')) FROM job_ticks GROUP BY 1"
    ),
    "commonest skip reasons": (
        "SELECT json_extract(tick_body, '$.skip_reason'), count(*) FROM job_ticks WHERE status = 'SKIPPED' GROUP BY 1 "
        "ORDER BY 2 DESC LIMIT 10"
    ),
    "gaps by a window of one's own": (
        "SELECT count(*) FROM (SELECT julianday(timestamp) - julianday(lag(timestamp) OVER (PARTITION BY selector_id "
        "ORDER BY id)) AS gap FROM job_ticks) WHERE gap > 300.0 / 86400"
    ),
}


def write(instance: DagsterInstance) -> None:
    """Write skipping and failing ticks of all sensors as its daemon does."""
    for number in range(WRITTEN):
        sensor, at = number % SENSORS, 1_704_067_200 + 30 * (number // SENSORS)
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
        if number % 50 == 7:
            error = SerializableErrorInfo("ConnectionError: the host does not answer", [], "ConnectionError")
            tick = tick.with_status(TickStatus.FAILURE, error=error, end_timestamp=at + 0.004)
        else:
            tick = tick.with_status(TickStatus.SKIPPED, skip_reason="no new files", end_timestamp=at + 0.004)
        instance.update_tick(tick)


def multiply(database: sqlite3.Connection, ticks: int, seconds: float) -> int:
    """Double the rows of the table until there are as many, or the time is over; return how many there are."""
    columns = [row[1] for row in database.execute("PRAGMA table_info(job_ticks)") if row[1] != "id"]
    moved = {"timestamp": "datetime(timestamp, '+' || ? || ' seconds')"}
    chosen = ", ".join(moved.get(column, column) for column in columns)
    begin = time.monotonic()
    while (count := database.execute("SELECT count(*) FROM job_ticks").fetchone()[0]) < ticks:
        if time.monotonic() - begin > seconds:
            break
        with database:
            database.execute(
                f"INSERT INTO job_ticks ({', '.join(columns)}) SELECT {chosen} FROM job_ticks LIMIT ?",
                (30 * (count // SENSORS), ticks - count),
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
            database.execute(question).fetchall()
            times.append(time.perf_counter() - begin)
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
