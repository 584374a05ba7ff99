"""What a step's function returned or yielded, sorted into the values of its outputs and asset events."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from ..authoring.asset_key import AssetKey
from ..authoring.composition import Node
from ..authoring.errors import DagsterInvariantViolationError
from ..authoring.execution_context import OpExecutionContext
from ..authoring.metadata import MetadataValue
from ..authoring.partitions import made_partition
from ..authoring.results import AssetEvent, AssetMaterialization, MaterializeResult, Output

#: Takes an asset event as it happens.
Record = Callable[[AssetEvent], None]

#: Takes the value of an asset before it is told that the asset was made.
Keep = Callable[[AssetKey, Any], None]


class StepResult:
    """Collects what one attempt at a step produces; asset events leave at once.

    Attributes:
        values: What is handed to the steps downstream, by output.
    """

    def __init__(self, node: Node, context: OpExecutionContext, record: Record, keep: Keep) -> None:
        self.values: dict[str, Any] = {}
        self._node, self._context, self._record, self._keep = node, context, record, keep
        self._outs = node.op.outs
        self._keys = {} if node.asset is None else node.asset.keys_by_output_name

    def take(self, returned: Any) -> None:
        """Take what the function returned; a generator is run to its end.

        Raises:
            DagsterInvariantViolationError: It is, or yields, what a step may not produce, or an
                output is missing.
        """
        if isinstance(returned, Generator):
            last = yield_all(returned, self._take_yielded)
            if last is not None:
                self._take_yielded(last)
        else:
            self._take_returned(returned)
        self._complete()

    @property
    def _what(self) -> str:
        return f"step {self._node.name!r}"

    @property
    def _names(self) -> str:
        return ", ".join(self._outs)

    def _take_returned(self, returned: Any) -> None:
        if len(self._outs) == 1 or isinstance(returned, (Output, MaterializeResult, AssetEvent)):
            self._take_one(returned, next(iter(self._outs)))
        elif isinstance(returned, tuple):
            if len(returned) != len(self._outs):
                raise DagsterInvariantViolationError(
                    f"{self._what} returned {len(returned)} values, it has the outputs {self._names}: "
                    "return one for each, or yield an Output for each that there is"
                )
            for item, name in zip(returned, self._outs, strict=True):
                self._take_one(item, name)
        elif returned is not None or not self._may_be_silent():
            raise DagsterInvariantViolationError(
                f"{self._what} returned {returned!r} ({type(returned).__name__}), it has the outputs "
                f"{self._names}: return a tuple with one value for each, or yield an Output for each"
            )

    def _take_one(self, item: Any, output: str) -> None:
        """Take what was returned for one output."""
        if isinstance(item, AssetEvent):
            raise DagsterInvariantViolationError(
                f"{self._what} returned an {type(item).__name__}: yield it, or give it to context.log_event()"
            )
        match item:
            case Output() if len(self._outs) > 1 and item.output_name == "result" != output:
                # An Output in a tuple need not repeat the name of its place.
                self._end(item, output)
            case MaterializeResult() | Output():
                self._end(item, self._output_of(item))
            case _:
                self._end(Output(item, output), output)

    def _take_yielded(self, item: Any) -> None:
        match item:
            case AssetEvent():
                self._record(item)
            case MaterializeResult() | Output():
                self._end(item, self._output_of(item))
            case _:
                raise DagsterInvariantViolationError(
                    f"{self._what} yielded {item!r} ({type(item).__name__}): yield an Output, a "
                    "MaterializeResult, an AssetMaterialization or an AssetObservation"
                )

    def _output_of(self, result: MaterializeResult[Any] | Output[Any]) -> str:
        """Return the output that a result is for."""
        if isinstance(result, Output):
            if result.output_name not in self._outs:
                raise DagsterInvariantViolationError(
                    f"{self._what} produced an Output {result.output_name!r}, its outputs are: {self._names}"
                )
            return result.output_name
        if not self._keys:
            raise DagsterInvariantViolationError(
                f"{self._what} is an op and produced a MaterializeResult, which is for assets: "
                "return an Output, and give an AssetMaterialization to context.log_event()"
            )
        made = ", ".join(repr(key.to_user_string()) for key in self._keys.values())
        named = result.asset_key
        if named is None:
            if len(self._keys) == 1:
                return next(iter(self._keys))
            raise DagsterInvariantViolationError(
                f"{self._what} makes the assets {made}: say which one in MaterializeResult(asset_key=...)"
            )
        for output, key in self._keys.items():
            if key == named:
                return output
        noun = "asset" if len(self._keys) == 1 else "assets"
        raise DagsterInvariantViolationError(
            f"{self._what} makes the {noun} {made}, its MaterializeResult names {named.to_user_string()!r}"
        )

    def _end(self, result: MaterializeResult[Any] | Output[Any], output: str) -> None:
        if output in self.values:
            has = "it has one output" if len(self._outs) == 1 else f"for the output {output!r}"
            raise DagsterInvariantViolationError(f"{self._what} produced more than one result, {has}")
        self.values[output] = result.value
        if output in self._keys:
            self._keep(self._keys[output], result.value)
            self._materialized(output, result)

    def _materialized(self, output: str, result: MaterializeResult[Any] | Output[Any]) -> None:
        noted: Mapping[str, MetadataValue] = {**self._context.output_metadata(output), **result.metadata}
        partitions = None if self._node.asset is None else self._node.asset.partitions_def
        self._record(
            AssetMaterialization(
                self._keys[output],
                metadata=noted,
                partition=made_partition(partitions, self._context.run_tags),
                tags=result.tags,
            )
        )

    def _may_be_silent(self) -> bool:
        return all(out.is_nothing for out in self._outs.values())

    def _complete(self) -> None:
        """Add the outputs that need not be told of; refuse to go without one that does."""
        for name, out in self._outs.items():
            if name in self.values or not out.is_required:
                continue
            if not out.is_nothing:
                result = "a MaterializeResult or an Output" if self._keys else "an Output"
                if len(self._outs) == 1:
                    raise DagsterInvariantViolationError(
                        f"{self._what} yielded no result: yield {result}, Output(None) if there is no value"
                    )
                raise DagsterInvariantViolationError(
                    f"{self._what} produced nothing for its output {name!r}: yield {result} for it, or declare "
                    "that it is not required"
                )
            self._end(Output(None, name), name)


def yield_all(items: Generator[Any, Any, Any], take: Callable[[Any], None]) -> Any:
    """Hand every item to *take*; return what the generator returned."""
    while True:
        try:
            item = next(items)
        except StopIteration as end:
            return end.value
        take(item)
