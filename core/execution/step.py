"""One step of a run: executed, tried again if need be, and told of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from ..authoring.asset_key import AssetKey
from ..authoring.composition import Node
from ..authoring.config_schema import build_config
from ..authoring.errors import DagsterInvariantViolationError
from ..authoring.execution_context import AssetExecutionContext, OpExecutionContext
from ..authoring.job_definition import JobDefinition
from ..authoring.metadata import plain_metadata
from ..authoring.outputs import NodeOutput
from ..authoring.partitions import PARTITION_TAG, made_partition
from ..authoring.resource_scope import Resources, ResourceScope
from ..authoring.results import AssetEvent, AssetMaterialization
from ..authoring.retries import Failure as StepFailure
from ..authoring.retries import RetryPolicy, seconds_to_retry
from ..clock import Clock
from ..events import AnyEvent, AssetMaterialized, AssetObserved, StepLogged
from ..failure import Failure
from ..instance import Instance
from ..records.dagster_run import DagsterRun
from .run_outcome import RunOutcome
from .step_log import StepLogger
from .step_result import StepResult
from .values import AssetValues, ValueMissing

Emit = Callable[[AnyEvent], None]

#: What marks a line of the run's log.
Kind = Literal["LOG", "START", "SUCCESS", "FAILURE", "RETRY"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The ports of a run, which `execute_job` tells of, and its resources."""

    emit: Emit
    clock: Clock
    sleep: Callable[[float], None]
    chance: Callable[[], float]
    kept: AssetValues | None
    resources: ResourceScope
    instance: Instance


class Step:
    """One step of a run: runs it and tells what happens."""

    def __init__(
        self, node: Node, run: DagsterRun, job: JobDefinition, outcome: RunOutcome, surroundings: Surroundings
    ) -> None:
        self._node, self._run, self._job = node, run, job
        self._policy: RetryPolicy | None = node.op.retry_policy or job.op_retry_policy
        self._outcome, self._surroundings = outcome, surroundings
        self._emit, self._clock = surroundings.emit, surroundings.clock
        self._retry = 0

    def skip_after_failure(self, missing: str) -> None:
        """Tell that the step does not run because another did not end well."""
        self._say("ERROR", f"not run: it depends on the step {missing!r}, which did not end well")

    def skip(self, missing: NodeOutput) -> None:
        """Tell that the step does not run because there is nothing for it to do."""
        self._say(
            "INFO",
            f"not run: it depends on the output {missing.output!r} of {missing.node!r}, which was not made",
        )

    def run(self) -> bool:
        """Run the step, again if need be; return whether it ended well."""
        while (ended_well := self._attempt()) is None:
            self._retry += 1
        return ended_well

    def _attempt(self) -> bool | None:
        """Try the step once; return whether it ended well, None if it is to be tried again."""
        self._say("DEBUG", "started" if self._retry == 0 else f"started, retry {self._retry}", "START")
        began = self._clock.monotonic()
        try:
            values = self._values()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a step raises is the step's failure
            return None if self._is_tried_again(error) else self._failed(error)
        for output, value in values.items():
            self._outcome.values[NodeOutput(self._node.name, output)] = value
        self._say("DEBUG", f"finished in {self._clock.monotonic() - began:.3f} s", "SUCCESS")
        return True

    def _is_tried_again(self, error: BaseException) -> bool:
        """Tell that the step failed and will be tried again, and wait until then; False if it will not."""
        seconds = seconds_to_retry(error, self._policy, self._retry + 1, self._surroundings.chance)
        if seconds is None:
            return False
        self._tell_metadata(error)
        failure = Failure.of(error)
        when = f"in {seconds:g} s" if seconds else "at once"
        line = f"attempt {self._retry + 1} failed, the next follows {when}: {failure.error}"
        self._say("WARNING", f"{line}\n{failure.traceback}", "RETRY")
        if seconds:
            self._surroundings.sleep(seconds)
        return True

    def _tell_metadata(self, error: BaseException) -> None:
        if isinstance(error, StepFailure):
            for name, value in plain_metadata(error.metadata).items():
                self._say("ERROR", f"{name}: {value}")

    def _values(self) -> dict[str, Any]:
        inputs = self._inputs()
        context = self._context()
        function = self._node.op.function
        config = None
        if function.config is not None:
            config = build_config(function.config_schema, context.op_config or {})
        what = f"op {self._node.name!r}"
        resources = self._surroundings.resources.take(sorted(function.required_resource_keys), what)
        arguments = {name: resources[name] for name in function.resources}
        result = StepResult(self._node, context, self._record, self._keep)
        result.take(function.call(context, config, {**inputs, **arguments}))
        return result.values

    def _inputs(self) -> dict[str, Any]:
        values, given = self._outcome.values, dict[str, Any]()
        for parameter, source in self._node.inputs.items():
            if source in values:
                given[parameter] = values[source]
                continue
            try:
                given[parameter] = self._kept_value(parameter)
            except ValueMissing as missing:
                if parameter not in self._node.op.function.optional:
                    raise DagsterInvariantViolationError(
                        f"step {self._node.name!r} needs the value of {source.node!r} for its parameter "
                        f"{parameter!r}, which is not part of this run: {missing}, so select it too, or name it "
                        "in deps and read what it stored"
                    ) from None
        return given

    def _kept_value(self, parameter: str) -> Any:
        """Return what an earlier run kept of an asset."""
        key, kept = self._node.input_keys.get(parameter), self._surroundings.kept
        if key is None or kept is None:
            raise ValueMissing("values are handed over within this run only")
        # An asset without partitions keeps one value, for the runs of all partitions.
        for partition in dict.fromkeys((self._run.tags.get(PARTITION_TAG), None)):
            with suppress(ValueMissing):
                return kept.load(key, partition)
        raise ValueMissing(f"no earlier run kept a value of {key.to_user_string()!r}")

    def _keep(self, asset: AssetKey, value: Any) -> None:
        if self._surroundings.kept is not None:
            partitions = None if self._node.asset is None else self._node.asset.partitions_def
            partition = made_partition(partitions, self._run.tags)
            self._surroundings.kept.save(asset, partition, value)

    def _context(self) -> OpExecutionContext:
        node = self._node
        entry = (self._run.run_config.get("ops") or {}).get(node.name) or {}
        parts: dict[str, Any] = {
            "run": self._run,
            "op_name": node.name,
            "op_config": entry.get("config"),
            "log": StepLogger(f"{self._run.job_name}.{node.name}", self._say),
            "resources": Resources(self._surroundings.resources),
            "record": self._record,
            "instance": self._surroundings.instance,
            "partitions_def": self._job.partitions_def,
            "retry_number": self._retry,
            "outputs": list(node.op.outs),
        }
        if node.asset is None:
            return OpExecutionContext(**parts)
        parts["partitions_def"] = node.asset.partitions_def or self._job.partitions_def
        return AssetExecutionContext(node.asset.keys_by_output_name, **parts)

    def _failed(self, error: BaseException) -> bool:
        self._tell_metadata(error)
        failure = Failure.of(error)
        if self._outcome.failure is None:
            self._outcome.failure, self._outcome.step = failure, self._node.name
        self._outcome.failed_steps.append(self._node.name)
        self._say("ERROR", failure.traceback, "FAILURE")
        return False

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

    def _say(self, level: str, message: str, kind: Kind = "LOG") -> None:
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
