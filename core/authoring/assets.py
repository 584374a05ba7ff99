"""Assets: things that exist outside, each with the function that makes it."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, overload

from .asset_key import AssetKey, CoercibleToAssetKey
from .asset_spec import AssetSpec, CoercibleToAssetDep, HasAssetKeys, dep_keys
from .composition import current_composition
from .errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from .metadata import MetadataValue
from .names import check_name, name_or_own, refuse_unsupported
from .ops import OpDefinition
from .outputs import RESULT
from .partitions import PartitionsDefinition, checked_partitions
from .retries import RetryPolicy
from .step_function import StepFunction

_NOT_YET = (
    "ins",
    "resource_defs",
    "hooks",
    "io_manager_def",
    "io_manager_key",
    "dagster_type",
    "output_required",
    "automation_condition",
    "freshness_policy",
    "backfill_policy",
    "check_specs",
    "auto_materialize_policy",
    "pool",
    "op_tags",
    "compute_kind",
)


class AssetsDefinition(HasAssetKeys):
    """Assets that one function makes: usually one.

    Attributes:
        op: The function, as a step.
        specs: What is told about each asset, by the output that makes it.
        partitions_def: The parts they are made in, None if they are made as a whole.
        input_keys: For each parameter that takes an upstream value: the key it asks for, by its name
            unless the assets were renamed.
    """

    def __init__(
        self,
        op: OpDefinition,
        specs: Mapping[str, AssetSpec],
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        """Put a function and its assets together.

        Raises:
            DagsterInvalidDefinitionError: Two of the assets have one key, or an asset before them is
                named twice.
        """
        self.op = op
        self.specs_by_output = dict(specs)
        self.asset_keys = tuple(spec.key for spec in specs.values())
        self.partitions_def = checked_partitions(partitions_def, self.what)
        self.input_keys = {name: AssetKey(name) for name in op.function.inputs}
        if len(self.keys) < len(self.asset_keys):
            raise DagsterInvalidDefinitionError(f"{self.what} makes one of its assets twice")
        deps = {key for spec in specs.values() for key in spec.dep_keys}
        twice = [name for name, key in self.input_keys.items() if key in deps]
        if twice:
            raise DagsterInvalidDefinitionError(
                f"{self.what} names {', '.join(twice)} both as a parameter and in deps: keep one"
            )

    @property
    def what(self) -> str:
        """The assets, for messages."""
        names = ", ".join(key.to_user_string() for key in self.asset_keys)
        return f"asset {names!r}" if len(self.asset_keys) == 1 else f"multi_asset {self.op.name!r} ({names})"

    @property
    def specs(self) -> tuple[AssetSpec, ...]:
        """What is told about each asset."""
        return tuple(self.specs_by_output.values())

    @property
    def keys(self) -> frozenset[AssetKey]:
        """The assets that the function makes."""
        return frozenset(self.asset_keys)

    @property
    def keys_by_output_name(self) -> dict[str, AssetKey]:
        """The assets by the output that makes them."""
        return {output: spec.key for output, spec in self.specs_by_output.items()}

    @property
    def spec(self) -> AssetSpec:
        """What is told about the one asset.

        Raises:
            DagsterInvariantViolationError: There are several.
        """
        if len(self.specs) != 1:
            raise DagsterInvariantViolationError(
                f"{self.what} makes several assets, it has no single key: use keys and specs"
            )
        return self.specs[0]

    @property
    def key(self) -> AssetKey:
        """The name of the one asset."""
        return self.spec.key

    @property
    def deps(self) -> tuple[AssetKey, ...]:
        """The assets that come before and whose values are not handed over."""
        return tuple(dict.fromkeys(key for spec in self.specs for key in spec.dep_keys))

    @property
    def group_name(self) -> str:
        """Group of the one asset."""
        return self.spec.group_name

    @property
    def description(self) -> str | None:
        """The one asset, for people."""
        return self.spec.description

    @property
    def metadata(self) -> Mapping[str, MetadataValue]:
        """Of the one asset, by name."""
        return self.spec.metadata

    @property
    def tags(self) -> Mapping[str, str]:
        """Labels of the one asset, text to text; kinds are among them."""
        return self.spec.tags

    @property
    def owners(self) -> tuple[str, ...]:
        """E-mail addresses and teams of the one asset."""
        return self.spec.owners

    def renamed(self, keys: Mapping[AssetKey, AssetKey]) -> AssetsDefinition:
        """Return a copy in which each key of *keys*, own or upstream, is the one it maps to.

        The step keeps its name, and so does its place in the run config.
        """
        made = self._with_specs(lambda spec: spec.renamed(keys))
        made.input_keys = {name: keys.get(key, key) for name, key in self.input_keys.items()}
        return made

    def in_group(self, group_name: str) -> AssetsDefinition:
        """Return a copy whose assets are in that group.

        Raises:
            DagsterInvalidDefinitionError: One is in another group, or the name is not valid.
        """
        return self._with_specs(lambda spec: spec.in_group(group_name))

    def _with_specs(self, change: Callable[[AssetSpec], AssetSpec]) -> AssetsDefinition:
        made = copy.copy(self)
        made.specs_by_output = {output: change(spec) for output, spec in self.specs_by_output.items()}
        made.asset_keys = tuple(spec.key for spec in made.specs)
        return made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function as plain Python does, for unit tests."""
        if (composition := current_composition()) is not None:
            raise DagsterInvalidDefinitionError(
                f"{self.what} was called in the body of job {composition.job!r}: "
                "only ops are, use define_asset_job for assets"
            )
        return self.op.function.call_directly(
            self.what,
            args,
            kwargs,
            name=self.op.name,
            outputs=list(self.op.outs),
            assets=self.keys_by_output_name,
        )

    def __repr__(self) -> str:
        return f"AssetsDefinition({', '.join(key.to_user_string() for key in self.asset_keys)!r})"


