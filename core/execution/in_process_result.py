"""What came of a run in process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..authoring.asset_key import AssetKey, CoercibleToAssetKey
from ..authoring.errors import DagsterInvariantViolationError
from ..authoring.job_definition import JobDefinition
from ..authoring.outputs import RESULT, NodeOutput
from ..authoring.results import AssetEvent, AssetMaterialization, AssetObservation
from ..events import AnyEvent, RunRequested
from ..records.dagster_event import DagsterEvent, DagsterEventType, event_type_of
from ..records.dagster_run import DagsterRun
from .run_outcome import RunOutcome


class ExecuteInProcessResult:
    """What came of a run in process.

    Attributes:
        job_def: The job that ran.
        dagster_run: The run as it ended.
        all_events: What happened, in order, from the start of the run to its end; no log lines.
    """

    def __init__(
        self, job_def: JobDefinition, dagster_run: DagsterRun, events: Sequence[AnyEvent], outcome: RunOutcome
    ) -> None:
        self.job_def = job_def
        self.dagster_run = dagster_run
        self.all_events = [
            DagsterEvent(event=event, job_name=job_def.name)
            for event in events
            if event_type_of(event) is not None and not isinstance(event, RunRequested)
        ]
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

    @property
    def all_node_events(self) -> list[DagsterEvent]:
        """What happened in steps, in order."""
        return [event for event in self.all_events if event.step_key is not None]

    def events_for_node(self, node: str) -> list[DagsterEvent]:
        """Return what happened in a step, in order."""
        return [event for event in self.all_events if event.step_key == node]

    def filter_events(self, event_filter: Callable[[DagsterEvent], bool]) -> list[DagsterEvent]:
        """Return what happened and fits, in order."""
        return [event for event in self.all_events if event_filter(event)]

    def get_asset_materialization_events(self) -> list[DagsterEvent]:
        """Return the materializations of the run, in order."""
        return self._of(DagsterEventType.ASSET_MATERIALIZATION)

    def get_asset_observation_events(self) -> list[DagsterEvent]:
        """Return the observations of the run, in order."""
        return self._of(DagsterEventType.ASSET_OBSERVATION)

    def get_step_success_events(self) -> list[DagsterEvent]:
        """Return the end of each step that ended well."""
        return self._of(DagsterEventType.STEP_SUCCESS)

    def get_step_failure_events(self) -> list[DagsterEvent]:
        """Return the end of each step that failed."""
        return self._of(DagsterEventType.STEP_FAILURE)

    def get_run_success_event(self) -> DagsterEvent:
        """Return the end of a run that ended well.

        Raises:
            DagsterInvariantViolationError: It did not.
        """
        end = self.all_events[-1]
        if end.event_type is not DagsterEventType.RUN_SUCCESS:
            raise DagsterInvariantViolationError(f"run {self.run_id} failed: {self._outcome.error}")
        return end

    def get_run_failure_event(self) -> DagsterEvent:
        """Return the end of a run that failed.

        Raises:
            DagsterInvariantViolationError: It ended well.
        """
        end = self.all_events[-1]
        if end.event_type is not DagsterEventType.RUN_FAILURE:
            raise DagsterInvariantViolationError(f"run {self.run_id} ended well, it has no failure")
        return end

    def get_job_success_event(self) -> DagsterEvent:
        """Return the same as `get_run_success_event`."""
        return self.get_run_success_event()

    def get_job_failure_event(self) -> DagsterEvent:
        """Return the same as `get_run_failure_event`."""
        return self.get_run_failure_event()

    def _of(self, kind: DagsterEventType) -> list[DagsterEvent]:
        return [event for event in self.all_events if event.event_type is kind]

    def get_failed_step_keys(self) -> set[str]:
        """Return the names of the steps that failed."""
        return set(self._outcome.failed_steps)

    def _noted(self, node: str) -> list[AssetEvent]:
        return [event for step, event in self._outcome.asset_events if step == node]
