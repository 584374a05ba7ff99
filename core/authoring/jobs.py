"""The two ways to define a job: wired by hand (``@job``), or chosen from the assets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from .asset_graph import AssetGraph
from .asset_key import AssetKey
from .asset_selection import AssetSelection, CoercibleToAssetSelection, coerce_to_asset_selection
from .assets import AssetsDefinition
from .composition import Node, compose
from .errors import DagsterInvalidDefinitionError, DagsterInvalidSubsetError
from .job_definition import JobDefinition, JobSettings, checked_job, checked_without_resources, job_settings
from .names import name_or_own, refuse_unsupported
from .outputs import NodeOutput
from .partitioned_config import PartitionedConfig
from .partitions import PartitionsDefinition
from .retries import RetryPolicy
from .run_config import RunConfig

__all__ = ["JobDefinition", "UnresolvedAssetJobDefinition", "define_asset_job", "job"]

_NOT_YET = (
    "resource_defs",
    "logger_defs",
    "executor_def",
    "hooks",
    "input_values",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class UnresolvedAssetJobDefinition(JobSettings):
    """A job that makes some of the assets; which ones is known once there are definitions.

    Attributes:
        selection: The assets.
    """

    selection: AssetSelection

    def resolve(
        self,
        graph: AssetGraph,
        resources: Mapping[str, object] | None = None,
        *,
        mixed_partitions: bool = False,
    ) -> JobDefinition:
        """Return the job that makes the selected assets of *graph*.

        Args:
            mixed_partitions: Whether the assets may have different partitions.

        Raises:
            DagsterInvalidDefinitionError: An asset that is named is not there, or the partitions of
                the assets and the job do not agree.
        """
        try:
            keys = self.selection.resolve(graph)
            nodes = asset_nodes(graph, keys)
        except DagsterInvalidSubsetError as error:
            raise DagsterInvalidDefinitionError(f"asset job {self.name!r}: {error}") from error
        settings = {name: getattr(self, name) for name in JobSettings.__dataclass_fields__}
        if not mixed_partitions:
            assets = graph.definitions_of(keys)
            settings["partitions_def"] = common_partitions(self.name, self.partitions_def, assets)
        return checked_job(JobDefinition(**settings, nodes=nodes, resources=dict(resources or {})))

    def __repr__(self) -> str:
        return f"UnresolvedAssetJobDefinition({self.name!r}, {self.selection})"


def asset_nodes(graph: AssetGraph, keys: Collection[AssetKey]) -> tuple[Node, ...]:
    """Return the steps that make *keys*, each after those it depends on.

    Raises:
        DagsterInvalidSubsetError: One is made elsewhere, or only together with others.
    """
    return tuple(_asset_node(graph, asset) for asset in graph.definitions_of(keys))


def _asset_node(graph: AssetGraph, asset: AssetsDefinition) -> Node:
    first = asset.asset_keys[0]
    deps = dict.fromkeys(dep for key in asset.asset_keys for dep in graph.deps(key) if dep not in asset.keys)
    return Node(
        name=asset.op.name,
        op=asset.op,
        inputs={name: _source(graph, key) for name, key in graph.inputs(first).items()},
        after=tuple(_source(graph, dep) for dep in deps),
        asset=asset,
        input_keys=graph.inputs(first),
    )


def common_partitions(
    job: str, given: PartitionsDefinition | None, assets: Collection[AssetsDefinition]
) -> PartitionsDefinition | None:
    """Return the partitions of a job of *assets*: *given*, or those of the assets that have some.

    Raises:
        DagsterInvalidDefinitionError: An asset has others.
    """
    partitions, whose = given, "the job itself"
    for asset in assets:
        if asset.partitions_def is None:
            continue
        if partitions is None:
            partitions, whose = asset.partitions_def, asset.what
        elif asset.partitions_def != partitions:
            raise DagsterInvalidDefinitionError(
                f"asset job {job!r}: {whose} has the partitions {partitions!r}, {asset.what} "
                f"has {asset.partitions_def!r}: one run is for one partition, "
                "make a job for each"
            )
    return partitions


def _source(graph: AssetGraph, key: AssetKey) -> NodeOutput:
    """Return the output that is the asset; one of an unknown step if it is made elsewhere."""
    asset = graph.by_key.get(key)
    if asset is None:
        return NodeOutput(key.to_python_identifier())
    outputs = {made: output for output, made in asset.keys_by_output_name.items()}
    return NodeOutput(asset.op.name, outputs[key])


def define_asset_job(
    name: str,
    selection: CoercibleToAssetSelection | None = None,
    config: Mapping[str, Any] | RunConfig | PartitionedConfig | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    run_tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    *,
    owners: Sequence[str] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    **unsupported: Any,
) -> UnresolvedAssetJobDefinition:
    """Define a job that makes the selected assets; all of them if *selection* is None.

    Args:
        config: Run config of runs that are given none.
        partitions_def: Those of the assets if None; otherwise the assets that have partitions have these.
        op_retry_policy: How often and when steps without a policy of their own are tried again.

    Raises:
        DagsterInvalidDefinitionError: A parameter is invalid or not supported yet.
    """
    refuse_unsupported("define_asset_job", unsupported, _NOT_YET)
    chosen = AssetSelection.all() if selection is None else coerce_to_asset_selection(selection)
    settings = job_settings(
        name, description, tags, run_tags, metadata, config, owners, partitions_def, op_retry_policy
    )
    return UnresolvedAssetJobDefinition(**settings, selection=chosen)


@overload
def job(fn: Callable[[], Any], /) -> JobDefinition: ...


@overload
def job(
    *,
    name: str | None = None,
    description: str | None = None,
    config: Mapping[str, Any] | RunConfig | PartitionedConfig | None = None,
    tags: Mapping[str, str] | None = None,
    run_tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    op_retry_policy: RetryPolicy | None = None,
    **unsupported: Any,
) -> Callable[[Callable[[], Any]], JobDefinition]: ...


def job(
    fn: Callable[[], Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    config: Mapping[str, Any] | RunConfig | PartitionedConfig | None = None,
    tags: Mapping[str, str] | None = None,
    run_tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    op_retry_policy: RetryPolicy | None = None,
    **unsupported: Any,
) -> Any:
    """Make a job of a function that calls ops; it runs once, now, to learn how they are wired.

    Args:
        name: The function's name if None.
        config: Run config of runs that are given none.
        op_retry_policy: How often and when steps without a policy of their own are tried again.

    Raises:
        DagsterInvalidDefinitionError: A parameter is invalid or not supported yet, or the body
            does something else than to pass outputs of ops to ops.
    """
    refuse_unsupported("@job", unsupported, _NOT_YET)
    if fn is not None and not callable(fn):
        raise DagsterInvalidDefinitionError(f"@job got {fn!r} for its function: parameters are given by name")

    def decorate(fn: Callable[[], Any]) -> JobDefinition:
        settings = job_settings(
            name_or_own(name, fn),
            description or inspect.getdoc(fn),
            tags,
            run_tags,
            metadata,
            config,
            owners,
            partitions_def,
            op_retry_policy,
        )
        return checked_without_resources(JobDefinition(**settings, nodes=compose(settings["name"], fn)))

    return decorate if fn is None else decorate(fn)
