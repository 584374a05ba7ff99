"""Ops: functions that are the steps of jobs."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, overload

from .composition import current_composition
from .errors import DagsterInvalidDefinitionError
from .names import check_name, name_or_own, refuse_unsupported
from .outputs import In, Out, checked_outs, nothing_inputs
from .results import str_tags
from .retries import RetryPolicy, check_policy
from .step_function import StepFunction

_NOT_YET = ("pool", "version")


class OpDefinition:
    """A function that is a step of jobs; called outside of a job it runs as plain Python.

    Attributes:
        name: Name of the step, and its place in the run config.
        function: How the function wants to be called.
        description: For people.
        tags: Labels, text to text.
        code_version: Changes when the user says that the code's meaning did.
        retry_policy: How often and when the step is tried again; None if only as its job says.
        outs: The outputs by name, in order.
        nothing_inputs: Names of the inputs without a value, which no parameter takes.
    """

    def __init__(
        self,
        name: str,
        function: StepFunction,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        code_version: str | None = None,
        *,
        retry_policy: RetryPolicy | None = None,
        out: Out | Mapping[str, Out] | None = None,
        ins: Mapping[str, In] | None = None,
    ) -> None:
        what = f"op {name!r}"
        self.name = check_name(name, "op")
        self.function = function
        self.description = description
        self.tags = str_tags(tags)
        self.code_version = code_version
        self.retry_policy = check_policy(retry_policy, what)
        self.outs = checked_outs(out, what)
        self.nothing_inputs = nothing_inputs(ins, function.inputs, what)

    def alias(self, name: str) -> OpDefinition:
        """Return the op under another name, to be called in a job."""
        renamed = copy.copy(self)
        renamed.name = check_name(name, "op")
        return renamed

    def with_retry_policy(self, retry_policy: RetryPolicy) -> OpDefinition:
        """Return the op with another retry policy, to be called in a job."""
        retried = copy.copy(self)
        retried.retry_policy = check_policy(retry_policy, f"op {self.name!r}")
        return retried

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Become a node of the job whose body is running, or run the function."""
        composition = current_composition()
        if composition is not None:
            return composition.add(self, args, kwargs)
        return self.function.call_directly(
            f"op {self.name!r}", args, kwargs, name=self.name, outputs=list(self.outs), assets={}
        )

    def __repr__(self) -> str:
        return f"OpDefinition({self.name!r})"


@overload
def op(fn: Callable[..., Any], /) -> OpDefinition: ...


@overload
def op(
    *,
    name: str | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, str] | None = None,
    code_version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    out: Out | Mapping[str, Out] | None = None,
    ins: Mapping[str, In] | None = None,
    **unsupported: Any,
) -> Callable[[Callable[..., Any]], OpDefinition]: ...


def op(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, str] | None = None,
    code_version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    out: Out | Mapping[str, Out] | None = None,
    ins: Mapping[str, In] | None = None,
    **unsupported: Any,
) -> Any:
    """Make an op of a function; its parameters are context, config and upstream values.

    Args:
        name: The function's name if None.
        config_schema: Key by key what ``context.op_config`` holds; a `Config` parameter says more.
        retry_policy: How often and when the function is tried again in the same run.
        out: The outputs, by name if there are several; one named ``result`` if None.
        ins: What is told about inputs; `In(Nothing)` adds one that no parameter takes.
        required_resource_keys: Resources that the function finds in ``context.resources``.

    Raises:
        DagsterInvalidDefinitionError: A parameter is invalid or not supported yet.
    """
    refuse_unsupported("@op", unsupported, _NOT_YET)
    if fn is not None and not callable(fn):
        raise DagsterInvalidDefinitionError(f"@op got {fn!r} for its function: parameters are given by name")

    def decorate(fn: Callable[..., Any]) -> OpDefinition:
        op_name = name_or_own(name, fn)
        function = StepFunction.of(fn, f"op {op_name!r}", config_schema, required_resource_keys)
        return OpDefinition(
            op_name,
            function,
            description or inspect.getdoc(fn),
            tags,
            code_version,
            retry_policy=retry_policy,
            out=out,
            ins=ins,
        )

    return decorate if fn is None else decorate(fn)
