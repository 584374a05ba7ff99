"""The graph of assets: who is made from whom."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from .asset_key import AssetKey
from .assets import AssetsDefinition
from .errors import DagsterInvalidDefinitionError


class AssetGraph:
    """Assets with unique keys and what each is made from; without cycles.

    Attributes:
        by_key: The assets, each after those it is made from.
    """

    def __init__(self, assets: Iterable[AssetsDefinition]) -> None:
        """Put the assets in order.

        Raises:
            DagsterInvalidDefinitionError: A key is there twice, or the assets form a cycle.
        """
        found = _unique(assets)
        self._inputs = {
            key: {name: _resolved(asset, wanted, found) for name, wanted in asset.input_keys.items()}
            for key, asset in found.items()
        }
        self._deps = {
            key: tuple(_resolved(asset, wanted, found) for wanted in asset.deps)
            for key, asset in found.items()
        }
        self.by_key = {key: found[key] for key in self._order(found)}
        self._downstream: dict[AssetKey, list[AssetKey]] = {key: [] for key in self.by_key}
        for key in self.by_key:
            for parent in self.upstream(key):
                self._downstream[parent].append(key)

    @property
    def keys(self) -> frozenset[AssetKey]:
        """All keys."""
        return frozenset(self.by_key)

    def inputs(self, key: AssetKey) -> dict[str, AssetKey]:
        """Return, for each parameter of the asset that takes a value, the asset that it comes from."""
        return self._inputs[key]

    def deps(self, key: AssetKey) -> tuple[AssetKey, ...]:
        """Return the assets named in the asset's ``deps``."""
        return self._deps[key]

    def upstream(self, key: AssetKey) -> list[AssetKey]:
        """Return the assets of the graph that the asset is made from, directly."""
        parents = dict.fromkeys((*self._inputs[key].values(), *self._deps[key]))
        return [parent for parent in parents if parent in self._inputs]

    def downstream(self, key: AssetKey) -> list[AssetKey]:
        """Return the assets that are made from the asset, directly."""
        return self._downstream[key]

    def _order(self, found: dict[AssetKey, AssetsDefinition]) -> list[AssetKey]:
        sorter: TopologicalSorter[AssetKey] = TopologicalSorter()
        for key in found:
            sorter.add(key, *self.upstream(key))
        try:
            return list(sorter.static_order())
        except CycleError as error:
            circle = " -> ".join(key.to_user_string() for key in error.args[1])
            raise DagsterInvalidDefinitionError(
                f"assets are made from each other in a circle: {circle}"
            ) from error


def _unique(assets: Iterable[AssetsDefinition]) -> dict[AssetKey, AssetsDefinition]:
    found: dict[AssetKey, AssetsDefinition] = {}
    steps: dict[str, AssetKey] = {}
    for asset in assets:
        if found.setdefault(asset.key, asset) is not asset:
            raise DagsterInvalidDefinitionError(
                f"Duplicate asset key {asset.key.to_user_string()!r}: give each asset a key of its own"
            )
        other = steps.setdefault(asset.op.name, asset.key)
        if other != asset.key:
            raise DagsterInvalidDefinitionError(
                f"the assets {other.to_user_string()!r} and {asset.key.to_user_string()!r} would both be "
                f"made by a step named {asset.op.name!r}: rename one"
            )
    return found


def _resolved(asset: AssetsDefinition, wanted: AssetKey, found: dict[AssetKey, AssetsDefinition]) -> AssetKey:
    """Return the key that is meant: *wanted*, or the one asset of the same group with that last part."""
    if wanted in found or len(wanted.parts) > 1:
        return wanted
    similar = [
        key
        for key, other in found.items()
        if key.parts[-1] == wanted.parts[0] and other.group_name == asset.group_name and other is not asset
    ]
    return similar[0] if len(similar) == 1 else wanted
