"""What the function of a step gets to know about its run, and where it leaves notes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from .asset_key import AssetKey
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvariantViolationError
from .metadata import MetadataValue, normalize_metadata
from .resource_scope import Resources
from .results import AssetEvent

#: Run tag that holds the partition key of a run.
PARTITION_TAG = "dagster/partition"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """One run, as its steps see it.

    Attributes:
        run_id: Unique per run.
        job_name: The job that runs.
        tags: All tags of the run.
        run_config: Plain data.
    """

    run_id: str
    job_name: str
    tags: Mapping[str, str]
    run_config: Mapping[str, Any]


class OpExecutionContext:
    """The context of one step of a run.

    Attributes:
        run: The run.
        op_name: Name of the step.
        op_config: The step's config as plain data, None if none was given.
        log: A logger whose lines are kept with the run.
        resources: The resources of the definitions, as attributes.
        retry_number: How often the step was tried before: 0, as steps are not retried.
    """

    def __init__(
        self,
        *,
        run: RunInfo,
        op_name: str,
        op_config: Any,
        log: logging.Logger,
        resources: Resources,
        record: Callable[[AssetEvent], None],
    ) -> None:
        self.run = run
        self.op_name = op_name
        self.op_config = op_config
        self.log = log
        self.resources = resources
        self.retry_number = 0
        self._record = record
        self._output_metadata: dict[str, MetadataValue] = {}

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.run.run_id

    @property
    def job_name(self) -> str:
        """Name of the job that runs."""
        return self.run.job_name

    @property
    def run_tags(self) -> Mapping[str, str]:
        """All tags of the run."""
        return self.run.tags

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config as plain data."""
        return self.run.run_config

    @property
    def has_partition_key(self) -> bool:
        """Whether the run is for one partition."""
        return PARTITION_TAG in self.run.tags

    @property
    def partition_key(self) -> str:
        """The partition that the run is for.

        Raises:
            DagsterInvariantViolationError: The run is not for a partition.
        """
        if not self.has_partition_key:
            raise DagsterInvariantViolationError(
                f"run {self.run_id} is not for a partition: request it with partition_key=..., "
                "or ask has_partition_key first"
            )
        return self.run.tags[PARTITION_TAG]

    @property
    def asset_key(self) -> AssetKey:
        """The asset that the step makes.

        Raises:
            DagsterInvariantViolationError: The step is an op and makes no asset.
        """
        raise DagsterInvariantViolationError(f"step {self.op_name!r} is an op, it has no asset_key")

    @property
    def instance(self) -> NoReturn:
        """Not available.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        raise DagsterInvariantViolationError("context.instance is not available in a step yet")

    @property
    def output_metadata(self) -> Mapping[str, MetadataValue]:
        """What `add_output_metadata` noted so far."""
        return self._output_metadata

    def add_output_metadata(self, metadata: Mapping[str, Any], output_name: str | None = None) -> None:
        """Note *metadata* about what the step is about to return; a later value replaces an earlier one."""
        if output_name not in (None, "result"):
            raise DagsterInvalidDefinitionError(
                f"step {self.op_name!r} has no output {output_name!r}, its only output is 'result'"
            )
        self._output_metadata |= normalize_metadata(metadata)

    def log_event(self, event: AssetEvent) -> None:
        """Record an `AssetMaterialization` or `AssetObservation` at once."""
        if not isinstance(event, AssetEvent):
            raise CheckError(f"log_event takes an AssetMaterialization or AssetObservation, got {event!r}")
        self._record(event)


class AssetExecutionContext(OpExecutionContext):
    """The context of a step that makes an asset."""

    def __init__(self, asset_key: AssetKey, **step: Any) -> None:
        super().__init__(**step)
        self._asset_key = asset_key

    @property
    def asset_key(self) -> AssetKey:
        """The asset that the step makes."""
        return self._asset_key
