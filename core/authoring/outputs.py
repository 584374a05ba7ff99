"""What a step takes and gives: inputs and outputs by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import CheckError, DagsterInvalidDefinitionError
from .metadata import normalize_metadata
from .names import check_name, refuse_unsupported

#: Name of the output of a step that has one and did not name it.
RESULT = "result"

_OUT_NOT_YET = ("io_manager_key",)
_IN_NOT_YET = ("default_value", "asset_key", "asset_partitions", "input_manager_key")


class Nothing:
    """In place of a type: an input or output without a value, which only says what comes first."""


class Out:
    """One output of an op.

    Attributes:
        dagster_type: `Nothing` for an output without a value; any other type is not checked.
        description: For people.
        is_required: Whether a step that ends well without it fails.
        metadata: By name.
        code_version: Changes when the user says that the code's meaning did.
    """

    def __init__(
        self,
        dagster_type: Any = None,
        description: str | None = None,
        is_required: bool = True,
        *,
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
        **unsupported: Any,
    ) -> None:
        refuse_unsupported("Out", unsupported, _OUT_NOT_YET)
        self.dagster_type = dagster_type
        self.description = description
        self.is_required = is_required
        self.metadata = normalize_metadata(metadata)
        self.code_version = code_version

    @property
    def is_nothing(self) -> bool:
        """Whether the output has no value."""
        return self.dagster_type is Nothing

    def __repr__(self) -> str:
        return f"Out(is_required={self.is_required!r})"


class In:
    """One input of an op.

    Attributes:
        dagster_type: `Nothing` for an input that no parameter takes; any other type is not checked.
        description: For people.
        metadata: By name.
    """

    def __init__(
        self,
        dagster_type: Any = None,
        description: str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        **unsupported: Any,
    ) -> None:
        refuse_unsupported("In", unsupported, _IN_NOT_YET)
        self.dagster_type = dagster_type
        self.description = description
        self.metadata = normalize_metadata(metadata)

    @property
    def is_nothing(self) -> bool:
        """Whether the input has no value."""
        return self.dagster_type is Nothing

    def __repr__(self) -> str:
        return f"In({'Nothing' if self.is_nothing else ''})"


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """One output of a step of a job: what calling an op in a job's body returns, to be passed on.

    Attributes:
        node: Name of the step.
        output: Name of the output.
    """

    node: str
    output: str = RESULT

    def __iter__(self) -> Any:
        raise DagsterInvalidDefinitionError(
            f"the output {self.output!r} of {self.node!r} cannot be taken apart: the values exist only when "
            "the job runs; an op with several outputs declares them with out={...}"
        )


def checked_outs(out: Any, what: str) -> dict[str, Out]:
    """Return the outputs by name that the parameter ``out`` stands for; one, ``result``, for None.

    Raises:
        CheckError: *out* is neither an `Out` nor a mapping of them.
        DagsterInvalidDefinitionError: There is none, or a name is invalid.
    """
    if out is None or isinstance(out, Out):
        return {RESULT: out or Out()}
    if not isinstance(out, Mapping) or not all(isinstance(one, Out) for one in out.values()):
        raise CheckError(f"out of {what} must be an Out or a dict of them by name, got {out!r}")
    if not out:
        raise DagsterInvalidDefinitionError(f"out of {what} is empty: leave it out, or name an output")
    return {check_output_name(name): one for name, one in out.items()}


def check_output_name(name: str) -> str:
    """Return *name*.

    Raises:
        DagsterInvalidDefinitionError: It is no valid name of an output.
    """
    return name if name == RESULT else check_name(name, "output")


def nothing_inputs(ins: Any, function_inputs: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Return the names of the inputs in *ins* that have no value.

    Raises:
        CheckError: *ins* is no mapping of `In`.
        DagsterInvalidDefinitionError: An input with a value has no parameter, or one without has one.
    """
    if ins is None:
        return ()
    if not isinstance(ins, Mapping) or not all(isinstance(one, In) for one in ins.values()):
        raise CheckError(f"ins of {what} must be a dict of In by name, got {ins!r}")
    for name, one in ins.items():
        if one.is_nothing and name in function_inputs:
            raise DagsterInvalidDefinitionError(
                f"{what}: the input {name!r} is Nothing, so its function cannot have it as a parameter"
            )
        if not one.is_nothing and name not in function_inputs:
            raise DagsterInvalidDefinitionError(
                f"{what}: the input {name!r} is no parameter of its function, which has "
                f"{', '.join(function_inputs) or 'none'}; use In(Nothing) for one without a value"
            )
    return tuple(check_name(name, "input") for name, one in ins.items() if one.is_nothing)
