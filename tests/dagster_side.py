"""Run as a script: what Dagster's daemon and an operator do on a Dagster home, by Dagster's own code.

python dagster_side.py HOME DEFINITIONS LOCATION STEP...

Steps, each some seconds after the one before on a clock that begins at `BEGIN` and goes on from the last tick:

* ``tick``: the daemon evaluates the sensors that are due, with the definitions loaded in this very process.
  Runs are created and queued; nothing takes them from the queue.
* ``stop:SENSOR``, ``start:SENSOR``: an operator switches it.
* ``end:KEY=STATUS``: the run with that run key ends so.
* ``delete:KEY``: the run with that run key is deleted.
* ``touch:FILE``: a file appears in the current folder.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)  # noqa: UP017, as Dagster's own Python may be an old one
QUEUE = """
telemetry:
  enabled: false
run_queue:
  max_concurrent_runs: 1
"""


def main(home: Path, definitions: Path, location: str, steps: list[str]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "dagster.yaml", "a+") as file:
        file.seek(0)
        if "run_queue" not in file.read():
            file.write(QUEUE)
    os.environ["DAGSTER_HOME"] = str(home)

    from dagster import DagsterInstance
    from dagster._core.remote_origin import InProcessCodeLocationOrigin
    from dagster._core.test_utils import freeze_time
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget

    target = LoadableTargetOrigin(executable_path=sys.executable, python_file=str(definitions))
    origin = InProcessCodeLocationOrigin(loadable_target_origin=target, location_name=location)
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace,
    ):
        now = _last(instance)
        for step in steps:
            now += timedelta(seconds=60)
            with freeze_time(now):
                _take(instance, workspace, step)


def _last(instance: Any) -> datetime:
    from dagster._core.storage.schedules.schema import JobTickTable
    from sqlalchemy import func, select

    [[latest]] = instance.schedule_storage.execute(select(func.max(JobTickTable.c.timestamp)))
    return BEGIN if latest is None else latest.replace(tzinfo=timezone.utc)  # noqa: UP017


def _take(instance: Any, workspace: Any, step: str) -> None:
    what, _, of = step.partition(":")
    if what == "tick":
        _tick(workspace)
    elif what in ("start", "stop"):
        _switch(instance, workspace, what, of)
    elif what == "end":
        _end(instance, *of.split("="))
    elif what == "delete":
        instance.delete_run(_run(instance, of).run_id)
    elif what == "touch":
        Path(of).touch()
    else:
        raise ValueError(step)


def _tick(workspace: Any) -> None:
    from dagster._daemon.sensor import execute_sensor_iteration

    logger = logging.getLogger("daemon")
    logger.setLevel(logging.CRITICAL)
    for _ in execute_sensor_iteration(
        workspace, logger, threadpool_executor=None, submit_threadpool_executor=None
    ):
        pass


def _switch(instance: Any, workspace: Any, what: str, name: str) -> None:
    [location] = workspace.create_request_context().code_locations
    [repository] = location.get_repositories().values()
    sensor = repository.get_sensor(name)
    if what == "start":
        instance.start_sensor(sensor)
    else:
        instance.stop_sensor(sensor.get_remote_origin_id(), sensor.selector_id, sensor)


def _run(instance: Any, key: str) -> Any:
    from dagster import RunsFilter

    [run] = instance.get_runs(RunsFilter(tags={"dagster/run_key": key}))
    return run


def _end(instance: Any, key: str, status: str) -> None:
    from dagster._core.events import DagsterEvent, DagsterEventType

    run = _run(instance, key)
    event = DagsterEvent(event_type_value=DagsterEventType[f"RUN_{status}"].value, job_name=run.job_name)
    instance.report_dagster_event(event, run.run_id)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute(), sys.argv[3], sys.argv[4:])
