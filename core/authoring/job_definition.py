"""A job: steps that run together, with what runs of it are told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .asset_key import AssetKey
from .composition import Node
from .errors import (
    CheckError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidSubsetError,
)
from .job_config import RunConfigCheck
from .metadata import MetadataValue, normalize_metadata
from .names import check_name, check_owners, refuse_unsupported
from .partitioned_config import PartitionedConfig
from .partitions import PartitionsDefinition, checked_partitions
from .resource_scope import missing_resource
from .resources import checked_resources
from .results import str_tags
from .retries import RetryPolicy, check_policy
from .run_config import RunConfig, plain_run_config

if TYPE_CHECKING:
    from ..execution.in_process_result import ExecuteInProcessResult
    from ..instance import Instance


@dataclass(frozen=True, kw_only=True, eq=False)
class JobSettings:
    """What the two ways to define a job have in common.

    Attributes:
        name: Unique among the jobs of the definitions.
        description: For people.
        tags: Labels; they are put on runs unless *run_tags* are given.
        run_tags: Labels of the job's runs, in place of *tags*; None if not given.
        metadata: By name.
        default_run_config: Used by runs that are given none; plain data.
        owners: E-mail addresses and teams.
        partitions_def: What runs can be for one of, None if there is nothing or the assets differ.
        partitioned_config: In place of *default_run_config* for runs of a partition.
        op_retry_policy: How often and when steps without a policy of their own are tried again.
    """

    name: str
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    run_tags: Mapping[str, str] | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    default_run_config: Mapping[str, Any] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    partitions_def: PartitionsDefinition | None = None
    partitioned_config: PartitionedConfig | None = None
    op_retry_policy: RetryPolicy | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class JobDefinition(JobSettings):
    """Steps that run together.

    Attributes:
        nodes: The steps, each after those it depends on.
        resources: What steps find in ``context.resources``.
    """

    nodes: tuple[Node, ...]
    resources: Mapping[str, object] = field(default_factory=dict)

    @property
    def asset_keys(self) -> frozenset[AssetKey]:
        """The assets that the job makes; empty for a job of ops."""
        return frozenset(
            key for node in self.nodes if node.asset is not None for key in node.asset.asset_keys
        )

    def with_resources(self, resources: Mapping[str, object]) -> JobDefinition:
        """Return the job with *resources* added to its own."""
        return replace(self, resources={**self.resources, **resources}) if resources else self

    def check_resources(self) -> None:
        """Check that every resource that a step requires is there.

        Raises:
            DagsterInvalidDefinitionError: One is not.
        """
        for node in self.nodes:
            for key in sorted(node.op.function.required_resource_keys):
                if key not in self.resources:
                    raise missing_resource(key, f"op {node.name!r} of job {self.name!r}", self.resources)

    def run_config_or_default(self, run_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a run uses: *run_config*, or the job's own if that is empty."""
        return run_config or self.default_run_config

    def selected_nodes(self, asset_selection: Collection[str] | None) -> tuple[Node, ...]:
        """Return the steps that make the selected assets, in order; all steps for None.

        Args:
            asset_selection: Asset keys as people write them, such as ``"a/b"``.

        Raises:
            DagsterInvalidSubsetError: The job does not make one of them, or only together with others.
        """
        if asset_selection is None:
            return self.nodes
        selected = {AssetKey.from_user_string(text) for text in asset_selection}
        missing = selected - self.asset_keys
        if missing:
            names = ", ".join(sorted(key.to_user_string() for key in missing))
            raise DagsterInvalidSubsetError(f"job {self.name!r} does not make {names}")
        made = [(node, node.asset) for node in self.nodes if node.asset is not None]
        chosen = [(node, asset) for node, asset in made if not asset.keys.isdisjoint(selected)]
        for _, asset in chosen:
            left_out = sorted(key.to_user_string() for key in asset.keys - selected)
            if left_out:
                raise DagsterInvalidSubsetError(
                    f"{asset.what} makes its assets together: select {', '.join(left_out)} too"
                )
        return tuple(node for node, _ in chosen)

    def partitions_for(self, asset_selection: Collection[str] | None = None) -> PartitionsDefinition | None:
        """Return what a run that makes the selected assets can be for one of, None if nothing.

        Args:
            asset_selection: Asset keys as people write them, None for all of the job's.

        Raises:
            CheckError: The assets have different partitions.
            DagsterInvalidSubsetError: The job does not make one of the assets.
        """
        if self.partitions_def is not None:
            return self.partitions_def
        assets = [node.asset for node in self.selected_nodes(asset_selection) if node.asset is not None]
        found = {asset.partitions_def for asset in assets if asset.partitions_def is not None}
        if len(found) > 1:
            raise CheckError(
                f"the selected assets of job {self.name!r} have different partitions "
                f"({', '.join(sorted(map(repr, found)))}): select those that share some"
            )
        return next(iter(found), None)

    def validate_run_config(
        self, run_config: Mapping[str, Any], asset_selection: Collection[str] | None = None
    ) -> None:
        """Check that a run of this job could use *run_config*.

        Args:
            run_config: Plain data; empty stands for the job's default.
            asset_selection: The assets that the run is to make, None for all; steps that make
                others need no config.

        Raises:
            DagsterInvalidConfigError: It does not fit; the error lists every problem with its place.
            DagsterInvalidSubsetError: The job does not make a selected asset.
        """
        used = self.run_config_or_default(run_config)
        problems = self.run_config_check(asset_selection).problems(used)
        if problems:
            lines = "\n".join(f"  {problem}" for problem in problems)
            raise DagsterInvalidConfigError(f"run config does not fit job {self.name!r}:\n{lines}", problems)

    def run_config_check(self, asset_selection: Collection[str] | None = None) -> RunConfigCheck:
        """Return what run config for the selected assets, None for all, has to fit.

        Raises:
            DagsterInvalidSubsetError: The job does not make a selected asset.
        """
        selected = {node.name for node in self.selected_nodes(asset_selection)}
        return RunConfigCheck(self.nodes, selected, self.resources)

    def execute_in_process(
        self,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        instance: Instance | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        partition_key: str | None = None,
        raise_on_error: bool = True,
        asset_selection: Sequence[AssetKey] | None = None,
        resources: Mapping[str, object] | None = None,
        run_id: str | None = None,
        **unsupported: Any,
    ) -> ExecuteInProcessResult:
        """Run the job here and now: for tests and notebooks.

        Args:
            instance: Where the run is written down as it goes; None for nowhere.
            tags: Added to the job's own.
            partition_key: The partition that the run is for; its config is used if *run_config* is empty.
            raise_on_error: Whether to raise what a step raised, after all steps that can run did.
            asset_selection: Make only these of the job's assets.
            resources: Added to the job's own, in place of those of the same name.
            run_id: A new one if None.

        Raises:
            DagsterInvalidDefinitionError: A resource that a step requires is not there.
            DagsterInvalidConfigError: The run config does not fit.
            DagsterInvalidSubsetError: The job does not make a selected asset.
            DagsterUnknownPartitionError: There is no such partition.
            DagsterInvariantViolationError: The instance knows a run of that id.
            CheckError: The job has no partitions.
        """
        from ..execution.in_process import execute_in_process

        refuse_unsupported("execute_in_process", unsupported, ("op_selection", "input_values"))
        job = self.with_resources(checked_resources(resources, "execute_in_process"))
        job.check_resources()
        return execute_in_process(
            job,
            run_config=plain_run_config(run_config),
            tags=str_tags(tags),
            partition_key=partition_key,
            raise_on_error=raise_on_error,
            asset_selection=None
            if asset_selection is None
            else [key.to_user_string() for key in asset_selection],
            run_id=run_id,
            instance=instance,
        )

    def __repr__(self) -> str:
        return f"JobDefinition({self.name!r})"


