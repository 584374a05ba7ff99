"""What the function of a step gets to know about its run, and where it leaves notes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..records.dagster_run import DagsterRun
from .asset_key import AssetKey
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvariantViolationError
from .metadata import MetadataValue, normalize_metadata
from .multi_partitions import MultiPartitionsDefinition
from .outputs import RESULT
from .partitions import PARTITION_TAG, PartitionKeyRange, PartitionsDefinition
from .resource_scope import Resources
from .results import AssetEvent
from .time_partitions import TimeWindow, TimeWindowPartitions

if TYPE_CHECKING:
    from ..instance import Instance


class OpExecutionContext:
    """The context of one step of a run.

    Attributes:
        run: The run.
        op_name: Name of the step.
        op_config: The step's config as plain data, None if none was given.
        log: A logger whose lines are kept with the run.
        resources: The resources of the definitions, as attributes.
        instance: What the log knows, and the way to report to it. A run in process that was given none
            has one of its own, which is gone with it.
        retry_number: How often the step was tried before in this run.
    """

    def __init__(
        self,
        *,
        run: DagsterRun,
        op_name: str,
        op_config: Any,
        log: logging.Logger,
        resources: Resources,
        record: Callable[[AssetEvent], None],
        instance: Instance,
        partitions_def: PartitionsDefinition | None = None,
        retry_number: int = 0,
        outputs: Sequence[str] = (RESULT,),
    ) -> None:
        self.run = run
        self.op_name = op_name
        self.op_config = op_config
        self.log = log
        self.resources = resources
        self.instance = instance
        self.retry_number = retry_number
        self._record = record
        self._partitions_def = partitions_def
        self._output_metadata: dict[str, dict[str, MetadataValue]] = {name: {} for name in outputs}

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
        text = self.run.tags[PARTITION_TAG]
        return text if self._partitions_def is None else self._partitions_def.key_from_text(text)

    @property
    def partition_keys(self) -> list[str]:
        """The partitions that the run is for: one."""
        return [self.partition_key]

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """The partitions that the run is for, from the first to the last: one."""
        return PartitionKeyRange(self.partition_key, self.partition_key)

    @property
    def partition_time_window(self) -> TimeWindow:
        """The time that the partition of the run is about.

        Raises:
            DagsterInvariantViolationError: The run is not for a partition, or it is not one in time.
        """
        partitions, key = self._partitions_def, self.partition_key
        if isinstance(partitions, TimeWindowPartitions | MultiPartitionsDefinition):
            return partitions.time_window_for_partition_key(key)
        raise DagsterInvariantViolationError(
            f"the partition {key!r} of step {self.op_name!r} is not one in time: {partitions!r}"
        )

    @property
    def asset_key(self) -> AssetKey:
        """The asset that the step makes.

        Raises:
            DagsterInvariantViolationError: The step is an op and makes no asset.
        """
        raise DagsterInvariantViolationError(f"step {self.op_name!r} is an op, it has no asset_key")

    def output_metadata(self, output_name: str) -> Mapping[str, MetadataValue]:
        """Return what `add_output_metadata` noted about an output so far."""
        return self._output_metadata[output_name]

    def add_output_metadata(self, metadata: Mapping[str, Any], output_name: str | None = None) -> None:
        """Note *metadata* about what the step is about to return; a later value replaces an earlier one.

        Args:
            output_name: The output; may be None if there is one only.

        Raises:
            DagsterInvalidDefinitionError: There is no such output, or there are several to choose from.
        """
        known = list(self._output_metadata)
        name = known[0] if output_name is None and len(known) == 1 else output_name
        if name not in known:
            raise DagsterInvalidDefinitionError(
                f"step {self.op_name!r} has no output {output_name!r}, its outputs are: {', '.join(known)}"
            )
        self._output_metadata[name] |= normalize_metadata(metadata)

    def log_event(self, event: AssetEvent) -> None:
        """Record an `AssetMaterialization` or `AssetObservation` at once."""
        if not isinstance(event, AssetEvent):
            raise CheckError(f"log_event takes an AssetMaterialization or AssetObservation, got {event!r}")
        self._record(event)


class AssetExecutionContext(OpExecutionContext):
    """The context of a step that makes assets."""

    def __init__(self, asset_keys: Mapping[str, AssetKey], **step: Any) -> None:
        """Make the context.

        Args:
            asset_keys: The assets that the step makes, by output.
            step: As for `OpExecutionContext`.
        """
        super().__init__(**step)
        self._asset_keys = dict(asset_keys)

    @property
    def asset_key(self) -> AssetKey:
        """The one asset that the step makes.

        Raises:
            DagsterInvariantViolationError: It makes several.
        """
        keys = list(self._asset_keys.values())
        if len(keys) != 1:
            raise DagsterInvariantViolationError(
                f"step {self.op_name!r} makes {', '.join(key.to_user_string() for key in keys) or 'no asset'}, "
                "so it has no single asset_key: use selected_asset_keys or asset_key_for_output(...)"
            )
        return keys[0]

    @property
    def selected_asset_keys(self) -> frozenset[AssetKey]:
        """The assets that the step is to make: all that it can."""
        return frozenset(self._asset_keys.values())

    @property
    def selected_output_names(self) -> frozenset[str]:
        """The outputs that the step is to make: all that it can."""
        return frozenset(self._asset_keys)

    def asset_key_for_output(self, output_name: str = RESULT) -> AssetKey:
        """Return the asset that an output is.

        Raises:
            DagsterInvariantViolationError: There is no such output.
        """
        key = self._asset_keys.get(output_name)
        if key is None:
            raise DagsterInvariantViolationError(
                f"step {self.op_name!r} has no output {output_name!r}, its outputs are: {', '.join(self._asset_keys)}"
            )
        return key
