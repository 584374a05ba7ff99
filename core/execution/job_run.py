"""One run of a job: its steps in order, in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..authoring.composition import Node
from ..authoring.config_schema import build_config
from ..authoring.errors import DagsterInvariantViolationError
from ..authoring.execution_context import AssetExecutionContext, OpExecutionContext, RunInfo
from ..authoring.job_definition import JobDefinition
from ..authoring.metadata import plain_metadata
from ..authoring.resource_scope import Resources, ResourceScope
from ..authoring.results import AssetEvent, AssetMaterialization
from ..clock import Clock
from ..errors import TickTrailError
from ..events import AnyEvent, AssetMaterialized, AssetObserved, StepLogged
from ..failure import Failure
from .step_log import StepLogger
from .step_result import StepResult

Emit = Callable[[AnyEvent], None]


@dataclass(kw_only=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        step: The first step that failed, None if none did or the run never got to its steps.
        failure: Why the run failed, None if it did not.
        failed_steps: All steps that failed.
        values: What each step that ended well handed on, by step.
        asset_events: What was noted about assets, with the step that did, in order.
    """

    step: str | None = None
    failure: Failure | None = None
    failed_steps: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    asset_events: list[tuple[str, AssetEvent]] = field(default_factory=list)

    @property
    def success(self) -> bool:
        """Whether every step ended well."""
        return self.failure is None

    @property
    def error(self) -> str | None:
        """Why the run failed, in one line; None if it did not."""
        return None if self.failure is None else self.failure.error

    @property
    def traceback(self) -> str | None:
        """The traceback of the user's code that goes with `error`."""
        return None if self.failure is None else self.failure.traceback


def execute_job(
    job: JobDefinition,
    *,
    run_id: str,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    asset_selection: Sequence[str] | None,
    emit: Emit,
    clock: Clock,
) -> RunOutcome:
    """Run the steps of *job*, one after the other, each after those it depends on.

    A step that fails does not keep steps that do not depend on it from running. A step fails when
    its function raises, `SystemExit` included; `KeyboardInterrupt` goes through. Resources are set up
    before the first step that needs them, and closed when the run ends, however it does.

    Args:
        run_config: Plain data; empty stands for the job's own.
        tags: All tags of the run.
        asset_selection: The assets to make, as people write their keys; None for all of the job's.
        emit: Takes `StepLogged`, `AssetMaterialized` and `AssetObserved` as they happen; from any
            thread in which a step logs. The start and the end of the run are the caller's to tell.
            Lines of resources belong to no step.

    Returns:
        How the run ended; a run config that does not fit is a failure without a step.
    """
    outcome = RunOutcome()
    try:
        nodes = job.selected_nodes(asset_selection)
        job.validate_run_config(run_config, asset_selection)
    except TickTrailError as error:
        outcome.failure = Failure.of(error)
        return outcome
    used = job.run_config_or_default(run_config)
    run = RunInfo(run_id=run_id, job_name=job.name, tags=dict(tags), run_config=used)
    scope = _scope(job, run, emit, clock)
    try:
        _run_steps(nodes, run, scope, outcome, emit, clock)
    finally:
        unclosed = scope.close()
    if unclosed is not None and outcome.failure is None:
        outcome.failure = Failure.of(unclosed)
    return outcome


def _run_steps(
    nodes: Sequence[Node], run: RunInfo, scope: ResourceScope, outcome: RunOutcome, emit: Emit, clock: Clock
) -> None:
    not_run: set[str] = set()
    for node in nodes:
        step = _Step(node, run, scope, outcome, emit, clock)
        missing = [name for name in (*node.inputs.values(), *node.after) if name in not_run]
        if missing:
            step.skip(missing[0])
        if missing or not step.run():
            not_run.add(node.name)


def _scope(job: JobDefinition, run: RunInfo, emit: Emit, clock: Clock) -> ResourceScope:
    """Return the resources of the run; what they log are lines of the run, of no step."""

    def say(level: str, message: str) -> None:
        emit(StepLogged(at=clock.now(), run=run.run_id, step=None, level=level, message=message))

    config = run.run_config.get("resources")
    return ResourceScope(job.resources, StepLogger(run.job_name, say), run, config)


