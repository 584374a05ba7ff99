"""Run by Dagster's own Python: its sensor iteration, back to back, without its daemon's waiting and its code server.

python dagster_loop.py FOLDER SECONDS    definitions.py is in FOLDER; shows finished ticks a second

What the daemon calls every 5 seconds for all sensors that are due is called here again at once, with
the definitions loaded in this very process and a pool of 8 threads: the most that Dagster's code can do.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from children import show

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
(folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
os.environ["DAGSTER_HOME"] = str(folder)
sys.path.insert(0, str(folder))

from dagster import DagsterInstance
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.storage.schedules.schema import JobTickTable
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration
from sqlalchemy import func, select

logger = logging.getLogger("dagster_loop")
logger.setLevel(logging.ERROR)
origin = InProcessCodeLocationOrigin(
    loadable_target_origin=LoadableTargetOrigin(
        executable_path=sys.executable, python_file=str(folder / "definitions.py")
    ),
    location_name="bench",
)


def finished(instance: Any) -> int:
    """Return how many ticks have ended."""
    with instance.schedule_storage.connect() as connection:
        query = select(func.count()).select_from(JobTickTable).where(JobTickTable.c.status != "STARTED")
        return int(connection.execute(query).scalar())


with (
    DagsterInstance.get() as instance,
    WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace,
    ThreadPoolExecutor(8) as pool,
):
    futures: dict[str, Future[Any]] = {}

    def iterate() -> None:
        """Let every sensor tick that is due and not ticking."""
        for _ in execute_sensor_iteration(
            workspace,
            logger,
            threadpool_executor=pool,
            submit_threadpool_executor=None,
            sensor_tick_futures=futures,
        ):
            pass

    iterate()
    before, begin = finished(instance), time.monotonic()
    while time.monotonic() - begin < seconds:
        iterate()
    show(what="loop", rate=(finished(instance) - before) / (time.monotonic() - begin))
    pool.shutdown(cancel_futures=True)
