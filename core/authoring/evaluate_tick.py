"""One evaluation of a sensor, checked: what `SensorDefinition.evaluate_tick` does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ..partitions_store import ChangedPartitions, DynamicPartitionsStore, RememberedPartitions
from ..tape import observe
from .asset_key import AssetKey
from .asset_selection import AssetSelection
from .dynamic_partitions import partition_changes
from .errors import (
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    SensorTargetError,
)
from .job_definition import JobDefinition
from .partitioned_run import partitioned_run
from .repository import ASSET_JOB
from .run_request import RunRequest
from .sensor_context import SensorEvaluationContext
from .sensor_outcome import Outcome
from .sensor_result import SensorExecutionData

if TYPE_CHECKING:
    from .sensor_definition import SensorDefinition

#: The tag of a run that names the sensor it was asked for by.
SENSOR_NAME_TAG = "dagster/sensor_name"

#: The tag of a run that names the schedule it was asked for by.
SCHEDULE_NAME_TAG = "dagster/schedule_name"


def evaluate_tick(sensor: SensorDefinition, context: SensorEvaluationContext) -> SensorExecutionData:
    """Call the sensor's function and return what came of it, checked and with its targets resolved.

    Resources are closed when the function has ended.

    Raises:
        CheckError: The function produced what a sensor may not.
        SensorTargetError: A request is for no job of the sensor's.
        DagsterInvariantViolationError: The cursor is set in two ways, or a partition or assets are asked
            for and the context has no definitions, or a dynamic partition and it has no instance.
        DagsterUnknownPartitionError: A request is for a partition that does not exist.
        DagsterInvalidSubsetError: A request selects assets that the sensor does not target.
        Exception: What the function raised.
    """
    data = evaluate_without_partitions(sensor, context)
    requests = [request.with_replaced_attrs(tags=_tags(sensor, request)) for request in data.run_requests]
    if any(request.partition_key is not None for request in requests):
        store = partitions_after(context, data)
        requests = [
            _for_partition(sensor, context, index, request, store) for index, request in enumerate(requests)
        ]
    return msgspec.structs.replace(data, run_requests=requests)


def evaluate_without_partitions(
    sensor: SensorDefinition, context: SensorEvaluationContext
) -> SensorExecutionData:
    """Do as `evaluate_tick`, but take the partition keys and tags of requests as they are."""
    with context:
        outcome = sensor.outcome(context)
    log_key = context.log_key if context.has_captured_logs else None
    if outcome.result is None:
        return SensorExecutionData(
            run_requests=_resolved(sensor, context, outcome.requests),
            skip_message=outcome.skip_message,
            cursor=context.cursor,
            log_key=log_key,
        )
    return SensorExecutionData(
        run_requests=_resolved(sensor, context, outcome.requests),
        skip_message=outcome.skip_message,
        cursor=_cursor(context, outcome),
        log_key=log_key,
        dynamic_partitions_requests=list(outcome.result.dynamic_partitions_requests or ()),
        asset_events=list(outcome.result.asset_events),
        dagster_run_reactions=outcome.reactions,
        next_tick=outcome.next_tick,
    )


def partitions_after(
    context: SensorEvaluationContext, data: SensorExecutionData
) -> DynamicPartitionsStore | None:
    """Return the partitions of the context's instance as the tick's own requests make them.

    None if the context has no instance. The instance is asked when a dynamic partition is, once for a set.
    """
    if not context.has_instance:
        return None
    changes = partition_changes(data.dynamic_partitions_requests)
    return ChangedPartitions(RememberedPartitions(_TapedPartitions(context)), changes)


class _TapedPartitions:
    """The dynamic partitions of a context's instance, or of the tape."""

    def __init__(self, context: SensorEvaluationContext) -> None:
        self._context = context

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        def read() -> list[str]:
            return list(self._context.unrecorded_instance.get_dynamic_partitions(partitions_def_name))

        return observe("instance", "dynamic partitions", partitions_def_name, read)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return partition_key in self.get_dynamic_partitions(partitions_def_name)


def _cursor(context: SensorEvaluationContext, outcome: Outcome) -> str | None:
    """Return the cursor after the tick; in the reference an empty one in a result is dropped."""
    result = outcome.result
    if outcome.managed_cursor is not None or result is None:
        return outcome.managed_cursor
    if not context.cursor_updated:
        return context.cursor if result.cursor is None else result.cursor
    if result.cursor:
        raise DagsterInvariantViolationError(
            f"the cursor was set twice: SensorResult.cursor is {result.cursor!r} and context.update_cursor() was "
            f"called with {context.cursor!r}, use one of the two"
        )
    return context.cursor


