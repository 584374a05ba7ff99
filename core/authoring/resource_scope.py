"""The resources of one tick or one run: set up when first needed, closed together."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .configurable_resource import ConfigurableResource
from .errors import DagsterInvalidDefinitionError, DagsterResourceFunctionError
from .resource_context import InitResourceContext
from .resource_definition import ResourceDefinition

if TYPE_CHECKING:
    from ..records import DagsterRun


class ResourceScope:
    """Sets resources up one by one and closes them in the opposite order."""

    def __init__(
        self,
        resources: Mapping[str, object],
        log: logging.Logger,
        run: DagsterRun | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the resources; none is set up.

        Args:
            config: The section ``resources`` of the run config, checked.
        """
        self._resources, self._config = resources, config or {}
        self._context = InitResourceContext(log=log, run=run)
        self._values: dict[str, Any] = {}
        self._open: list[tuple[str, AbstractContextManager[Any]]] = []

    def __contains__(self, key: str) -> bool:
        return key in self._resources

    @property
    def keys(self) -> list[str]:
        """The names of all resources, in order."""
        return sorted(self._resources)

    def get(self, key: str) -> Any:
        """Return the resource *key*, after setting it up if this is the first use.

        Raises:
            DagsterResourceFunctionError: Its set-up raised; the error names it, the original is the cause.
        """
        if key not in self._values:
            self._values[key] = self._set_up(key)
        return self._values[key]

    def take(self, keys: Collection[str], what: str) -> dict[str, Any]:
        """Return the resources *keys*, set up.

        Args:
            what: Who requires them, such as ``"sensor 's'"``.

        Raises:
            DagsterInvalidDefinitionError: One is not there.
            DagsterResourceFunctionError: The set-up of one raised.
        """
        for key in keys:
            if key not in self._resources:
                raise missing_resource(key, what, self._resources)
        return {key: self.get(key) for key in keys}

    def close(self) -> Exception | None:
        """Close all that is set up, the last one first; return the first error that came up, after all.

        Every error is logged, with its traceback.
        """
        first: Exception | None = None
        while self._open:
            key, manager = self._open.pop()
            try:
                manager.__exit__(None, None, None)
            except KeyboardInterrupt:
                raise
            # Not Exception: sys.exit() in a teardown must not keep the others from being closed.
            except BaseException as error:
                self._context.log.exception("resource %r could not be closed", key)
                if first is None:
                    first = _function_error(key, "closed", error)
                    first.__cause__ = error
        self._values.clear()
        return first

    def _set_up(self, key: str) -> Any:
        given = self._resources[key]
        if not isinstance(given, ConfigurableResource | ResourceDefinition):
            return given
        config = (self._config.get(key) or {}).get("config")
        try:
            if isinstance(given, ConfigurableResource):
                manager = given.with_config(config or {}).opened(self._context)
            else:
                manager = given.opened(replace(self._context, resource_config=given.built_config(config)))
            value = manager.__enter__()
        except Exception as error:
            raise _function_error(key, "set up", error) from error
        self._open.append((key, manager))
        return value


class Resources:
    """Resources as attributes; each is set up when it is first asked for."""

    def __init__(self, scope: ResourceScope) -> None:
        self._scope = scope

    def __getattr__(self, name: str) -> Any:
        if name in self._scope:
            return self._scope.get(name)
        known = ", ".join(self._scope.keys) or "none"
        raise AttributeError(
            f"there is no resource {name!r}, known are: {known}; give it with Definitions(resources={{{name!r}: ...}})"
        )


def missing_resource(key: str, what: str, known: Collection[str]) -> DagsterInvalidDefinitionError:
    """Return the error for a resource that *what* requires and nobody gave."""
    return DagsterInvalidDefinitionError(
        f"Resource with key {key!r} required by {what} was not provided: give it with "
        f"Definitions(resources={{{key!r}: ...}}) or, in a test, with resources={{...}}; "
        f"known are: {', '.join(sorted(known)) or 'none'}"
    )


def needs_closing(resource: object) -> bool:
    """Return whether *resource* has something to do after a tick or run."""
    return isinstance(resource, ConfigurableResource | ResourceDefinition) and resource.needs_closing


def resource_config_problems(
    resources: Mapping[str, object], required: Collection[str], section: Mapping[str, Any]
) -> Iterator[str]:
    """Yield one line for each thing that the run config's *section* says wrongly of known resources.

    Args:
        required: Those that may not go without the config they need.
    """
    for key, resource in resources.items():
        if key not in section and key not in required:
            continue
        entry, where = section.get(key), f"resources.{key}"
        if entry is not None and not isinstance(entry, Mapping):
            yield f"{where}: expected a mapping with the key config, got {entry!r}"
            continue
        entry = entry or {}
        for name in entry:
            if name != "config":
                yield f"{where}.{name}: unknown key, known are: config"
        config = entry.get("config")
        if isinstance(resource, ResourceDefinition):
            yield from resource.config_problems(config, f"{where}.config")
        elif isinstance(resource, ConfigurableResource):
            if config is not None:
                yield from resource.config_problems(config, f"{where}.config")
        elif config is not None:
            yield f"{where}.config: the resource is a {type(resource).__name__}, which takes no config"


def _function_error(key: str, what: str, error: BaseException) -> DagsterResourceFunctionError:
    try:
        told = " ".join(str(error).split())
    except Exception as unprintable:  # noqa: BLE001 - the user's __str__ may raise anything
        told = f"(its text cannot be had: {type(unprintable).__name__})"
    return DagsterResourceFunctionError(
        f"resource {key!r} could not be {what}: {type(error).__name__}: {told}"
    )
