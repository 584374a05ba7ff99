"""Selections: some of the assets of a graph, named before the graph is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, Union

from .asset_graph import AssetGraph
from .asset_key import AssetKey, CoercibleToAssetKey
from .asset_spec import AssetSpec, HasAssetKeys, keys_of
from .assets import AssetsDefinition
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvalidSubsetError

CoercibleToAssetSelection: TypeAlias = Union[
    "AssetSelection", str, AssetKey, HasAssetKeys, Sequence[str | AssetKey | HasAssetKeys]
]

_Select: TypeAlias = Callable[[AssetGraph], set[AssetKey]]


class AssetSelection:
    """Some of the assets; which ones is known once there are definitions.

    Selections combine with ``|`` (both), ``&`` (in common) and ``-`` (without).
    """

    def __init__(self, select: _Select, text: str) -> None:
        """Use the class methods instead.

        Args:
            select: Finds the selected keys in a graph.
            text: The selection, for people.
        """
        self._select, self._text = select, text

    @classmethod
    def all(cls) -> AssetSelection:
        """Select all assets but those that are made elsewhere."""
        return cls(lambda graph: set(graph.keys), "*")

    @classmethod
    def assets(cls, *assets: CoercibleToAssetKey | HasAssetKeys) -> AssetSelection:
        """Select these assets, given as definitions or keys."""
        keys = [key for asset in assets for key in keys_of(asset)]

        def select(graph: AssetGraph) -> set[AssetKey]:
            missing = [key.to_user_string() for key in keys if key not in graph.all_keys]
            if missing:
                known = ", ".join(sorted(key.to_user_string() for key in graph.all_keys)) or "none"
                raise DagsterInvalidSubsetError(
                    f"there is no asset {', '.join(missing)} to select, known are: {known}"
                )
            return set(keys)

        return cls(select, " or ".join(f"key:{key.to_user_string()}" for key in keys) or "nothing")

    @classmethod
    def keys(cls, *keys: CoercibleToAssetKey) -> AssetSelection:
        """Select the assets with these keys."""
        return cls.assets(*keys)

    @classmethod
    def groups(cls, *names: str) -> AssetSelection:
        """Select the assets of these groups."""

        def select(graph: AssetGraph) -> set[AssetKey]:
            return {key for key in graph.keys if graph.spec(key).group_name in names}

        return cls(select, " or ".join(f"group:{name}" for name in names) or "nothing")

    def upstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """Select what the selected assets are made from, up to *depth* steps away, and themselves."""
        return self._grown(AssetGraph.upstream, depth, include_self, "upstream")

    def downstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """Select what is made from the selected assets, up to *depth* steps away, and themselves."""
        return self._grown(AssetGraph.downstream, depth, include_self, "downstream")

    def resolve(self, assets: Iterable[AssetsDefinition | AssetSpec] | AssetGraph) -> set[AssetKey]:
        """Return the keys of the selected assets among *assets*.

        Raises:
            DagsterInvalidSubsetError: An asset that is named is not there.
        """
        return self._select(assets if isinstance(assets, AssetGraph) else AssetGraph(assets))

    def __or__(self, other: AssetSelection) -> AssetSelection:
        return self._combined(other, set.union, "or")

    def __and__(self, other: AssetSelection) -> AssetSelection:
        return self._combined(other, set.intersection, "and")

    def __sub__(self, other: AssetSelection) -> AssetSelection:
        return self._combined(other, set.difference, "and not")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"AssetSelection({self._text})"

    def _combined(
        self,
        other: AssetSelection,
        combine: Callable[[set[AssetKey], set[AssetKey]], set[AssetKey]],
        word: str,
    ) -> AssetSelection:
        if not isinstance(other, AssetSelection):
            raise CheckError(f"an AssetSelection combines with another one, got {other!r}")
        return AssetSelection(
            lambda graph: combine(self._select(graph), other._select(graph)),
            f"({self._text} {word} {other._text})",
        )

    def _grown(
        self,
        neighbours: Callable[[AssetGraph, AssetKey], list[AssetKey]],
        depth: int | None,
        include_self: bool,
        word: str,
    ) -> AssetSelection:
        def select(graph: AssetGraph) -> set[AssetKey]:
            start = self._select(graph)
            seen, edge, steps = set(start), set(start), 0
            while edge and (depth is None or steps < depth):
                edge = {near for key in edge for near in neighbours(graph, key)} - seen
                seen |= edge
                steps += 1
            return seen if include_self else seen - start

        return AssetSelection(select, f"{word}({self._text})")


def coerce_to_asset_selection(value: CoercibleToAssetSelection) -> AssetSelection:
    """Return the selection that *value* stands for.

    Args:
        value: A selection, an asset, a key, a str, or a list of assets, keys and str. A str is
            ``"*"``, a key such as ``"a/b"`` or ``"key:a/b"``, or ``"group:name"``.

    Raises:
        CheckError: It is something else.
        DagsterInvalidDefinitionError: A str is neither of these.
    """
    match value:
        case AssetSelection():
            return value
        case AssetKey() | HasAssetKeys():
            return AssetSelection.assets(value)
        case str():
            return _from_text(value)
        case list() | tuple() | set() | frozenset():
            selection = AssetSelection.assets()
            parts = [coerce_to_asset_selection(item) for item in value]
            return _any_of(parts) if parts else selection
        case _:
            raise CheckError(
                f"cannot select assets by {value!r}: give assets, asset keys or an AssetSelection"
            )


def _any_of(parts: list[AssetSelection]) -> AssetSelection:
    first, *others = parts
    for other in others:
        first = first | other
    return first


def _from_text(text: str) -> AssetSelection:
    kind, colon, name = text.strip().partition(":")
    name = name.strip('"')
    if text.strip() == "*":
        return AssetSelection.all()
    if colon and kind == "group" and name.isidentifier():
        return AssetSelection.groups(name)
    key = name if colon and kind == "key" else text.strip()
    if not key or any(sign in key for sign in ' :*+()"'):
        raise DagsterInvalidDefinitionError(
            f"cannot read the asset selection {text!r}: use '*', 'a/b', 'key:a/b' or 'group:name', "
            "or combine AssetSelection objects with |, &, -, upstream() and downstream()"
        )
    return AssetSelection.assets(key)
