"""What a run of a job is told because it is for one partition."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..partitions_store import DynamicPartitionsStore
from .errors import CheckError, DagsterUnknownPartitionError
from .job_definition import JobDefinition

#: The tag of a run that names what its partition is one of.
PARTITION_SET_TAG = "dagster/partition_set"


class PartitionedRun(NamedTuple):
    """Run config and tags of a run for a partition.

    Attributes:
        run_config: As given, or the partition's if none was.
        tags: As given, with those of the partition.
    """

    run_config: Mapping[str, Any]
    tags: dict[str, str]


def partitioned_run(
    job: JobDefinition,
    partition_key: str,
    *,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    asset_selection: Collection[str] | None = None,
    store: DynamicPartitionsStore | None = None,
    current_time: datetime | None = None,
) -> PartitionedRun:
    """Return what a run of *job* for a partition is told.

    Args:
        run_config: As given for this run; the job's config for the partition is used if it is empty.
        tags: As given for this run; those that the job's config has for the partition beat them, as do
            ``dagster/partition`` and ``dagster/partition_set``.
        asset_selection: The assets that the run is to make, None for all of the job's.
        store: Knows the keys of dynamic partitions; needed for a job that has such.
        current_time: As of when the partition is to exist, None for now.

    Raises:
        CheckError: The run cannot be for a partition.
        DagsterUnknownPartitionError: There is no such partition now.
        DagsterInvariantViolationError: There is no *store*, and the partitions are dynamic.
        Exception: What the function of the job's config raised.
    """
    partitions = job.partitions_for(asset_selection)
    if partitions is None:
        raise CheckError(
            f"job {job.name!r} has no partitions, and the partition {partition_key!r} of it is asked for: leave "
            "partition_key out, or give partitions_def to the job or its assets"
        )
    try:
        partitions.validate_partition_key(partition_key, current_time, store)
    except DagsterUnknownPartitionError as error:
        raise DagsterUnknownPartitionError(f"job {job.name!r}: {error}") from None
    config_tags: dict[str, str] = {}
    if job.partitioned_config is not None:
        config_tags = job.partitioned_config.get_tags_for_partition_key(partition_key)
        run_config = run_config or job.partitioned_config.get_run_config_for_partition_key(partition_key)
    own_tags = partitions.get_tags_for_partition_key(partition_key)
    # The job of all assets has no partitions of its own, so its runs have no set either.
    set_tag = {} if job.partitions_def is None else {PARTITION_SET_TAG: f"{job.name}_partition_set"}
    return PartitionedRun(run_config, {**tags, **config_tags, **own_tags, **set_tag})
