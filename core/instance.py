"""The port through which sensors and steps ask what the log knows, and report facts to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .authoring.asset_key import AssetKey
    from .authoring.results import AssetMaterialization, AssetObservation
    from .events import AnyEvent
    from .records import AssetRecord, DagsterRun, DagsterRunStatus, EventLogEntry, EventLogRecord, RunsFilter


class Instance(Protocol):
    """What the log says up to its head at the moment of each call. Ids of events are offsets.

    Safe to use from several threads. What is reported is durable when the call returns.
    """

    def head(self) -> int:
        """Return the offset up to which the log is known: at least the head when this was called."""

    def record(self, events: Sequence[AnyEvent]) -> int:
        """Append *events*, wherever the head is; return the offset of the first."""

    def record_from(self, events: Callable[[int], Sequence[AnyEvent]]) -> int:
        """Append what *events* returns for the offset of its first; called again if that is taken meanwhile."""

    def get_runs(
        self, filters: RunsFilter | None = None, *, limit: int | None = None
    ) -> Sequence[DagsterRun]:
        """Return the runs that fit, the newest first."""

    def get_run_by_id(self, run_id: str) -> DagsterRun | None:
        """Return the run, None if there is none of that id."""

    def all_logs(self, run_id: str) -> Sequence[EventLogEntry]:
        """Return the entries of a run, in order."""

    def status_changes(self, status: DagsterRunStatus, *, after: int, limit: int) -> Sequence[EventLogRecord]:
        """Return up to *limit* changes of runs to *status* behind the offset *after*, in order."""

    def latest_status_change(self, status: DagsterRunStatus) -> int | None:
        """Return the offset of the newest change of a run to *status*, None if there was none."""

    def materializations_after(
        self, asset_key: AssetKey, *, after: int, limit: int
    ) -> Sequence[EventLogRecord]:
        """Return up to *limit* materializations of an asset behind the offset *after*, in order."""

    def latest_materialization(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> EventLogRecord | None:
        """Return the newest materialization of an asset, or of one of its partitions; None if there is none."""

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """Return what is known of the assets that were ever told of, or of these among them."""

    def get_materialized_partitions(self, asset_key: AssetKey) -> set[str]:
        """Return the partitions of an asset that were ever materialized."""

    def report_runless_asset_event(self, asset_event: AssetMaterialization | AssetObservation) -> None:
        """Record an event about an asset that belongs to no run."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a set of dynamic partitions, in the order in which they were added."""

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether a set of dynamic partitions has the key."""

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add keys to a set of dynamic partitions; those that are there stay."""

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a key from a set of dynamic partitions, if it is there."""
