"""The body of a job while it runs: every op called in it becomes a node."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .asset_key import AssetKey
from .errors import DagsterInvalidDefinitionError
from .outputs import NodeOutput

if TYPE_CHECKING:
    from .assets import AssetsDefinition
    from .ops import OpDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step of a job.

    Attributes:
        name: Unique within the job.
        op: What to run.
        inputs: For each parameter that takes an upstream value: the output that it is.
        input_keys: For each parameter of an asset that takes an upstream value: the asset that it is.
        after: Outputs that must have been made before, without handing over a value.
        asset: The assets that the step makes, None for a plain op.
    """

    name: str
    op: OpDefinition
    inputs: Mapping[str, NodeOutput]
    after: tuple[NodeOutput, ...] = ()
    asset: AssetsDefinition | None = None
    input_keys: Mapping[str, AssetKey] = field(default_factory=dict)


class Composition:
    """The nodes of the job whose body is running."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.nodes: dict[str, Node] = {}

    def add(self, op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Add a call of *op* as a node.

        Returns:
            Its `NodeOutput`; a named tuple of them if the op has several outputs.

        Raises:
            DagsterInvalidDefinitionError: The arguments are not outputs of ops of this job, or do
                not fit the op's inputs.
        """
        name = self._free_name(op.name)
        bound = _bound(op, args, kwargs)
        after = [
            self._source(name, nothing, one)
            for nothing in op.nothing_inputs
            for one in _each(bound.pop(nothing, ()))
        ]
        inputs = {parameter: self._source(name, parameter, value) for parameter, value in bound.items()}
        missing = [p for p in op.function.inputs if p not in inputs and p not in op.function.optional]
        if missing:
            raise DagsterInvalidDefinitionError(
                f"job {self.job!r}: op {name!r} needs a value for {', '.join(missing)}, "
                "pass it the output of another op"
            )
        self.nodes[name] = Node(name=name, op=op, inputs=inputs, after=tuple(after))
        outputs = [NodeOutput(name, output) for output in op.outs]
        if len(outputs) == 1:
            return outputs[0]
        # Names that a named tuple cannot have become _0, _1 ...
        return namedtuple(f"{op.name}_outputs", list(op.outs), rename=True)(*outputs)

    def _free_name(self, name: str) -> str:
        free, number = name, 1
        while free in self.nodes:
            number += 1
            free = f"{name}_{number}"
        return free

    def _source(self, node: str, parameter: str, value: object) -> NodeOutput:
        if not isinstance(value, NodeOutput) or value.node not in self.nodes:
            raise DagsterInvalidDefinitionError(
                f"job {self.job!r}: op {node!r} got {value!r} for {parameter!r}, it must be the output of an op "
                "called in the same job; fixed values belong into config"
            )
        return value


_current: ContextVar[Composition | None] = ContextVar("composition", default=None)


def current_composition() -> Composition | None:
    """Return the job whose body is running, None outside of any."""
    return _current.get()


def compose(job: str, body: Callable[[], Any]) -> tuple[Node, ...]:
    """Run the body of *job* and return its nodes, each after those it depends on."""
    composition = Composition(job)
    token = _current.set(composition)
    try:
        body()
    finally:
        _current.reset(token)
    return tuple(composition.nodes.values())


def _bound(op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    known = (*op.function.inputs, *op.nothing_inputs)
    unknown = [name for name in kwargs if name not in known]
    twice = [name for name in known[: len(args)] if name in kwargs]
    if len(args) > len(known) or unknown or twice:
        raise DagsterInvalidDefinitionError(
            f"op {op.name!r} takes {', '.join(known) or 'no inputs'}, "
            f"it was called with {len(args)} values and the names {sorted(kwargs)}; "
            "context and config are not passed in a job"
        )
    return dict(zip(known, args, strict=False)) | kwargs


def _each(value: object) -> tuple[object, ...]:
    """Return what is passed for an input without a value: one output, or several."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
