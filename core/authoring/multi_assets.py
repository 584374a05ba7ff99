"""Functions that make several assets at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .asset_spec import (
    AssetOut,
    AssetSpec,
    CoercibleToAssetDep,
    check_specs,
    dep_keys,
)
from .assets import AssetsDefinition
from .errors import CheckError, DagsterInvalidDefinitionError
from .names import name_or_own, refuse_unsupported
from .ops import OpDefinition
from .outputs import Nothing, Out, check_output_name
from .results import str_tags
from .retries import RetryPolicy
from .step_function import StepFunction

_NOT_YET = (
    "ins",
    "internal_asset_deps",
    "required_resource_keys",
    "resource_defs",
    "hooks",
    "partitions_def",
    "backfill_policy",
    "check_specs",
    "pool",
    "compute_kind",
    "allow_arbitrary_check_specs",
)


def multi_asset(
    *,
    outs: Mapping[str, AssetOut] | None = None,
    specs: Iterable[AssetSpec] | None = None,
    name: str | None = None,
    deps: Iterable[CoercibleToAssetDep] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    group_name: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    code_version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    can_subset: bool = False,
    **unsupported: Any,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of the one function that writes them.

    The function returns or yields a `MaterializeResult` or an `Output` for each. Assets given by
    *specs* need no value: they count as written when the function ends well, unless they are
    skippable.

    Args:
        outs: The assets, by the output that hands over each one's value.
        specs: The assets, in place of *outs*.
        name: Name of the step; the function's name if None.
        deps: With *outs*: assets that come before all of them.
        group_name: Group of the assets that name none.
        retry_policy: How often and when the function is tried again in the same run.
        can_subset: True is refused: all the assets are made together.

    Raises:
        CheckError: A parameter has the wrong type.
        DagsterInvalidDefinitionError: A parameter is invalid or not supported yet.
    """
    refuse_unsupported("@multi_asset", unsupported, _NOT_YET)
    if can_subset:
        raise DagsterInvalidDefinitionError(
            "@multi_asset: can_subset=True is not supported yet, leave it out: all the assets are made together"
        )
    if (outs is None) == (specs is None):
        raise DagsterInvalidDefinitionError("@multi_asset: give either outs or specs")
    if specs is not None and deps is not None:
        raise DagsterInvalidDefinitionError("@multi_asset: with specs, deps belong to each AssetSpec")
    chosen = None if specs is None else check_specs(specs, "@multi_asset")

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        op_name = name_or_own(name, fn)
        if chosen is not None:
            out, by_output = _of_specs(chosen, group_name)
        else:
            out, by_output = _of_outs(outs, dep_keys(deps), group_name)
        op = OpDefinition(
            op_name,
            StepFunction.of(fn, f"multi_asset {op_name!r}", config_schema),
            description or inspect.getdoc(fn),
            str_tags(op_tags),
            code_version,
            retry_policy=retry_policy,
            out=out,
        )
        return AssetsDefinition(op, by_output)

    return decorate


def _of_specs(specs: list[AssetSpec], group_name: str | None) -> tuple[dict[str, Out], dict[str, AssetSpec]]:
    if group_name is not None:
        raise DagsterInvalidDefinitionError("@multi_asset: with specs, group_name belongs to each AssetSpec")
    by_output = {spec.key.to_python_identifier(): spec for spec in specs}
    if len(by_output) < len(specs):
        names = ", ".join(spec.key.to_user_string() for spec in specs)
        raise DagsterInvalidDefinitionError(
            f"two of the assets {names} have one key, or one output: rename one"
        )
    out = {
        check_output_name(output): Out(Nothing, spec.description, is_required=not spec.skippable)
        for output, spec in by_output.items()
    }
    return out, by_output


def _of_outs(
    outs: Any, deps: list[Any], group_name: str | None
) -> tuple[dict[str, Out], dict[str, AssetSpec]]:
    if not isinstance(outs, Mapping) or not all(isinstance(one, AssetOut) for one in outs.values()):
        raise CheckError(f"outs of @multi_asset must be a dict of AssetOut by name, got {outs!r}")
    if not outs:
        raise DagsterInvalidDefinitionError("outs of @multi_asset is empty: name at least one asset")
    out = {check_output_name(name): one.as_out() for name, one in outs.items()}
    return out, {name: one.as_spec(name, deps, group_name) for name, one in outs.items()}
