"""A run in this process, for tests and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..authoring.errors import DagsterExecutionStepExecutionError, DagsterInvariantViolationError
from ..authoring.job_definition import JobDefinition
from ..authoring.partitioned_run import partitioned_run
from ..events import RunCanceled, RunFailed, RunRequested, RunSucceeded
from ..host import host
from ..instance import Instance
from ..records.dagster_run import DagsterRun, selected_keys
from ..records.run_status import DagsterRunStatus
from .in_process_log import InProcessLog
from .in_process_result import ExecuteInProcessResult
from .job_run import execute_job
from .run_outcome import RunOutcome

#: Who asks for runs in process.
ACTOR = "in process"


def execute_in_process(
    job: JobDefinition,
    *,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    partition_key: str | None,
    raise_on_error: bool,
    asset_selection: Sequence[str] | None,
    run_id: str | None,
    instance: Instance | None,
) -> ExecuteInProcessResult:
    """Run *job* here and now; `JobDefinition.execute_in_process` tells the parameters.

    Raises:
        DagsterInvalidConfigError: The run config does not fit.
        DagsterInvalidSubsetError: The job does not make a selected asset.
        DagsterUnknownPartitionError: There is no such partition.
        DagsterInvariantViolationError: The instance knows a run of that id, or the partition is dynamic and
            there is no instance.
        CheckError: The job has no partitions.
        Exception: What the first step that failed raised, if *raise_on_error*.
    """
    if partition_key is not None:
        run_config, tags = partitioned_run(
            job,
            partition_key,
            run_config=run_config,
            tags=tags,
            asset_selection=asset_selection,
            store=instance,
        )
    job.validate_run_config(run_config, asset_selection)
    run = DagsterRun(
        run_id=host().new_id() if run_id is None else _free_id(run_id, instance),
        job_name=job.name,
        tags={**(job.tags if job.run_tags is None else job.run_tags), **tags},
        run_config=job.run_config_or_default(run_config),
        asset_selection=selected_keys(asset_selection),
    )
    used = host().new_instance() if instance is None else instance
    log = InProcessLog(_request(run, partition_key, asset_selection), used)
    outcome = _execute(job, run, run_config, asset_selection, log)
    log.emit(_end(log, run.run_id, outcome))
    if raise_on_error and outcome.failure is not None:
        _raise(outcome.failure.exception)
    status = DagsterRunStatus.SUCCESS if outcome.success else DagsterRunStatus.FAILURE
    return ExecuteInProcessResult(job, replace(run, status=status), log.events, outcome)


def _free_id(run_id: str, instance: Instance | None) -> str:
    if instance is not None and instance.get_run_by_id(run_id) is not None:
        raise DagsterInvariantViolationError(
            f"the instance knows a run {run_id} already: leave run_id out, or give another"
        )
    return run_id


def _request(
    run: DagsterRun, partition_key: str | None, asset_selection: Sequence[str] | None
) -> RunRequested:
    return RunRequested(
        at=host().clock.now(),
        run=run.run_id,
        job=run.job_name,
        run_config=dict(run.run_config),
        given_tags=dict(run.tags),
        # A MultiPartitionKey is more than text.
        partition_key=None if partition_key is None else str.__str__(partition_key),
        asset_selection=None if asset_selection is None else list(asset_selection),
        actor=ACTOR,
    )


def _execute(
    job: JobDefinition,
    run: DagsterRun,
    run_config: Mapping[str, Any],
    asset_selection: Sequence[str] | None,
    log: InProcessLog,
) -> RunOutcome:
    try:
        return execute_job(
            job,
            run_id=run.run_id,
            run_config=run_config,
            tags=run.tags,
            asset_selection=asset_selection,
            emit=log.emit,
            clock=host().clock,
            sleep=host().sleep,
            chance=host().chance,
            instance=log.instance,
        )
    except KeyboardInterrupt:
        now = host().clock.now()
        log.emit(RunCanceled(at=now, run=run.run_id, cause=log.cause, reason="interrupted", actor=ACTOR))
        raise


def _end(log: InProcessLog, run: str, outcome: RunOutcome) -> RunSucceeded | RunFailed:
    at, failure = host().clock.now(), outcome.failure
    if failure is None:
        return RunSucceeded(at=at, run=run, cause=log.cause)
    return RunFailed(
        at=at, run=run, cause=log.cause, error=failure.error, step=outcome.step, traceback=failure.traceback
    )


def _raise(exception: BaseException) -> None:
    if isinstance(exception, Exception):
        raise exception
    # sys.exit() in a step must not end the test that runs it.
    raise DagsterExecutionStepExecutionError(f"a step raised {exception!r}") from exception
