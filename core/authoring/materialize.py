"""Making assets here and now: for tests and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..execution.in_process_result import ExecuteInProcessResult
from ..instance import Instance
from .asset_selection import CoercibleToAssetSelection
from .asset_spec import AssetSpec
from .assets import AssetsDefinition
from .definitions import Definitions
from .jobs import define_asset_job
from .run_config import RunConfig

#: Name of the job that `materialize` runs.
MATERIALIZE_JOB = "__ephemeral_asset_job__"


def materialize(
    assets: Iterable[AssetsDefinition | AssetSpec],
    run_config: Mapping[str, Any] | RunConfig | None = None,
    instance: Instance | None = None,
    *,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    selection: CoercibleToAssetSelection | None = None,
) -> ExecuteInProcessResult:
    """Run the functions of *assets* in this process, each after those it is made from.

    Args:
        instance: Where the run is written down as it goes; None for nowhere.
        partition_key: The partition to make of those assets that have partitions.
        raise_on_error: Whether to raise what an asset's function raised, after all that can run did.
        selection: Make only these of *assets*.

    Raises:
        DagsterInvalidDefinitionError: The assets do not fit together.
        DagsterInvalidConfigError: The run config does not fit.
        DagsterUnknownPartitionError: There is no such partition.
        CheckError: A partition is asked for, and the assets have none.
    """
    job = define_asset_job(MATERIALIZE_JOB, selection)
    definitions = Definitions(assets=assets, jobs=[job], resources=resources)
    return definitions.get_job_def(MATERIALIZE_JOB).execute_in_process(
        run_config,
        tags=tags,
        partition_key=partition_key,
        raise_on_error=raise_on_error,
        instance=instance,
    )


#: The same: `materialize` keeps values in memory only.
materialize_to_memory = materialize
