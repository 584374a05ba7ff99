"""Metadata: what people note about an asset, a job or a sensor, by name."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..plain_data import as_plain, plain_problems, storable_text
from .asset_key import AssetKey
from .errors import CheckError, DagsterInvalidMetadata

MetadataKind: TypeAlias = Literal[
    "null", "bool", "int", "float", "text", "path", "url", "md", "json", "asset"
]


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """One noted value and how it is to be shown.

    Attributes:
        kind: How to show it.
        value: Plain data.
    """

    kind: MetadataKind
    value: Any

    @classmethod
    def int(cls, value: builtins.int) -> MetadataValue:
        """Return a whole number."""
        return cls("int", _plain(_of_type(value, int)))

    @classmethod
    def float(cls, value: builtins.float) -> MetadataValue:
        """Return a number."""
        return cls("float", float(_of_type(value, float, int)))

    @classmethod
    def bool(cls, value: builtins.bool) -> MetadataValue:
        """Return a yes or no."""
        return cls("bool", _of_type(value, bool))

    @classmethod
    def null(cls) -> MetadataValue:
        """Return the value that says there is none."""
        return cls("null", None)

    @classmethod
    def text(cls, value: str) -> MetadataValue:
        """Return text, shown as it is."""
        return cls("text", _text(value))

    @classmethod
    def url(cls, value: str) -> MetadataValue:
        """Return an address, shown as a link."""
        return cls("url", _text(value))

    @classmethod
    def md(cls, value: str) -> MetadataValue:
        """Return text in Markdown."""
        return cls("md", _text(value))

    @classmethod
    def path(cls, value: object) -> MetadataValue:
        """Return the path of a file: text, or an object that is a path."""
        as_path = getattr(value, "__fspath__", None)
        return cls("path", _text(value if as_path is None else as_path()))

    @classmethod
    def json(cls, value: object) -> MetadataValue:
        """Return plain data: lists and mappings of text, numbers, booleans and None."""
        return cls("json", _plain(value))

    @classmethod
    def asset(cls, value: AssetKey) -> MetadataValue:
        """Return a reference to an asset."""
        return cls("asset", _of_type(value, AssetKey).to_user_string())


def metadata_value(value: object) -> MetadataValue:
    """Return *value* as a `MetadataValue`, chosen by its type.

    Raises:
        DagsterInvalidMetadata: There is none for the type.
    """
    match value:
        case MetadataValue():
            return value
        case None:
            return MetadataValue.null()
        case bool():
            return MetadataValue.bool(value)
        case int():
            return MetadataValue.int(value)
        case float():
            return MetadataValue.float(value)
        case str():
            return MetadataValue.text(value)
        case AssetKey():
            return MetadataValue.asset(value)
        case Mapping() | list() | tuple():
            return MetadataValue.json(value)
        case _ if hasattr(value, "__fspath__"):
            return MetadataValue.path(value)
        case _:
            raise DagsterInvalidMetadata(
                f"a {type(value).__name__} cannot be metadata: "
                "use text, a number, a MetadataValue, or plain lists and mappings"
            )


def normalize_metadata(metadata: Mapping[str, object] | None) -> dict[str, MetadataValue]:
    """Return *metadata* with every value as a `MetadataValue`.

    Raises:
        CheckError: It is no mapping with str keys.
        DagsterInvalidMetadata: A value cannot be metadata; the message names its key.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping) or not all(isinstance(key, str) for key in metadata):
        raise CheckError(f"metadata must be a mapping from str to values, got {metadata!r}")
    normal = {}
    for key, value in metadata.items():
        try:
            normal[storable_text(key)] = metadata_value(value)
        except DagsterInvalidMetadata as error:
            raise DagsterInvalidMetadata(f"metadata {key!r}: {error}") from error
    return normal


def plain_metadata(metadata: Mapping[str, MetadataValue]) -> dict[str, Any]:
    """Return the bare values, as events hold them."""
    return {key: value.value for key, value in metadata.items()}


def _text(value: object) -> str:
    text: str = _of_type(value, str)
    return storable_text(text)


def _plain(value: object) -> Any:
    problems = list(plain_problems(value, "value"))
    if problems:
        raise DagsterInvalidMetadata("; ".join(problems))
    return as_plain(value)


def _of_type(value: Any, *types: type) -> Any:
    if not isinstance(value, types):
        expected = " or ".join(kind.__name__ for kind in types)
        raise CheckError(f"this metadata value must be {expected}, got {value!r}")
    return value
