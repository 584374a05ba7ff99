"""Config: typed parameters of an op or asset, read from the run config."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, dataclass_transform

import msgspec

from .env_var import is_env_var
from .errors import DagsterInvalidConfigError


def copy_mutable_defaults(namespace: dict[str, Any]) -> None:
    """Let each instance of the class that *namespace* becomes have its own list, dict or set."""
    for field in namespace.get("__annotations__", {}):
        default = namespace.get(field)
        if isinstance(default, (list, dict, set)) and default:
            namespace[field] = msgspec.field(default_factory=default.copy)


class _ConfigMeta(msgspec.StructMeta):
    """Makes every Config class frozen, keyword-only and closed, and copies mutable defaults."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        copy_mutable_defaults(namespace)
        options = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True} | options
        return super().__new__(mcs, name, bases, namespace, **options)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Config(msgspec.Struct, metaclass=_ConfigMeta, frozen=True, kw_only=True):
    """Base of the classes that describe config: annotated fields, with or without a default.

    Values are checked when they are built; they cannot be changed afterwards. Fields may be plain
    types, lists, dicts, optional, other Config classes, and what else msgspec can read from plain
    data.
    """

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            DagsterInvalidConfigError: One or more fields have the wrong type; all are named.
        """
        check_fields(self, lambda _value: False)

    def to_builtins(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def check_fields(struct: msgspec.Struct, fits: Callable[[Any], bool]) -> None:
    """Check every field of *struct*, except values of which *fits* says that they are right.

    Raises:
        DagsterInvalidConfigError: One or more fields have the wrong type; all are named.
    """
    problems = []
    for field in msgspec.structs.fields(struct):
        place, value = f"{type(struct).__name__}.{field.name}", getattr(struct, field.name)
        if fits(value):
            continue
        if is_env_var(value):
            problems.append(f"{place}: {value!r} may be a field of a ConfigurableResource only")
            continue
        try:
            checked = msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            problems.append(f"{place}: {error}")
        else:
            msgspec.structs.force_setattr(struct, field.name, checked)
    if problems:
        raise DagsterInvalidConfigError("; ".join(problems), problems)
