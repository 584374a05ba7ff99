"""Resources made by a function, which may be a generator: what comes after its yield closes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ContextDecorator, ExitStack, contextmanager
from typing import Any, overload

from .config_schema import build_config, check_schema, has_fields, schema_problems
from .errors import CheckError, DagsterInvalidDefinitionError
from .names import refuse_unsupported
from .resource_context import InitResourceContext


class ResourceDefinition:
    """A function that makes a resource, called once per tick or run that needs it.

    Attributes:
        resource_fn: The function; takes an `InitResourceContext`, or nothing.
        config_schema: What the run config may say for it; None if anything goes.
        description: For people.
    """

    def __init__(
        self, resource_fn: Callable[..., Any], config_schema: Any = None, description: str | None = None
    ) -> None:
        if not callable(resource_fn):
            raise CheckError(f"resource_fn is {resource_fn!r}: give a function")
        if config_schema is not None:
            check_schema(config_schema, "config_schema of a resource")
        parameters = inspect.signature(resource_fn).parameters.values()
        if (
            sum(p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)
            > 1
        ):
            raise DagsterInvalidDefinitionError(
                f"resource function {resource_fn!r} needs more than one argument: it is given its context alone"
            )
        self._takes_context = bool(parameters)
        self.resource_fn, self.config_schema, self.description = resource_fn, config_schema, description

    @classmethod
    def hardcoded_resource(cls, value: Any, description: str | None = None) -> ResourceDefinition:
        """Return a resource that is *value*."""
        return cls(lambda: value, description=description)

    @property
    def needs_closing(self) -> bool:
        """Whether the function is a generator."""
        return inspect.isgeneratorfunction(inspect.unwrap(self.resource_fn))

    def config_problems(self, config: Any, where: str) -> Iterator[str]:
        """Yield one line for each way in which *config*, plain data, does not fit."""
        if self.config_schema is not None:
            given = {} if config is None and has_fields(self.config_schema) else config
            yield from schema_problems(self.config_schema, given, where)

    def built_config(self, config: Any) -> Any:
        """Return what the function finds as ``context.resource_config``."""
        if self.config_schema is None:
            return {} if config is None else config
        return build_config(self.config_schema, {} if config is None else config)

    @contextmanager
    def opened(self, context: InitResourceContext) -> Iterator[Any]:
        """Call the function and yield what it makes; then close it."""
        function = self.resource_fn
        if inspect.isgeneratorfunction(function):
            function = contextmanager(function)
        with ExitStack() as stack:
            made = function(context) if self._takes_context else function()
            yield stack.enter_context(made) if is_one_shot(made) else made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as plain Python does, for unit tests."""
        return self.resource_fn(*args, **kwargs)


@overload
def resource(config_schema: Callable[..., Any]) -> ResourceDefinition: ...


@overload
def resource(
    config_schema: Mapping[str, Any] | type | None = None, description: str | None = None, **unsupported: Any
) -> Callable[[Callable[..., Any]], ResourceDefinition]: ...


def resource(config_schema: Any = None, description: str | None = None, **unsupported: Any) -> Any:
    """Make a resource of a function that returns it, or yields it once; what follows the yield closes it.

    Raises:
        DagsterInvalidDefinitionError: A parameter is invalid or not supported yet.
    """
    refuse_unsupported("@resource", unsupported, ("required_resource_keys", "version"))
    if inspect.isfunction(config_schema):
        return ResourceDefinition(config_schema, description=inspect.getdoc(config_schema))
    return lambda fn: ResourceDefinition(fn, config_schema, description or inspect.getdoc(fn))


def is_one_shot(value: object) -> bool:
    """Return whether *value* came from a ``@contextmanager`` function: it can be entered once."""
    return isinstance(value, ContextDecorator) and isinstance(getattr(value, "gen", None), Generator)
