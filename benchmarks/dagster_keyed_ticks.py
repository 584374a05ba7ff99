"""Run by Dagster's own Python: ticks that ask for keyed runs, half of them repeats, through its own sensor iteration.

python dagster_keyed_ticks.py FOLDER SECONDS BATCH

As `dagster_loop.py`, for one sensor. Runs are created and queued; nothing takes them from the queue.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from children import show

folder, seconds, batch = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
(folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
(folder / "definitions.py").write_text(f"""
import dagster as dg

@dg.op
def nothing():
    pass

@dg.job
def the_job():
    nothing()

@dg.sensor(job=the_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def asking(context):
    first = int(context.cursor or 0)
    context.update_cursor(str(first + {batch} // 2))
    for number in range(max(first - {batch} // 2, 0), first + {batch} // 2):
        yield dg.RunRequest(run_key=f"exports/2026/part-{{number:010d}}.parquet")

defs = dg.Definitions(jobs=[the_job], sensors=[asking])
""")
os.environ["DAGSTER_HOME"] = str(folder)

from dagster import DagsterInstance
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration

logger = logging.getLogger("dagster_keyed_ticks")
logger.setLevel(logging.ERROR)
target = LoadableTargetOrigin(executable_path=sys.executable, python_file=str(folder / "definitions.py"))
origin = InProcessCodeLocationOrigin(loadable_target_origin=target, location_name="bench")

with (
    DagsterInstance.get() as instance,
    WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace,
):
    spent, ticks, runs = 0.0, 0, instance.get_runs_count()
    while spent < seconds or ticks < 3:
        begin = time.perf_counter()
        for _ in execute_sensor_iteration(workspace, logger, None, None):
            pass
        took = time.perf_counter() - begin
        now = instance.get_runs_count()
        # The first tick has no repeats, and loads what the others find loaded.
        if now - runs == batch // 2 and runs:
            spent, ticks = spent + took, ticks + 1
        runs = now
        time.sleep(max(1.0 - took, 0.0))
show(held=runs, batch=batch, repeats=0.5, rate=ticks * batch / spent, tick_ms=spent / ticks * 1e3)
