"""What a step's function returned or yielded, sorted into the step's value and asset events."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from ..authoring.assets import AssetsDefinition
from ..authoring.composition import Node
from ..authoring.errors import DagsterInvariantViolationError
from ..authoring.execution_context import OpExecutionContext
from ..authoring.metadata import MetadataValue
from ..authoring.partitions import PARTITION_TAG
from ..authoring.results import AssetEvent, AssetMaterialization, MaterializeResult, Output

#: Takes an asset event as it happens.
Record = Callable[[AssetEvent], None]


class StepResult:
    """Collects what one step produces; asset events leave at once.

    Attributes:
        value: What is handed to the steps downstream.
    """

    def __init__(self, node: Node, context: OpExecutionContext, record: Record) -> None:
        self.value: Any = None
        self._node, self._context, self._record = node, context, record
        self._ended = False

    def take(self, returned: Any) -> None:
        """Take what the function returned; a generator is run to its end.

        Raises:
            DagsterInvariantViolationError: It is, or yields, what a step may not produce.
        """
        if not isinstance(returned, Generator):
            self._take_returned(returned)
            return
        last = yield_all(returned, self._take_yielded)
        if last is not None:
            self._take_yielded(last)
        if not self._ended:
            raise DagsterInvariantViolationError(
                f"{self._what} yielded no result: yield "
                f"{'a MaterializeResult or an Output' if self._node.asset else 'an Output'}, "
                "Output(None) if there is no value"
            )

    @property
    def _what(self) -> str:
        return f"step {self._node.name!r}"

    def _take_returned(self, returned: Any) -> None:
        if isinstance(returned, AssetEvent):
            raise DagsterInvariantViolationError(
                f"{self._what} returned an {type(returned).__name__}: yield it, or give it to context.log_event()"
            )
        match returned:
            case MaterializeResult() | Output():
                self._end(returned)
            case _:
                self._end(Output(returned))

    def _take_yielded(self, item: Any) -> None:
        match item:
            case AssetEvent():
                self._record(item)
            case MaterializeResult() | Output():
                self._end(item)
            case _:
                raise DagsterInvariantViolationError(
                    f"{self._what} yielded {item!r} ({type(item).__name__}): yield an Output, a "
                    "MaterializeResult, an AssetMaterialization or an AssetObservation"
                )

    def _end(self, result: MaterializeResult[Any] | Output[Any]) -> None:
        if self._ended:
            raise DagsterInvariantViolationError(
                f"{self._what} produced more than one result, it has one output"
            )
        self._ended = True
        self.value = result.value
        asset = self._node.asset
        if asset is not None:
            self._materialized(asset, result)
        elif isinstance(result, MaterializeResult):
            raise DagsterInvariantViolationError(
                f"{self._what} is an op and produced a MaterializeResult, which is for assets: "
                "return an Output, and give an AssetMaterialization to context.log_event()"
            )

    def _materialized(self, asset: AssetsDefinition, result: MaterializeResult[Any] | Output[Any]) -> None:
        key = asset.key
        named = result.asset_key if isinstance(result, MaterializeResult) else None
        if named is not None and named != key:
            raise DagsterInvariantViolationError(
                f"{self._what} makes the asset {key.to_user_string()!r}, "
                f"its MaterializeResult names {named.to_user_string()!r}"
            )
        noted: Mapping[str, MetadataValue] = {**self._context.output_metadata, **result.metadata}
        partitioned = asset.partitions_def is not None and self._context.has_partition_key
        self._record(
            AssetMaterialization(
                key,
                metadata=noted,
                partition=self._context.run_tags[PARTITION_TAG] if partitioned else None,
                tags=result.tags,
            )
        )


def yield_all(items: Generator[Any, Any, Any], take: Callable[[Any], None]) -> Any:
    """Hand every item to *take*; return what the generator returned."""
    while True:
        try:
            item = next(items)
        except StopIteration as end:
            return end.value
        take(item)
