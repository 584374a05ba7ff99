"""The body of a job while it runs: every op called in it becomes a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import DagsterInvalidDefinitionError

if TYPE_CHECKING:
    from .assets import AssetsDefinition
    from .ops import OpDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step of a job.

    Attributes:
        name: Unique within the job.
        op: What to run.
        inputs: For each parameter that takes an upstream value: the node that makes it.
        after: Nodes that must have ended well before, without handing over a value.
        asset: The asset that the step makes, None for a plain op.
    """

    name: str
    op: OpDefinition
    inputs: Mapping[str, str]
    after: tuple[str, ...] = ()
    asset: AssetsDefinition | None = None


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """What calling an op in a job's body returns: a promise of its value, to be passed on."""

    node: str

    def __iter__(self) -> Any:
        raise DagsterInvalidDefinitionError(
            f"the output of {self.node!r} cannot be taken apart: several outputs are not supported yet, "
            "the values exist only when the job runs"
        )


class Composition:
    """The nodes of the job whose body is running."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.nodes: dict[str, Node] = {}

    def add(self, op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NodeOutput:
        """Add a call of *op* as a node.

        Raises:
            DagsterInvalidDefinitionError: The arguments are not outputs of ops of this job, or do
                not fit the op's inputs.
        """
        name = self._free_name(op.name)
        inputs = {
            parameter: self._source(name, parameter, value)
            for parameter, value in _bound(op, args, kwargs).items()
        }
        missing = [p for p in op.function.inputs if p not in inputs and p not in op.function.optional]
        if missing:
            raise DagsterInvalidDefinitionError(
                f"job {self.job!r}: op {name!r} needs a value for {', '.join(missing)}, "
                "pass it the output of another op"
            )
        self.nodes[name] = Node(name=name, op=op, inputs=inputs)
        return NodeOutput(name)

    def _free_name(self, name: str) -> str:
        free, number = name, 1
        while free in self.nodes:
            number += 1
            free = f"{name}_{number}"
        return free

    def _source(self, node: str, parameter: str, value: object) -> str:
        if not isinstance(value, NodeOutput) or value.node not in self.nodes:
            raise DagsterInvalidDefinitionError(
                f"job {self.job!r}: op {node!r} got {value!r} for {parameter!r}, it must be the output of an op "
                "called in the same job; fixed values belong into config"
            )
        return value.node


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
    known = op.function.inputs
    unknown = [name for name in kwargs if name not in known]
    twice = [name for name in known[: len(args)] if name in kwargs]
    if len(args) > len(known) or unknown or twice:
        raise DagsterInvalidDefinitionError(
            f"op {op.name!r} takes {', '.join(known) or 'no inputs'}, "
            f"it was called with {len(args)} values and the names {sorted(kwargs)}; "
            "context and config are not passed in a job"
        )
    return dict(zip(known, args, strict=False)) | kwargs