def checked_job(job: JobDefinition) -> JobDefinition:
    """Return *job* after checking the default run config it may have.

    Raises:
        DagsterInvalidConfigError: The default does not fit the job's steps.
    """
    if job.default_run_config:
        job.validate_run_config(job.default_run_config)
    return job


def checked_without_resources(job: JobDefinition) -> JobDefinition:
    """Return *job* as `checked_job` does, but for what its run config says of resources not yet known."""
    others = {key: value for key, value in job.default_run_config.items() if key != "resources"}
    checked_job(replace(job, default_run_config=others))
    return job


def job_settings(
    name: str,
    description: str | None,
    tags: Mapping[str, str] | None,
    run_tags: Mapping[str, str] | None,
    metadata: Mapping[str, Any] | None,
    config: Mapping[str, Any] | RunConfig | PartitionedConfig | None,
    owners: Sequence[str] | None,
    partitions_def: PartitionsDefinition | None,
    op_retry_policy: RetryPolicy | None,
) -> dict[str, Any]:
    """Return the fields of `JobSettings`, checked.

    Raises:
        CheckError: A parameter has the wrong type.
        DagsterInvalidDefinitionError: The name or an owner is invalid, or *config* is for other partitions.
        DagsterInvalidConfigError: *config* is not plain data.
    """
    checked_partitions(partitions_def, f"job {name!r}")
    partitioned = config if isinstance(config, PartitionedConfig) else None
    if partitioned is not None and partitions_def not in (None, partitioned.partitions_def):
        raise DagsterInvalidDefinitionError(
            f"job {name!r} has the partitions {partitions_def!r}, and its config is for "
            f"{partitioned.partitions_def!r}: leave partitions_def out"
        )
    return {
        "name": check_name(name, "job"),
        "description": description,
        "tags": str_tags(tags),
        "run_tags": None if run_tags is None else str_tags(run_tags),
        "metadata": normalize_metadata(metadata),
        "default_run_config": {} if isinstance(config, PartitionedConfig) else plain_run_config(config),
        "owners": check_owners(owners, f"job {name!r}"),
        "partitions_def": partitions_def if partitioned is None else partitioned.partitions_def,
        "partitioned_config": partitioned,
        "op_retry_policy": check_policy(op_retry_policy, f"job {name!r}"),
    }
