"""Asset keys: the names of assets, paths of one or more parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ..plain_data import storable_text
from .errors import CheckError

CoercibleToAssetKey: TypeAlias = "AssetKey | str | Sequence[str]"

#: A part of a written key: anything but the separator and the escape sign, or an escaped sign.
_PART = re.compile(r"((?:[^/\\]|\\.|\\\Z)*)(/|\Z)", re.DOTALL)


class AssetKey:
    """The name of an asset; immutable, compared and hashed by its parts.

    Attributes:
        parts: The path, outermost first; at least one part, none empty.
    """

    __slots__ = ("parts",)

    parts: tuple[str, ...]

    def __init__(self, path: str | Sequence[str]) -> None:
        """Make a key of one part (a str) or of several (a sequence of str).

        Raises:
            CheckError: *path* is neither, or a part is empty or cannot be stored.
        """
        parts = (path,) if isinstance(path, str) else path
        if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
            raise CheckError(f"an asset key is a str or a list of str, got {path!r}")
        if not parts or not all(parts):
            raise CheckError(f"an asset key needs at least one part and no empty part, got {path!r}")
        if any(storable_text(part) != part for part in parts):
            raise CheckError(f"an asset key must be valid Unicode text, got {path!r}")
        object.__setattr__(self, "parts", tuple(parts))

    @classmethod
    def from_user_string(cls, text: str) -> AssetKey:
        r"""Read a key as people write it, ``"a/b"``; ``\/`` is a slash within a part."""
        return cls([re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in _split(text)])

    @classmethod
    def from_coercible(cls, value: CoercibleToAssetKey) -> AssetKey:
        """Return *value* if it is a key, else read it: a str as people write it, a list as parts."""
        if isinstance(value, AssetKey):
            return value
        return cls.from_user_string(value) if isinstance(value, str) else cls(value)

    @property
    def path(self) -> list[str]:
        """The parts as a list."""
        return list(self.parts)

    def to_user_string(self) -> str:
        r"""Return the key as people write it, ``"a/b"``; `from_user_string` reads it back."""
        return "/".join(re.sub(r"([/\\])", r"\\\1", part) for part in self.parts)

    def to_python_identifier(self) -> str:
        """Return the name of the step that makes the asset: parts joined by ``__``."""
        return "__".join(self.parts).replace("-", "_").replace(".", "_")

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Return whether the key starts with the parts of *prefix*."""
        return self.parts[: len(prefix)] == tuple(prefix)

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """Return the key under *prefix*."""
        before = [prefix] if isinstance(prefix, str) else list(prefix)
        return AssetKey([*before, *self.parts])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an AssetKey cannot be changed: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an AssetKey cannot be changed: {name}")

    def __reduce__(self) -> tuple[type[AssetKey], tuple[list[str]]]:
        return AssetKey, (list(self.parts),)

    def __eq__(self, other: object) -> bool:
        return self.parts == other.parts if isinstance(other, AssetKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.parts)

    def __lt__(self, other: AssetKey) -> bool:
        return self.parts < other.parts

    def __repr__(self) -> str:
        return f"AssetKey({list(self.parts)!r})"


def _split(text: str) -> Iterator[str]:
    """Yield the parts of a written key, still escaped."""
    for match in _PART.finditer(text):
        yield match[1]
        if not match[2]:
            return
