"""Dagster's own tick table with ticks that are known: some written by its instance, and copies of these.

Writing millions of ticks through the instance would take days.
"""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._utils.error import SerializableErrorInfo

#: What is written: so many turns of all sensors, and the seconds between two.
SENSORS, TURNS, INTERVAL = 200, 10, 30
WRITTEN = SENSORS * TURNS

#: 2024-01-01 00:00:00 UTC, in seconds.
BEGIN = 1_704_067_200

#: For so many seconds the engine stood still before each fiftieth copy, which is once in 500 turns.
STANDSTILL = 600

#: The last one is what Dagster says of a sensor that gives none.
REASONS = ["nothing new", "no new files", "upstream is not ready", "Sensor function returned an empty result"]


def name(sensor: int) -> str:
    """Return a sensor's name."""
    return f"sensor_{sensor:03}"


def origin(sensor: int) -> str:
    """Return the digest that Dagster knows a sensor in its place by."""
    return f"{sensor:040x}"


def selector(sensor: int) -> str:
    """Return the digest that Dagster knows a sensor by."""
    return f"{sensor + SENSORS:040x}"


def reason(sensor: int, turn: int) -> str | None:
    """Return why a tick skips, None if it fails: one in fifty does."""
    return None if (sensor + 7 * turn) % 50 == 0 else REASONS[(sensor + turn) % len(REASONS)]


def lasts(sensor: int) -> float:
    """Return how long each evaluation of a sensor takes, seconds; 0.004 in the mean."""
    return round(0.003 + sensor * 1e-5, 5)


def begins(copy: int) -> int:
    """Return when a copy's first turn begins: seconds since the first one of all did."""
    return copy * TURNS * INTERVAL + -(-copy // 50) * STANDSTILL


def write(instance: DagsterInstance) -> None:
    """Write skipping and failing ticks of all sensors as its daemon does."""
    for number in range(WRITTEN):
        turn, sensor = divmod(number, SENSORS)
        at = BEGIN + turn * INTERVAL + sensor / 100
        tick = instance.create_tick(
            TickData(
                instigator_origin_id=origin(sensor),
                instigator_name=name(sensor),
                instigator_type=InstigatorType.SENSOR,
                status=TickStatus.STARTED,
                timestamp=at,
                selector_id=selector(sensor),
            )
        )
        # Not by the tick's own `with_status`, which takes the time of the clock.
        data = tick.tick_data.with_status(**_outcome(sensor, turn), end_timestamp=at + lasts(sensor))
        instance.update_tick(tick._replace(tick_data=data))


def _outcome(sensor: int, turn: int) -> dict[str, Any]:
    if why := reason(sensor, turn):
        return {"status": TickStatus.SKIPPED, "skip_reason": why}
    error = SerializableErrorInfo("ConnectionError: the host does not answer", [], "ConnectionError")
    return {"status": TickStatus.FAILURE, "error": error}


def copy_all(database: sqlite3.Connection, ticks: int, seconds: float) -> int:
    """Copy what was written until there are so many ticks, or the time is over; return how often it is there.

    A copy's ticks have times and ids of their own; its JSON too says when they were.
    """
    columns = [row[1] for row in database.execute("PRAGMA table_info(job_ticks)") if row[1] != "id"]
    moved = {
        "timestamp": "strftime('%Y-%m-%d %H:%M:%f', timestamp, :by || ' seconds') || '000'",
        "tick_body": "moved(tick_body, :by)",
    }
    chosen = ", ".join(moved.get(column, column) for column in columns)
    database.create_function("moved", 2, _moved, deterministic=True)
    begin, copies = time.monotonic(), 1
    while copies * WRITTEN < ticks and time.monotonic() - begin < seconds:
        with database:
            database.execute(
                f"INSERT INTO job_ticks ({', '.join(columns)}) SELECT {chosen} FROM job_ticks WHERE id <= {WRITTEN}",
                {"by": begins(copies)},
            )
        copies += 1
    return copies


def _moved(body: str, by: int) -> str:
    """Return a tick's JSON with its times moved, written as Dagster writes it."""
    tick = json.loads(body)
    if json.dumps(tick) != body:
        raise ValueError(
            f"Dagster writes its JSON in another way by now; a copy would not be as long: {body}"
        )
    return json.dumps(tick | {at: tick[at] + by for at in ("timestamp", "end_timestamp")})
