"""What may be given as resources."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from .configurable_resource import ConfigurableResource
from .errors import DagsterInvalidDefinitionError
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
