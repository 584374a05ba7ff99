"""The graph of assets: who is made from whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from .asset_key import AssetKey
from .asset_spec import AssetSpec
from .assets import AssetsDefinition
from .errors import DagsterInvalidDefinitionError, DagsterInvalidSubsetError


class AssetGraph:
    """Assets with unique keys and what each is made from; without cycles.

    Attributes:
        by_key: Who makes each asset that can be made here, each after those it is made from.
        external: The assets that are made elsewhere and only told of.
    """

    def __init__(self, assets: Iterable[AssetsDefinition | AssetSpec]) -> None:
        """Put the assets in order.

        Raises:
            DagsterInvalidDefinitionError: A key is there twice, or the assets form a cycle.
        """
        given = list(assets)
        found = _unique([asset for asset in given if isinstance(asset, AssetsDefinition)])
        self.external = _external([asset for asset in given if isinstance(asset, AssetSpec)], found)
        self._specs = {
            **self.external,
            **{spec.key: spec for definition in _each_once(found) for spec in definition.specs},
        }
        self._inputs: dict[AssetKey, dict[str, AssetKey]] = {key: {} for key in self.external}
        for key, definition in found.items():
            self._inputs[key] = {
                name: self._resolved(key, wanted, definition)
                for name, wanted in definition.input_keys.items()
            }
        self._deps = {
            key: tuple(self._resolved(key, wanted, found.get(key)) for wanted in spec.dep_keys)
            for key, spec in self._specs.items()
        }
        self._refuse_circles()
        self.definitions = self._order(found)
        self.by_key = {key: asset for asset in self.definitions for key in self._in_order(asset)}
        self._downstream: dict[AssetKey, list[AssetKey]] = {key: [] for key in (*self.external, *self.by_key)}
        for key in (*self.external, *self.by_key):
            for parent in self._parents(key):
                self._downstream[parent].append(key)

    @property
    def keys(self) -> frozenset[AssetKey]:
        """The keys of the assets that can be made here."""
        return frozenset(self.by_key)

    @property
    def all_keys(self) -> frozenset[AssetKey]:
        """All keys, also of assets that are made elsewhere."""
        return frozenset(self._specs)

    def spec(self, key: AssetKey) -> AssetSpec:
        """Return what is told about the asset."""
        return self._specs[key]

    def inputs(self, key: AssetKey) -> dict[str, AssetKey]:
        """Return, for each parameter of the asset that takes a value, the asset that it comes from."""
        return self._inputs[key]

    def deps(self, key: AssetKey) -> tuple[AssetKey, ...]:
        """Return the assets named in the asset's ``deps``."""
        return self._deps[key]

    def upstream(self, key: AssetKey) -> list[AssetKey]:
        """Return the assets made here that the asset is made from, directly."""
        return [parent for parent in self._parents(key) if parent not in self.external]

    def downstream(self, key: AssetKey) -> list[AssetKey]:
        """Return the assets that are made from the asset, directly."""
        return self._downstream[key]

    def definitions_of(self, keys: Collection[AssetKey]) -> list[AssetsDefinition]:
        """Return who makes *keys*, each after those it is made from.

        Raises:
            DagsterInvalidSubsetError: One is made elsewhere, or only together with others.
        """
        elsewhere = sorted(key.to_user_string() for key in keys if key in self.external)
        if elsewhere:
            raise DagsterInvalidSubsetError(
                f"{', '.join(elsewhere)} cannot be made: there is an AssetSpec and no function, leave it out"
            )
        chosen = [asset for asset in self.definitions if not asset.keys.isdisjoint(keys)]
        for asset in chosen:
            left_out = sorted(key.to_user_string() for key in asset.keys.difference(keys))
            if left_out:
                raise DagsterInvalidSubsetError(
                    f"{asset.what} makes its assets together: select {', '.join(left_out)} too"
                )
        return chosen

    def _parents(self, key: AssetKey) -> list[AssetKey]:
        parents = dict.fromkeys((*self._inputs[key].values(), *self._deps[key]))
        return [parent for parent in parents if parent in self._specs]

    def _refuse_circles(self) -> None:
        sorter: TopologicalSorter[AssetKey] = TopologicalSorter()
        for key in self._specs:
            sorter.add(key, *self._parents(key))
        try:
            self._rank = {key: rank for rank, key in enumerate(sorter.static_order())}
        except CycleError as error:
            circle = " -> ".join(key.to_user_string() for key in error.args[1])
            raise DagsterInvalidDefinitionError(
                f"assets are made from each other in a circle: {circle}"
            ) from error

    def _order(self, found: dict[AssetKey, AssetsDefinition]) -> list[AssetsDefinition]:
        sorter: TopologicalSorter[AssetsDefinition] = TopologicalSorter()
        for asset in _each_once(found):
            parents = [found[parent] for key in asset.asset_keys for parent in self.upstream(key)]
            sorter.add(asset, *(parent for parent in parents if parent is not asset))
        try:
            return list(sorter.static_order())
        except CycleError as error:
            circle = " -> ".join(asset.op.name for asset in error.args[1])
            raise DagsterInvalidDefinitionError(
                f"functions that make several assets each wait for the other: {circle}"
            ) from error

    def _in_order(self, asset: AssetsDefinition) -> list[AssetKey]:
        return sorted(asset.asset_keys, key=self._rank.__getitem__)

    def _resolved(self, key: AssetKey, wanted: AssetKey, definition: AssetsDefinition | None) -> AssetKey:
        """Return the key that is meant: *wanted*, or the one asset of the same group with that last part."""
        if wanted in self._specs or len(wanted.parts) > 1:
            return wanted
        own = (key,) if definition is None else definition.asset_keys
        group = self._specs[key].group_name
        similar = [
            other
            for other, spec in self._specs.items()
            if other.parts[-1] == wanted.parts[0] and spec.group_name == group and other not in own
        ]
        return similar[0] if len(similar) == 1 else wanted


def _each_once(found: dict[AssetKey, AssetsDefinition]) -> Iterator[AssetsDefinition]:
    return iter(dict.fromkeys(found.values()))


def _unique(assets: Iterable[AssetsDefinition]) -> dict[AssetKey, AssetsDefinition]:
    found: dict[AssetKey, AssetsDefinition] = {}
    steps: dict[str, AssetsDefinition] = {}
    for asset in assets:
        for key in asset.asset_keys:
            if found.setdefault(key, asset) is not asset:
                raise _twice(key)
        other = steps.setdefault(asset.op.name, asset)
        if other is not asset:
            raise DagsterInvalidDefinitionError(
                f"the assets {_first(other)!r} and {_first(asset)!r} would both be "
                f"made by a step named {asset.op.name!r}: rename one"
            )
    return found


def _external(
    specs: Iterable[AssetSpec], found: dict[AssetKey, AssetsDefinition]
) -> dict[AssetKey, AssetSpec]:
    external: dict[AssetKey, AssetSpec] = {}
    for spec in specs:
        if spec.key in found or external.setdefault(spec.key, spec) is not spec:
            raise _twice(spec.key)
    return external


def _twice(key: AssetKey) -> DagsterInvalidDefinitionError:
    return DagsterInvalidDefinitionError(
        f"Duplicate asset key {key.to_user_string()!r}: give each asset a key of its own"
    )


def _first(asset: AssetsDefinition) -> str:
    return asset.asset_keys[0].to_user_string()
