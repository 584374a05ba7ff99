"""Assets: things that exist outside, each with the function that makes it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, Union, overload

from .asset_key import AssetKey, CoercibleToAssetKey
from .composition import current_composition
from .errors import DagsterInvalidDefinitionError
from .metadata import normalize_metadata
from .names import check_name, check_owners, name_or_own, refuse_unsupported
from .ops import OpDefinition
from .results import str_tags
from .step_function import StepFunction

#: Group of the assets that name none.
DEFAULT_GROUP = "default"

CoercibleToAssetDep: TypeAlias = Union[CoercibleToAssetKey, "AssetsDefinition"]

_GROUP = re.compile(r"[A-Za-z0-9_/]+\Z")
_NOT_YET = (
    "ins",
    "resource_defs",
    "hooks",
    "io_manager_def",
    "io_manager_key",
    "dagster_type",
    "partitions_def",
    "output_required",
    "automation_condition",
    "freshness_policy",
    "backfill_policy",
    "retry_policy",
    "check_specs",
    "auto_materialize_policy",
    "pool",
    "op_tags",
    "compute_kind",
)


class AssetsDefinition:
    """An asset: its key, the function that makes it, and the assets it is made from.

    Attributes:
        key: The asset's name.
        op: The function, as a step named by the key.
        deps: Assets that come before, named with ``deps``.
        group_name: Group of the asset.
        description: For people.
        metadata: By name.
        tags: Labels, text to text; kinds are among them.
        owners: E-mail addresses and teams.
    """

    def __init__(
        self,
        key: AssetKey,
        function: StepFunction,
        *,
        deps: Iterable[AssetKey] = (),
        group_name: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        owners: Sequence[str] | None = None,
        code_version: str | None = None,
    ) -> None:
        what = f"asset {key.to_user_string()!r}"
        self.key = key
        self.op = OpDefinition(
            check_name(key.to_python_identifier(), "asset"), function, description, code_version=code_version
        )
        self.deps = tuple(dict.fromkeys(deps))
        self.group_name = DEFAULT_GROUP if group_name is None else group_name
        self.description = description
        self.metadata = normalize_metadata(metadata)
        self.tags = str_tags(tags)
        self.owners = check_owners(owners, what)
        if not isinstance(self.group_name, str) or not _GROUP.match(self.group_name):
            raise DagsterInvalidDefinitionError(f"{group_name!r} is not a valid group name for {what}")
        twice = [name for name in function.inputs if AssetKey(name) in self.deps]
        if twice:
            raise DagsterInvalidDefinitionError(
                f"{what} names {', '.join(twice)} both as a parameter and in deps: keep one"
            )

    @property
    def input_keys(self) -> dict[str, AssetKey]:
        """For each parameter that takes an upstream value: the key it asks for by its name."""
        return {name: AssetKey(name) for name in self.op.function.inputs}

    @property
    def keys(self) -> frozenset[AssetKey]:
        """The assets that this definition makes: one."""
        return frozenset((self.key,))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function as plain Python does, for unit tests."""
        if (composition := current_composition()) is not None:
            raise DagsterInvalidDefinitionError(
                f"asset {self.key.to_user_string()!r} was called in the body of job {composition.job!r}: "
                "only ops are, use define_asset_job for assets"
            )
        return self.op.function.call_directly(f"asset {self.key.to_user_string()!r}", args, kwargs)

    def __repr__(self) -> str:
        return f"AssetsDefinition({self.key.to_user_string()!r})"


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
        function = StepFunction.of(
            fn, f"asset {asset_key.to_user_string()!r}", config_schema, required_resource_keys
        )
        return AssetsDefinition(
            asset_key,
            function,
            deps=dep_keys(deps),
            group_name=group_name,
            description=description or inspect.getdoc(fn),
            metadata=metadata,
            tags={**str_tags(tags), **_kind_tags(kinds)},
            owners=owners,
            code_version=code_version,
        )

    return decorate if fn is None else decorate(fn)


def dep_keys(deps: Iterable[CoercibleToAssetDep] | None) -> list[AssetKey]:
    """Return the keys that *deps* stand for.

    Raises:
        DagsterInvalidDefinitionError: *deps* is a single thing instead of a list.
    """
    if isinstance(deps, (str, AssetKey, AssetsDefinition)):
        raise DagsterInvalidDefinitionError(f"deps must be a list of assets or asset keys, got {deps!r}")
    return [
        dep.key if isinstance(dep, AssetsDefinition) else AssetKey.from_coercible(dep) for dep in deps or ()
    ]


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


def _kind_tags(kinds: Iterable[str] | None) -> dict[str, str]:
    words = [kinds] if isinstance(kinds, str) else list(kinds or ())
    if len(words) > 3:
        raise DagsterInvalidDefinitionError(f"@asset: at most three kinds, got {words!r}")
    return {f"dagster/kind/{word}": "" for word in words}