@overload
def asset(fn: Callable[..., Any], /) -> AssetsDefinition: ...


@overload
def asset(
    *,
    name: str | None = None,
    key: CoercibleToAssetKey | None = None,
    key_prefix: str | Sequence[str] | None = None,
    deps: Iterable[CoercibleToAssetDep] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    group_name: str | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    code_version: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    retry_policy: RetryPolicy | None = None,
    **unsupported: Any,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


def asset(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    key: CoercibleToAssetKey | None = None,
    key_prefix: str | Sequence[str] | None = None,
    deps: Iterable[CoercibleToAssetDep] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    group_name: str | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    code_version: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    retry_policy: RetryPolicy | None = None,
    **unsupported: Any,
) -> Any:
    """Make an asset of the function that writes it; its parameters are context, config and upstream values.

    Args:
        name: Last part of the key; the function's name if None.
        key: The whole key, in place of *name* and *key_prefix*.
        deps: Assets that come before and whose values are not handed over.
        config_schema: Key by key what ``context.op_config`` holds; a `Config` parameter says more.
        required_resource_keys: Resources that the function finds in ``context.resources``.
        kinds: Up to three words such as ``"python"``, kept as tags.
        retry_policy: How often and when the function is tried again in the same run.

    Raises:
        DagsterInvalidDefinitionError: A parameter is invalid or not supported yet.
    """
    refuse_unsupported("@asset", unsupported, _NOT_YET)
    if fn is not None and not callable(fn):
        raise DagsterInvalidDefinitionError(
            f"@asset got {fn!r} for its function: parameters are given by name"
        )

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        asset_key = _key(name_or_own(name, fn), key, key_prefix, named=name is not None)
        what = f"asset {asset_key.to_user_string()!r}"
        spec = AssetSpec(
            asset_key,
            deps=dep_keys(deps),
            group_name=group_name,
            description=description or inspect.getdoc(fn),
            metadata=metadata,
            tags=tags,
            kinds=kinds,
            owners=owners,
            code_version=code_version,
        )
        op = OpDefinition(
            check_name(asset_key.to_python_identifier(), "asset"),
            StepFunction.of(fn, what, config_schema, required_resource_keys),
            spec.description,
            code_version=code_version,
            retry_policy=retry_policy,
        )
        return AssetsDefinition(op, {RESULT: spec}, partitions_def)

    return decorate if fn is None else decorate(fn)


def _key(
    name: str,
    key: CoercibleToAssetKey | None,
    key_prefix: str | Sequence[str] | None,
    *,
    named: bool,
) -> AssetKey:
    if key is not None:
        if named or key_prefix is not None:
            raise DagsterInvalidDefinitionError("@asset: give either key, or name and key_prefix")
        return AssetKey.from_coercible(key)
    last = AssetKey(check_name(name, "asset"))
    return last if key_prefix is None else last.with_prefix(key_prefix)
