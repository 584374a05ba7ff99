"""One run of a job: its steps in order, in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..authoring.composition import Node
from ..authoring.job_definition import JobDefinition
from ..authoring.resource_scope import ResourceScope
from ..clock import Clock
from ..errors import TickTrailError
from ..events import StepLogged
from ..failure import Failure
from ..instance import Instance
from ..records.dagster_run import DagsterRun, selected_keys
from ..records.run_status import DagsterRunStatus
from .run_outcome import RunOutcome
from .step import Emit, Step, Surroundings
from .step_log import StepLogger
from .values import AssetValues


def execute_job(
    job: JobDefinition,
    *,
    run_id: str,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    asset_selection: Sequence[str] | None,
    emit: Emit,
    clock: Clock,
    sleep: Callable[[float], None],
    chance: Callable[[], float],
    instance: Instance,
    kept: AssetValues | None = None,
) -> RunOutcome:
    """Run the steps of *job*, one after the other, each after those it depends on.

    A step that fails does not keep steps that do not depend on it from running. A step fails when
    its function raises, `SystemExit` included, and no policy has it tried again; `KeyboardInterrupt`
    goes through. What depends on an output that a step may leave out, and did, is not run either.
    Resources are set up before the first step that needs them, and closed when the run ends, however
    it does.

    Args:
        run_config: Plain data; empty stands for the job's own.
        tags: All tags of the run.
        asset_selection: The assets to make, as people write their keys; None for all of the job's.
        emit: Takes `StepLogged`, `AssetMaterialized` and `AssetObserved` as they happen; from any
            thread in which a step logs. The start and the end of the run are the caller's to tell.
            Lines of resources belong to no step.
        sleep: Waits for some seconds, before a step is tried again.
        chance: Returns a random number from 0 up to 1, for delays with jitter.
        instance: What steps find in ``context.instance``.
        kept: Where values of assets outlast the run; None to hand them over within the run only.

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
    run = DagsterRun(
        run_id=run_id,
        job_name=job.name,
        status=DagsterRunStatus.STARTED,
        tags=dict(tags),
        run_config=used,
        asset_selection=selected_keys(asset_selection),
    )
    scope = _scope(job, run, emit, clock)
    surroundings = Surroundings(emit, clock, sleep, chance, kept, scope, instance)
    try:
        _run_steps(nodes, run, job, outcome, surroundings)
    finally:
        unclosed = scope.close()
    if unclosed is not None and outcome.failure is None:
        outcome.failure = Failure.of(unclosed)
    return outcome


def _run_steps(
    nodes: Sequence[Node],
    run: DagsterRun,
    job: JobDefinition,
    outcome: RunOutcome,
    surroundings: Surroundings,
) -> None:
    broken: set[str] = set()
    names = {node.name for node in nodes}
    for node in nodes:
        step = Step(node, run, job, outcome, surroundings)
        needed = (*node.inputs.values(), *node.after)
        missing = [one for one in needed if one.node in names and one not in outcome.values]
        failed = [one.node for one in missing if one.node in broken]
        if failed:
            step.skip_after_failure(failed[0])
        elif missing:
            step.skip(missing[0])
        if failed or (not missing and not step.run()):
            broken.add(node.name)


def _scope(job: JobDefinition, run: DagsterRun, emit: Emit, clock: Clock) -> ResourceScope:
    """Return the resources of the run; what they log are lines of the run, of no step."""

    def say(level: str, message: str) -> None:
        emit(StepLogged(at=clock.now(), run=run.run_id, step=None, level=level, message=message))

    config = run.run_config.get("resources")
    return ResourceScope(job.resources, StepLogger(run.job_name, say), run, config)