class _Step:
    """One step of a run: runs it and tells what happens."""

    def __init__(
        self,
        node: Node,
        run: RunInfo,
        scope: ResourceScope,
        outcome: RunOutcome,
        emit: Emit,
        clock: Clock,
    ) -> None:
        self._node, self._run, self._scope = node, run, scope
        self._outcome, self._emit, self._clock = outcome, emit, clock

    def skip(self, missing: str) -> None:
        """Tell that the step does not run."""
        self._say("ERROR", f"not run: it depends on the step {missing!r}, which did not end well")

    def run(self) -> bool:
        """Run the step; return whether it ended well."""
        self._say("DEBUG", "started", "START")
        began = self._clock.monotonic()
        try:
            value = self._value()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a step raises is the step's failure
            self._failed(error)
            return False
        self._outcome.values[self._node.name] = value
        self._say("DEBUG", f"finished in {self._clock.monotonic() - began:.3f} s", "SUCCESS")
        return True

    def _value(self) -> Any:
        inputs = self._inputs()
        context = self._context()
        function = self._node.op.function
        config = None
        if function.config is not None:
            config = build_config(function.config_schema, context.op_config or {})
        what = f"op {self._node.name!r}"
        resources = self._scope.take(sorted(function.required_resource_keys), what)
        arguments = {name: resources[name] for name in function.resources}
        result = StepResult(self._node, context, self._record)
        result.take(function.call(context, config, {**inputs, **arguments}))
        return result.value

    def _inputs(self) -> dict[str, Any]:
        values, inputs = self._outcome.values, self._node.inputs
        absent = [parameter for parameter, source in inputs.items() if source not in values]
        needed = [name for name in absent if name not in self._node.op.function.optional]
        if needed:
            raise DagsterInvariantViolationError(
                f"step {self._node.name!r} needs the value of {inputs[needed[0]]!r} for its parameter "
                f"{needed[0]!r}, which is not part of this run: values are handed over within a run only, so "
                "select it too, or name it in deps and read what it stored"
            )
        return {parameter: values[source] for parameter, source in inputs.items() if parameter not in absent}

    def _context(self) -> OpExecutionContext:
        node = self._node
        entry = (self._run.run_config.get("ops") or {}).get(node.name) or {}
        parts: dict[str, Any] = {
            "run": self._run,
            "op_name": node.name,
            "op_config": entry.get("config"),
            "log": StepLogger(f"{self._run.job_name}.{node.name}", self._say),
            "resources": Resources(self._scope),
            "record": self._record,
        }
        return (
            OpExecutionContext(**parts)
            if node.asset is None
            else AssetExecutionContext(node.asset.key, **parts)
        )

    def _failed(self, error: BaseException) -> None:
        failure = Failure.of(error)
        if self._outcome.failure is None:
            self._outcome.failure, self._outcome.step = failure, self._node.name
        self._outcome.failed_steps.append(self._node.name)
        self._say("ERROR", failure.traceback, "FAILURE")

    def _record(self, event: AssetEvent) -> None:
        self._outcome.asset_events.append((self._node.name, event))
        kind = AssetMaterialized if isinstance(event, AssetMaterialization) else AssetObserved
        self._emit(
            kind(
                at=self._clock.now(),
                asset=event.asset_key.to_user_string(),
                run=self._run.run_id,
                step=self._node.name,
                partition_key=event.partition,
                description=event.description,
                metadata=plain_metadata(event.metadata),
                tags=event.tags,
            )
        )

    def _say(
        self, level: str, message: str, kind: Literal["LOG", "START", "SUCCESS", "FAILURE"] = "LOG"
    ) -> None:
        self._emit(
            StepLogged(
                at=self._clock.now(),
                run=self._run.run_id,
                step=self._node.name,
                level=level,
                message=message,
                kind=kind,
            )
        )
