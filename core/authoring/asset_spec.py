"""What is told about an asset, apart from how it is made."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .asset_key import AssetKey, CoercibleToAssetKey
from .errors import CheckError, DagsterInvalidDefinitionError
from .metadata import normalize_metadata
from .names import check_owners, refuse_unsupported
from .outputs import Out
from .results import str_tags

#: Group of the assets that name none.
DEFAULT_GROUP = "default"

_GROUP = re.compile(r"[A-Za-z0-9_/]+\Z")
_SPEC_NOT_YET = ("automation_condition", "auto_materialize_policy", "freshness_policy", "partitions_def")
_OUT_NOT_YET = (
    "dagster_type",
    "io_manager_key",
    "backfill_policy",
    "automation_condition",
    "auto_materialize_policy",
    "freshness_policy",
)


class HasAssetKeys:
    """Something that stands for one or more assets where assets are asked for.

    Attributes:
        asset_keys: Their keys.
    """

    asset_keys: tuple[AssetKey, ...]


class AssetDep(HasAssetKeys):
    """An asset that comes before another.

    Attributes:
        asset_key: Its key.
    """

    def __init__(self, asset: CoercibleToAssetKey | HasAssetKeys, **unsupported: Any) -> None:
        refuse_unsupported("AssetDep", unsupported, ("partition_mapping",))
        keys = keys_of(asset)
        if len(keys) != 1:
            names = ", ".join(key.to_user_string() for key in keys)
            raise DagsterInvalidDefinitionError(f"an AssetDep is one asset, got {names}: name one by its key")
        self.asset_keys = keys
        self.asset_key = keys[0]

    def __eq__(self, other: object) -> bool:
        return self.asset_key == other.asset_key if isinstance(other, AssetDep) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.asset_key)

    def __repr__(self) -> str:
        return f"AssetDep({self.asset_key.to_user_string()!r})"


CoercibleToAssetDep: TypeAlias = "CoercibleToAssetKey | HasAssetKeys"


class AssetSpec(HasAssetKeys):
    """An asset without its function: one of several that a function makes, or one made elsewhere.

    Attributes:
        key: The asset's name.
        deps: The assets that come before.
        description: For people.
        metadata: By name.
        skippable: Whether the function may leave the asset out.
        group_name: Group of the asset.
        code_version: Changes when the user says that the code's meaning did.
        owners: E-mail addresses and teams.
        tags: Labels, text to text; kinds are among them.
    """

    def __init__(
        self,
        key: CoercibleToAssetKey,
        *,
        deps: Iterable[CoercibleToAssetDep] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        **unsupported: Any,
    ) -> None:
        refuse_unsupported("AssetSpec", unsupported, _SPEC_NOT_YET)
        self.key = AssetKey.from_coercible(key)
        what = f"asset {self.key.to_user_string()!r}"
        self.asset_keys = (self.key,)
        self.deps = tuple(AssetDep(dep) for dep in dict.fromkeys(dep_keys(deps)))
        self.description = description
        self.metadata = normalize_metadata(metadata)
        self.skippable = skippable
        self.group_name = _checked_group(group_name, what)
        self.code_version = code_version
        self.owners = check_owners(owners, what)
        self.tags = {**str_tags(tags), **kind_tags(kinds)}

    @property
    def dep_keys(self) -> tuple[AssetKey, ...]:
        """The keys of `deps`."""
        return tuple(dep.asset_key for dep in self.deps)

    def renamed(self, keys: Mapping[AssetKey, AssetKey]) -> AssetSpec:
        """Return a copy in which each key of *keys*, the own one and those before, is the one it maps to."""
        made = copy.copy(self)
        made.key = keys.get(self.key, self.key)
        made.asset_keys = (made.key,)
        made.deps = tuple(AssetDep(keys.get(key, key)) for key in self.dep_keys)
        return made

    def in_group(self, group_name: str) -> AssetSpec:
        """Return a copy in that group.

        Raises:
            DagsterInvalidDefinitionError: The asset is in another one, or the name is not valid.
        """
        made = copy.copy(self)
        what = f"asset {self.key.to_user_string()!r}"
        made.group_name = _checked_group(group_name, what)
        if self.group_name not in (DEFAULT_GROUP, group_name):
            raise DagsterInvalidDefinitionError(
                f"{what} has group name {self.group_name}, which conflicts with the group name {group_name} "
                "that all of them are to have: leave one out"
            )
        return made

    def __repr__(self) -> str:
        return f"AssetSpec({self.key.to_user_string()!r})"


class AssetOut:
    """One of the assets that a function makes, under the name of its output.

    Attributes:
        is_required: Whether a step that ends well without it fails.
    """

    def __init__(
        self,
        key_prefix: str | Sequence[str] | None = None,
        key: CoercibleToAssetKey | None = None,
        *,
        description: str | None = None,
        is_required: bool = True,
        metadata: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        code_version: str | None = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        **unsupported: Any,
    ) -> None:
        refuse_unsupported("AssetOut", unsupported, _OUT_NOT_YET)
        if key is not None and key_prefix is not None:
            raise DagsterInvalidDefinitionError("AssetOut: give either key or key_prefix")
        self.is_required = is_required
        self._key, self._prefix = key, key_prefix
        self._facts: dict[str, Any] = {
            "description": description,
            "metadata": metadata,
            "group_name": group_name,
            "code_version": code_version,
            "owners": owners,
            "tags": tags,
            "kinds": kinds,
        }

    def as_out(self) -> Out:
        """Return the output of the function."""
        return Out(is_required=self.is_required, description=self._facts["description"])

    def as_spec(self, output: str, deps: Iterable[AssetKey], group_name: str | None) -> AssetSpec:
        """Return the asset.

        Args:
            output: Name of the output, the last part of the key unless a key was given.
            group_name: Group of an asset that names none.
        """
        key = AssetKey(output) if self._key is None else AssetKey.from_coercible(self._key)
        if self._prefix is not None:
            key = key.with_prefix(self._prefix)
        facts = dict(self._facts)
        if facts["group_name"] is None:
            facts["group_name"] = group_name
        return AssetSpec(key, deps=deps, skippable=not self.is_required, **facts)


def _checked_group(name: str | None, what: str) -> str:
    if name is None:
        return DEFAULT_GROUP
    if not isinstance(name, str) or not _GROUP.match(name):
        raise DagsterInvalidDefinitionError(f"{name!r} is not a valid group name for {what}")
    return name


def keys_of(value: CoercibleToAssetKey | HasAssetKeys) -> tuple[AssetKey, ...]:
    """Return the keys of the assets that *value* stands for."""
    return value.asset_keys if isinstance(value, HasAssetKeys) else (AssetKey.from_coercible(value),)


def dep_keys(deps: Iterable[CoercibleToAssetDep] | None) -> list[AssetKey]:
    """Return the keys that *deps* stand for.

    Raises:
        DagsterInvalidDefinitionError: *deps* is a single thing instead of a list.
    """
    if isinstance(deps, (str, AssetKey, HasAssetKeys)):
        raise DagsterInvalidDefinitionError(f"deps must be a list of assets or asset keys, got {deps!r}")
    return [key for dep in deps or () for key in keys_of(dep)]


def kind_tags(kinds: Iterable[str] | None) -> dict[str, str]:
    """Return the tags that stand for *kinds*.

    Raises:
        DagsterInvalidDefinitionError: There are more than three.
    """
    words = [kinds] if isinstance(kinds, str) else list(kinds or ())
    if len(words) > 3:
        raise DagsterInvalidDefinitionError(f"an asset has at most three kinds, got {words!r}")
    return {f"dagster/kind/{word}": "" for word in words}


def check_specs(specs: Any, what: str) -> list[AssetSpec]:
    """Return *specs* as a list.

    Raises:
        CheckError: They are no list of `AssetSpec`.
        DagsterInvalidDefinitionError: There is none.
    """
    if isinstance(specs, (str, Mapping, AssetSpec)) or not isinstance(specs, Iterable):
        raise CheckError(f"specs of {what} must be a list of AssetSpec, got {specs!r}")
    found = list(specs)
    wrong = [spec for spec in found if not isinstance(spec, AssetSpec)]
    if wrong:
        raise CheckError(f"specs of {what} must be a list of AssetSpec, it has {wrong[0]!r}")
    if not found:
        raise DagsterInvalidDefinitionError(f"specs of {what} is empty: name at least one asset")
    return found