def _resolved(
    sensor: SensorDefinition, context: SensorEvaluationContext, requests: Sequence[RunRequest]
) -> list[RunRequest]:
    if not requests:
        return []
    if sensor.asset_selection is not None:
        return _for_assets(sensor, sensor.asset_selection, context, requests)
    return _for_jobs(sensor, requests)


def _for_jobs(sensor: SensorDefinition, requests: Sequence[RunRequest]) -> list[RunRequest]:
    names = sensor.target_job_names
    if not names:
        raise SensorTargetError(
            f"sensor {sensor.name!r} asks for a run while lacking a specified target: give @sensor one of job=, "
            "jobs=, job_name=, asset_selection= or target="
        )
    if len(names) == 1 and {request.job_name for request in requests} == {None}:
        return list(requests)
    for index, request in enumerate(requests):
        if request.job_name is None and len(names) > 1:
            raise SensorTargetError(
                f"{_label(sensor, index, request)} did not specify job_name, and the sensor has {len(names)} "
                f"jobs. Expected one of: {names}"
            )
        if request.job_name is not None and request.job_name not in names:
            raise SensorTargetError(
                f"{_label(sensor, index, request)} is for job {request.job_name!r}, which it does not "
                f"target. Expected one of: {names}"
            )
    return list(requests)


def _for_assets(
    sensor: SensorDefinition,
    selection: AssetSelection,
    context: SensorEvaluationContext,
    requests: Sequence[RunRequest],
) -> list[RunRequest]:
    targeted = _targeted_assets(sensor, selection, context)
    resolved = []
    for index, request in enumerate(requests):
        selected = targeted if request.asset_selection is None else request.asset_selection
        outside = [key.to_user_string() for key in selected if key not in targeted]
        if outside:
            raise DagsterInvalidSubsetError(
                f"{_label(sensor, index, request)} selects {', '.join(outside)}, which the sensor does not "
                f"target: choose from {', '.join(key.to_user_string() for key in targeted)}"
            )
        resolved.append(request.with_replaced_attrs(job_name=ASSET_JOB, asset_selection=list(selected)))
    return resolved


def _targeted_assets(
    sensor: SensorDefinition, selection: AssetSelection, context: SensorEvaluationContext
) -> dict[AssetKey, None]:
    """Return the assets that the sensor targets, each after those it is made from."""
    repository = context.repository_def
    if repository is None:
        raise DagsterInvariantViolationError(
            f"sensor {sensor.name!r} targets assets, and its context knows none: Must provide repository def, "
            "give build_sensor_context(definitions=...)"
        )
    selected = selection.resolve(repository.asset_graph)
    return {key: None for key in repository.asset_graph.by_key if key in selected}


def _for_partition(
    sensor: SensorDefinition,
    context: SensorEvaluationContext,
    index: int,
    request: RunRequest,
    store: DynamicPartitionsStore | None,
) -> RunRequest:
    if request.partition_key is None:
        return request
    repository = context.repository_def
    if repository is None:
        raise DagsterInvariantViolationError(
            f"{_label(sensor, index, request)} is for a partition, and its context knows no jobs: Must provide "
            f"repository def, give {context.builder}(definitions=...)"
        )
    job = repository.get_job(request.job_name or sensor.job_name)
    return with_partition(job, request, store, context.partitions_at)


def with_partition(
    job: JobDefinition,
    request: RunRequest,
    store: DynamicPartitionsStore | None,
    current_time: datetime | None = None,
) -> RunRequest:
    """Return the request with what its partition adds to its run config and tags.

    Args:
        store: Knows the keys of dynamic partitions, None if nothing does.
        current_time: As of when the partition is to exist, None for now.

    Raises:
        CheckError: The run cannot be for a partition.
        DagsterUnknownPartitionError: There is no such partition now.
        DagsterInvariantViolationError: There is no *store*, and the partitions are dynamic.
        Exception: What the function of the job's config raised.
    """
    if request.partition_key is None:
        return request
    keys = request.asset_selection
    run = partitioned_run(
        job,
        request.partition_key,
        run_config=request.run_config,
        tags=request.tags,
        asset_selection=None if keys is None else [key.to_user_string() for key in keys],
        store=store,
        current_time=current_time,
    )
    ours = {name: tag for name, tag in request.tags.items() if name in (SENSOR_NAME_TAG, SCHEDULE_NAME_TAG)}
    return request.with_replaced_attrs(run_config=run.run_config, tags={**run.tags, **ours})


def _tags(sensor: SensorDefinition, request: RunRequest) -> dict[str, str]:
    return {**request.tags, sensor.name_tag: sensor.name}


def _label(sensor: SensorDefinition, index: int, request: RunRequest) -> str:
    key = f" (run key {request.run_key!r})" if request.run_key else ""
    return f"run request {index}{key} of {sensor.what}"
