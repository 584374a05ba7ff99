"""Which of the assets that a run would make need it: those that are missing or stale."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from .authoring.asset_key import AssetKey
from .authoring.errors import CheckError

if TYPE_CHECKING:
    from .authoring.asset_graph import AssetGraph
    from .authoring.jobs import JobDefinition
    from .authoring.run_request import RunRequest


class Materialized(Protocol):
    """A materialization of the log."""

    @property
    def storage_id(self) -> int: ...


class Materializations(Protocol):
    """Knows when assets were materialized, as an instance does."""

    def latest_materialization(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> Materialized | None:
        """Return the newest materialization of an asset, or of one of its partitions; None if there is none."""


def stale_selection(
    job: JobDefinition, asked: RunRequest, graph: AssetGraph, instance: Materializations
) -> list[AssetKey]:
    """Return the assets that are left of what *asked* selects when those that are up to date are taken out.

    Assets that are made together stay together.

    Raises:
        CheckError: The job makes no assets, or the selected ones have different partitions.
        DagsterInvalidSubsetError: The job does not make one of the selected assets.
    """
    definitions = [node.asset for node in job.nodes if node.asset is not None]
    if not definitions:
        raise CheckError(f"job {job.name!r} makes no assets, so none is stale: leave stale_assets_only out")
    chosen = asked.asset_selection
    selected = [key for asset in definitions for key in asset.asset_keys] if chosen is None else list(chosen)
    partitions = job.partitions_for([key.to_user_string() for key in selected])

    def latest(key: AssetKey) -> int | None:
        asset = graph.by_key.get(key)
        same = asset is not None and asset.partitions_def is not None and asset.partitions_def == partitions
        record = instance.latest_materialization(key, asked.partition_key if same else None)
        return None if record is None else record.storage_id

    stale = stale_assets(graph, selected, latest)
    together = {key for asset in definitions if not asset.keys.isdisjoint(stale) for key in asset.keys}
    return [key for key in selected if key in together]


def stale_assets(
    graph: AssetGraph, selected: Collection[AssetKey], latest: Callable[[AssetKey], int | None]
) -> set[AssetKey]:
    """Return those of *selected* that were never made, or before something that they are made from.

    What is made from a stale asset is stale; that an asset before it is missing makes it not.

    Args:
        latest: Returns the offset of an asset's newest materialization, None if there is none.
    """
    made = {key: latest(key) for key in _with_ancestors(graph, selected)}
    stale: set[AssetKey] = set()
    for key in graph.by_key:
        own = made.get(key)
        if own is not None and any(
            parent in stale or _is_later(made[parent], own) for parent in _parents(graph, key)
        ):
            stale.add(key)
    return {key for key in selected if key in stale or made[key] is None}


def _with_ancestors(graph: AssetGraph, keys: Iterable[AssetKey]) -> Sequence[AssetKey]:
    found = dict.fromkeys(keys)
    left = list(found)
    while left:
        key = left.pop()
        new = [parent for parent in _parents(graph, key) if parent not in found]
        found.update(dict.fromkeys(new))
        left += new
    return list(found)


def _parents(graph: AssetGraph, key: AssetKey) -> set[AssetKey]:
    """Return what the asset is made from, also if that is made elsewhere."""
    return {*graph.inputs(key).values(), *graph.deps(key)} if key in graph.all_keys else set()


def _is_later(offset: int | None, than: int) -> bool:
    return offset is not None and offset > than
