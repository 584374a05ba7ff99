"""Contexts made by hand, to call ops and assets directly in unit tests."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..host import host
from ..records.dagster_run import DagsterRun
from ..records.run_status import DagsterRunStatus
from .asset_key import AssetKey
from .config import Config
from .errors import CheckError
from .execution_context import AssetExecutionContext, OpExecutionContext
from .names import refuse_unsupported
from .partitions import PARTITION_TAG
from .resource_scope import Resources, ResourceScope
from .results import AssetEvent, str_tags

if TYPE_CHECKING:
    from ..instance import Instance

#: Id of the run and name of its job, as there are none, and name of the step before there is one.
EPHEMERAL = "EPHEMERAL"

_NOT_YET = ("resources_config", "partition_key_range", "mapping_key")


class DirectOpContext(OpExecutionContext):
    """What `build_op_context` returns: a context that learns of its step when it is handed to one."""

    def __init__(self, **step: Any) -> None:
        self._events: list[AssetEvent] = []
        super().__init__(record=self._events.append, **step)

    def bind(self, name: str, outputs: Sequence[str], assets: Mapping[str, AssetKey]) -> None:
        """Take the step's name, its outputs, and the assets that these are."""
        self.op_name = name
        self._output_metadata = {output: {} for output in outputs}

    def get_events(self) -> list[AssetEvent]:
        """Return what `log_event` was given so far."""
        return list(self._events)


class DirectAssetContext(AssetExecutionContext):
    """What `build_asset_context` returns: a context that learns of its asset when it is handed to one."""

    def __init__(self, **step: Any) -> None:
        self._events: list[AssetEvent] = []
        super().__init__({}, record=self._events.append, **step)

    def bind(self, name: str, outputs: Sequence[str], assets: Mapping[str, AssetKey]) -> None:
        """Take the step's name, its outputs, and the assets that these are."""
        self.op_name = name
        self._output_metadata = {output: {} for output in outputs}
        self._asset_keys = dict(assets)

    def get_events(self) -> list[AssetEvent]:
        """Return what `log_event` was given so far."""
        return list(self._events)


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    *,
    config: Any = None,
    partition_key: str | None = None,
    run_tags: Mapping[str, str] | None = None,
    instance: Instance | None = None,
    **unsupported: Any,
) -> DirectOpContext:
    """Return a context to call an op with, as in ``my_op(build_op_context(), 1)``.

    Args:
        resources: What the function finds in ``context.resources``.
        op_config: Plain data or a `Config`; also what a config parameter gets that is left out.
        config: Another name of *op_config*.
        partition_key: The partition of the run that there seems to be.
        run_tags: Its tags.
        instance: What ``context.instance`` is; None for one of its own, in memory.

    Raises:
        CheckError: Both *op_config* and *config* are given.
    """
    refuse_unsupported("build_op_context", unsupported, _NOT_YET)
    if op_config is not None and config is not None:
        raise CheckError("build_op_context got both op_config and config, which are the same: keep one")
    given = config if op_config is None else op_config
    return DirectOpContext(**_parts(resources, given, partition_key, run_tags, instance))


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    *,
    partition_key: str | None = None,
    run_tags: Mapping[str, str] | None = None,
    instance: Instance | None = None,
    **unsupported: Any,
) -> DirectAssetContext:
    """Return a context to call an asset with, as in ``my_asset(build_asset_context())``.

    Args:
        resources: What the function finds in ``context.resources``.
        asset_config: Plain data or a `Config`; also what a config parameter gets that is left out.
        partition_key: The partition of the run that there seems to be.
        run_tags: Its tags.
        instance: What ``context.instance`` is; None for one of its own, in memory.
    """
    refuse_unsupported("build_asset_context", unsupported, _NOT_YET)
    return DirectAssetContext(**_parts(resources, asset_config, partition_key, run_tags, instance))


def _parts(
    resources: Mapping[str, Any] | None,
    config: Any,
    partition_key: str | None,
    run_tags: Mapping[str, str] | None,
    instance: Instance | None,
) -> dict[str, Any]:
    tags = str_tags(run_tags)
    if partition_key is not None:
        tags[PARTITION_TAG] = partition_key
    # Not a logger of our own: what a test logs goes where the test's logging goes.
    log = logging.getLogger(__name__.partition(".")[0])
    return {
        "run": DagsterRun(run_id=EPHEMERAL, job_name=EPHEMERAL, status=DagsterRunStatus.STARTED, tags=tags),
        "op_name": EPHEMERAL,
        "op_config": config.to_builtins() if isinstance(config, Config) else config,
        "log": log,
        "instance": host().new_instance() if instance is None else instance,
        "resources": Resources(ResourceScope(dict(resources or {}), log)),
    }
