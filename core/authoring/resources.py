"""What may be given as resources."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any

from .configurable_resource import ConfigurableResource
from .env_var import is_env_var
from .errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from .resource_definition import is_one_shot


def checked_resources(resources: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
    """Return *resources*, a copy.

    Args:
        what: Who was given them, for messages.

    Raises:
        DagsterInvalidDefinitionError: They are no mapping by name, or one of them can be used once only.
    """
    if resources is None:
        return {}
    if not isinstance(resources, Mapping) or not all(isinstance(name, str) for name in resources):
        raise DagsterInvalidDefinitionError(
            f"{what}: resources must be a mapping from str to objects, got {resources!r}"
        )
    for key, value in resources.items():
        if isinstance(value, type) and issubclass(value, ConfigurableResource):
            raise DagsterInvalidDefinitionError(
                f"{what}: resource {key!r} is the class {value.__name__}: give {value.__name__}(...)"
            )
        if isinstance(value, Generator) or is_one_shot(value):
            raise DagsterInvalidDefinitionError(
                f"{what}: resource {key!r} is a generator that was already called, which serves one tick only: "
                "put @resource on its function and give that"
            )
    return dict(resources)


def joined_resources(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the resources of all *parts* by name.

    Raises:
        DagsterInvariantViolationError: Two parts have different ones under one name.
    """
    joined: dict[str, tuple[int, Any]] = {}
    for index, part in enumerate(parts):
        for key, value in part.items():
            first, other = joined.setdefault(key, (index, value))
            if not same_resource(other, value):
                raise DagsterInvariantViolationError(
                    f"Definitions objects {first} and {index} have different resources with same key "
                    f"{key!r}: give the same one to both, or rename one"
                )
    return {key: value for key, (_, value) in joined.items()}


def same_resource(one: Any, other: Any) -> bool:
    """Return whether two resources are one, or equal in all fields."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if is_env_var(one):
        return bool(one.env_var_name == other.env_var_name)
    if isinstance(one, ConfigurableResource):
        return all(same_resource(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__)
    # Arrays and the like answer with something else than a bool.
    return (one == other) is True
