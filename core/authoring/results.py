"""What a step's function may return or yield besides plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from ..plain_data import storable_text
from .asset_key import AssetKey, CoercibleToAssetKey
from .errors import CheckError, DagsterInvalidDefinitionError
from .metadata import MetadataValue, normalize_metadata

T = TypeVar("T")


class AssetEvent:
    """Something noted about an asset: the common part of materializations and observations.

    Attributes:
        asset_key: The asset.
        description: For people.
        metadata: By name.
        partition: The partition of the asset, None if it has none.
        tags: Labels, text to text.
    """

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.asset_key = AssetKey.from_coercible(asset_key)
        self.description = _opt_str(description, "description")
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata)
        self.partition = _opt_str(partition, "partition")
        self.tags = str_tags(tags)

    def _facts(self) -> tuple[object, ...]:
        return type(self), self.asset_key, self.description, self.metadata, self.partition, self.tags

    def __eq__(self, other: object) -> bool:
        return self._facts() == other._facts() if isinstance(other, AssetEvent) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.asset_key.to_user_string()!r}, metadata={self.metadata!r})"


class AssetMaterialization(AssetEvent):
    """An asset was written."""


class AssetObservation(AssetEvent):
    """An asset was looked at, without being written."""


class MaterializeResult(Generic[T]):
    """The outcome of an asset's function, with what is to be noted about it.

    Attributes:
        asset_key: The asset; None means the one whose function it is.
        metadata: By name.
        tags: Labels, text to text.
        value: Handed to the assets downstream in the same run.
    """

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: None = None,
        data_version: str | None = None,
        tags: Mapping[str, str] | None = None,
        value: T | None = None,
    ) -> None:
        if check_results:
            raise DagsterInvalidDefinitionError("check_results of a MaterializeResult are not supported yet")
        self.asset_key = None if asset_key is None else AssetKey.from_coercible(asset_key)
        self.metadata = normalize_metadata(metadata)
        self.tags = _with_data_version(tags, data_version)
        self.value = value

    def __repr__(self) -> str:
        return f"MaterializeResult(asset_key={self.asset_key!r}, metadata={self.metadata!r}, value={self.value!r})"


class Output(Generic[T]):
    """The value of a step's function, with what is to be noted about it.

    Attributes:
        value: Handed to the steps downstream in the same run.
        output_name: Which of the step's outputs it is.
        metadata: By name.
        tags: Labels, text to text; kept for assets.
    """

    def __init__(
        self,
        value: T,
        output_name: str = "result",
        metadata: Mapping[str, Any] | None = None,
        data_version: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        if not isinstance(output_name, str):
            raise CheckError(f"output_name of an Output must be a str, got {output_name!r}")
        self.value = value
        self.output_name = output_name
        self.metadata = normalize_metadata(metadata)
        self.tags = _with_data_version(tags, data_version)

    def __repr__(self) -> str:
        return f"Output({self.value!r}, metadata={self.metadata!r})"


def str_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return a copy of *tags*.

    Raises:
        CheckError: They are no mapping from str to str, or cannot be stored.
    """
    if tags is None:
        return {}
    if not isinstance(tags, Mapping) or not all(
        isinstance(text, str) for pair in tags.items() for text in pair
    ):
        raise CheckError(f"tags must be a mapping from str to str, got {tags!r}")
    if any(storable_text(text) != text for pair in tags.items() for text in pair):
        raise CheckError(f"tags must be valid Unicode text, got {tags!r}")
    return {str.__str__(name): str.__str__(text) for name, text in tags.items()}


def _with_data_version(tags: Mapping[str, str] | None, data_version: str | None) -> dict[str, str]:
    version = _opt_str(data_version, "data_version")
    return str_tags(tags) if version is None else {**str_tags(tags), "dagster/data_version": version}


def _opt_str(value: str | None, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise CheckError(f"{name} must be a str or None, got {value!r}")
    return None if value is None else storable_text(value)
