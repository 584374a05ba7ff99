"""The two ways to define a job: wired by hand (``@job``), or chosen from the assets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from .asset_graph import AssetGraph
from .asset_key import AssetKey
from .asset_selection import AssetSelection, CoercibleToAssetSelection, coerce_to_asset_selection
from .composition import Node, compose
from .errors import DagsterInvalidDefinitionError, DagsterInvalidSubsetError
from .job_definition import JobDefinition, JobSettings, checked_job, checked_without_resources, job_settings
from .names import name_or_own, refuse_unsupported
from .run_config import RunConfig

__all__ = ["JobDefinition", "UnresolvedAssetJobDefinition", "define_asset_job", "job"]

_NOT_YET = (
    "resource_defs",
    "logger_defs",
    "executor_def",
    "hooks",
    "op_retry_policy",
    "partitions_def",
    "input_values",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class UnresolvedAssetJobDefinition(JobSettings):
    """A job that makes some of the assets; which ones is known once there are definitions.

    Attributes:
        selection: The assets.
    """

    selection: AssetSelection

    def resolve(self, graph: AssetGraph, resources: Mapping[str, object] | None = None) -> JobDefinition:
        """Return the job that makes the selected assets of *graph*.

        Raises:
            DagsterInvalidDefinitionError: An asset that is named is not there.
        """
        try:
            keys = self.selection.resolve(graph)
        except DagsterInvalidSubsetError as error:
            raise DagsterInvalidDefinitionError(f"asset job {self.name!r}: {error}") from error
        settings = {name: getattr(self, name) for name in JobSettings.__dataclass_fields__}
        return checked_job(
            JobDefinition(**settings, nodes=asset_nodes(graph, keys), resources=dict(resources or {}))
        )

    def __repr__(self) -> str:
        return f"UnresolvedAssetJobDefinition({self.name!r}, {self.selection})"


def asset_nodes(graph: AssetGraph, keys: Collection[AssetKey]) -> tuple[Node, ...]:
    """Return the steps that make *keys*, each after those it depends on."""
    return tuple(
        Node(
            name=asset.op.name,
            op=asset.op,
            inputs={name: source.to_python_identifier() for name, source in graph.inputs(key).items()},
            after=tuple(dep.to_python_identifier() for dep in graph.deps(key)),
            asset=asset,
        )
        for key, asset in graph.by_key.items()
        if key in keys
    )


def define_asset_job(
    name: str,
    selection: CoercibleToAssetSelection | None = None,
    config: Mapping[str, Any] | RunConfig | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    run_tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    *,
    owners: Sequence[str] | None = None,
    **unsupported: Any,
) -> UnresolvedAssetJobDefinition:
    """Define a job that makes the selected assets; all of them if *selection* is None.

    Raises:
        DagsterInvalidDefinitionError: A parameter is invalid or not supported yet.
    """
    refuse_unsupported("define_asset_job", unsupported, _NOT_YET)
    chosen = AssetSelection.all() if selection is None else coerce_to_asset_selection(selection)
    settings = job_settings(name, description, tags, run_tags, metadata, config, owners)
    return UnresolvedAssetJobDefinition(**settings, selection=chosen)


@overload
def job(fn: Callable[[], Any], /) -> JobDefinition: ...


@overload
def job(
    *,
    name: str | None = None,
    description: str | None = None,
    config: Mapping[str, Any] | RunConfig | None = None,
    tags: Mapping[str, str] | None = None,
    run_tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    **unsupported: Any,
) -> Callable[[Callable[[], Any]], JobDefinition]: ...


def job(
    fn: Callable[[], Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    config: Mapping[str, Any] | RunConfig | None = None,
    tags: Mapping[str, str] | None = None,
    run_tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    **unsupported: Any,
) -> Any:
    """Make a job of a function that calls ops; it runs once, now, to learn how they are wired.

    Args:
        name: The function's name if None.
        config: Run config of runs that are given none.

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
        )
        return checked_without_resources(JobDefinition(**settings, nodes=compose(settings["name"], fn)))

    return decorate if fn is None else decorate(fn)
