"""Run by Dagster's own Python: its look-up of run keys over a growing number of runs on SQLite.

python dagster_run_keys.py FOLDER SECONDS RUNS...

Rows go into the run storage's tables in large transactions, made by the storage's own functions:
Dagster itself adds one run at a time. The look-up is `fetch_existing_runs`, which the daemon calls
for each tick that asks for runs.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from children import resident, show
from files import disk_bytes
from key_stream import KeyStream

FOLDER, SECONDS = Path(sys.argv[1]), float(sys.argv[2])
(FOLDER / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
os.environ["DAGSTER_HOME"] = str(FOLDER)

from dagster import DagsterInstance, DagsterRun, RunRequest
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from dagster._core.storage.tags import RUN_KEY_TAG, SENSOR_NAME_TAG
from dagster._core.utils import make_new_run_id
from dagster._daemon.sensor import fetch_existing_runs

SENSOR = "bucket_sensor"


def add(instance: DagsterInstance, keys: list[str]) -> None:
    """Store one run for each key, in one transaction."""
    storage: Any = instance.run_storage
    runs = [
        DagsterRun(
            job_name="the_job",
            run_id=make_new_run_id(),
            tags={RUN_KEY_TAG: key, SENSOR_NAME_TAG: SENSOR},
        )
        for key in keys
    ]
    with storage.connect() as connection:
        connection.execute(RunsTable.insert(), [storage._get_run_insertion_values(run) for run in runs])
        tags = [
            {"run_id": run.run_id, "key": name, "value": value}
            for run in runs
            for name, value in run.tags_for_storage().items()
        ]
        connection.execute(RunTagsTable.insert(), tags)


def main() -> None:
    before = resident()["own"]
    # All that is asked of the sensor for runs without an origin, which costs the least.
    sensor: Any = SimpleNamespace(name=SENSOR)
    stream = KeyStream()
    with DagsterInstance.get() as instance:
        for runs in map(int, sys.argv[3:]):
            for batch in stream.fill(runs - stream.held, 5_000):
                add(instance, batch)
            for repeats in (0.0, 0.5, 1.0):
                keys, spent = 0, 0.0
                while spent < SECONDS:
                    batch, new = KeyStream(runs, seed=keys).mixed(100, repeats)
                    requests = [RunRequest(run_key=key) for key in batch]
                    begin = time.perf_counter()
                    existing = fetch_existing_runs(instance, sensor, requests)
                    spent, keys = spent + time.perf_counter() - begin, keys + len(batch)
                    if len(existing) != len(set(batch)) - new:
                        sys.exit(f"{len(existing)} of {len(batch)} run keys were found, {new} are new")
                show(what="batches", held=runs, batch=100, repeats=repeats, rate=keys / spent)
            show(
                what="fill",
                held=runs,
                disk=disk_bytes(FOLDER) / runs,
                memory=(resident()["own"] - before) / runs,
            )


main()
