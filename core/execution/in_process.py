"""A run without a log, for tests and notebooks: what it does and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..authoring.asset_key import AssetKey, CoercibleToAssetKey
from ..authoring.errors import DagsterExecutionStepExecutionError, DagsterInvariantViolationError
from ..authoring.execution_context import RunInfo
from ..authoring.job_definition import JobDefinition
from ..authoring.outputs import RESULT, NodeOutput
from ..authoring.partitioned_run import partitioned_run
from ..authoring.results import AssetEvent, AssetMaterialization, AssetObservation
from ..events import AnyEvent, AssetMaterialized, AssetObserved, RunFailed, RunSucceeded, StepLogged
from ..host import host
from ..partitions_store import DynamicPartitionsStore
from .job_run import execute_job
from .run_outcome import RunOutcome


class ExecuteInProcessResult:
    """What came of a run in process.

    Attributes:
        job_def: The job that ran.
        dagster_run: The run, as its steps saw it.
        all_events: What happened, in order; the last one tells how the run ended.
    """

    def __init__(
        self, job_def: JobDefinition, dagster_run: RunInfo, all_events: list[AnyEvent], outcome: RunOutcome
    ) -> None:
        self.job_def = job_def
        self.dagster_run = dagster_run
        self.all_events = all_events
        self._outcome = outcome

    @property
    def success(self) -> bool:
        """Whether every step ended well."""
        return self._outcome.success

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.dagster_run.run_id

    def output_for_node(self, node: str, output_name: str = "result") -> Any:
        """Return what the step handed on.

        Raises:
            DagsterInvariantViolationError: There is no such step or output, or it did not end well.
        """
        values = self._outcome.values
        asked = NodeOutput(node, output_name)
        if asked not in values:
            done = ", ".join(one.node for one in values if one.output == RESULT) or "none"
            own = ", ".join(one.output for one in values if one.node == node)
            known = f"its outputs are: {own}" if own else f"steps with an output 'result' are: {done}"
            raise DagsterInvariantViolationError(
                f"step {node!r} has no output {output_name!r} in this run, {known}"
            )
        return values[asked]

    def asset_value(self, asset_key: CoercibleToAssetKey) -> Any:
        """Return what the asset's function handed on.

        Raises:
            DagsterInvariantViolationError: The run did not make the asset.
        """
        key = AssetKey.from_coercible(asset_key)
        for node in self.job_def.nodes:
            for output, made in ({} if node.asset is None else node.asset.keys_by_output_name).items():
                if made == key:
                    return self.output_for_node(node.name, output)
        raise DagsterInvariantViolationError(
            f"job {self.job_def.name!r} does not make the asset {key.to_user_string()!r}"
        )

    def asset_materializations_for_node(self, node: str) -> list[AssetMaterialization]:
        """Return what the step noted as written, in order."""
        return [event for event in self._noted(node) if isinstance(event, AssetMaterialization)]

    def asset_observations_for_node(self, node: str) -> list[AssetObservation]:
        """Return what the step noted as looked at, in order."""
        return [event for event in self._noted(node) if isinstance(event, AssetObservation)]

    def get_asset_materialization_events(self) -> list[AssetMaterialized]:
        """Return the materializations of the run, in order."""
        return [event for event in self.all_events if isinstance(event, AssetMaterialized)]

    def get_asset_observation_events(self) -> list[AssetObserved]:
        """Return the observations of the run, in order."""
        return [event for event in self.all_events if isinstance(event, AssetObserved)]

    def get_step_failure_events(self) -> list[StepLogged]:
        """Return the line with the traceback of each step that failed."""
        return [
            event for event in self.all_events if isinstance(event, StepLogged) and event.kind == "FAILURE"
        ]

    def get_run_success_event(self) -> RunSucceeded:
        """Return the end of a run that ended well.

        Raises:
            DagsterInvariantViolationError: It did not.
        """
        end = self.all_events[-1]
        if not isinstance(end, RunSucceeded):
            raise DagsterInvariantViolationError(f"run {self.run_id} failed: {self._outcome.error}")
        return end

    def get_run_failure_event(self) -> RunFailed:
        """Return the end of a run that failed.

        Raises:
            DagsterInvariantViolationError: It ended well.
        """
        end = self.all_events[-1]
        if not isinstance(end, RunFailed):
            raise DagsterInvariantViolationError(f"run {self.run_id} ended well, it has no failure")
        return end

    def get_failed_step_keys(self) -> set[str]:
        """Return the names of the steps that failed."""
        return set(self._outcome.failed_steps)

    def _noted(self, node: str) -> list[AssetEvent]:
        return [event for step, event in self._outcome.asset_events if step == node]


def execute_in_process(
    job: JobDefinition,
    *,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    partition_key: str | None,
    raise_on_error: bool,
    asset_selection: Sequence[str] | None,
    run_id: str | None,
    store: DynamicPartitionsStore | None = None,
) -> ExecuteInProcessResult:
    """Run *job* here and now; `JobDefinition.execute_in_process` tells the other parameters.

    Args:
        store: Knows the keys of dynamic partitions, None if nothing does.

    Raises:
        DagsterInvalidConfigError: The run config does not fit.
        DagsterInvalidSubsetError: The job does not make a selected asset.
        DagsterUnknownPartitionError: There is no such partition.
        DagsterInvariantViolationError: The partition is dynamic, and there is no *store*.
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
            store=store,
        )
    job.validate_run_config(run_config, asset_selection)
    clock, events = host().clock, list[AnyEvent]()
    run = RunInfo(
        run_id=host().new_id() if run_id is None else run_id,
        job_name=job.name,
        tags={**(job.tags if job.run_tags is None else job.run_tags), **tags},
        run_config=job.run_config_or_default(run_config),
    )
    outcome = execute_job(
        job,
        run_id=run.run_id,
        run_config=run_config,
        tags=run.tags,
        asset_selection=asset_selection,
        emit=events.append,
        clock=clock,
        sleep=host().sleep,
        chance=host().chance,
    )
    if raise_on_error and outcome.failure is not None:
        _raise(outcome.failure.exception)
    events.append(_end(run.run_id, clock.now(), outcome))
    return ExecuteInProcessResult(job, run, events, outcome)


def _end(run: str, at: int, outcome: RunOutcome) -> RunSucceeded | RunFailed:
    if outcome.failure is None:
        return RunSucceeded(at=at, run=run, cause=0)
    failure = outcome.failure
    return RunFailed(
        at=at, run=run, cause=0, error=failure.error, step=outcome.step, traceback=failure.traceback
    )


def _raise(exception: BaseException) -> None:
    if isinstance(exception, Exception):
        raise exception
    # sys.exit() in a step must not end the test that runs it.
    raise DagsterExecutionStepExecutionError(f"a step raised {exception!r}") from exception
