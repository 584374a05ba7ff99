"""Resources with typed fields, set up for a tick or a run and closed after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Self, dataclass_transform

import msgspec

from .config import check_fields, copy_mutable_defaults
from .config_schema import schema_problems
from .env_var import EnvVar, is_env_var, read_env_var
from .errors import DagsterInvalidConfigError
from .resource_context import InitResourceContext


class _ResourceMeta(msgspec.StructMeta):
    """Makes resource classes keyword-only and closed; names with an underscore are no fields."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        annotations = namespace.get("__annotations__", {})
        namespace["__annotations__"] = {k: kind for k, kind in annotations.items() if not k.startswith("_")}
        copy_mutable_defaults(namespace)
        options = {"kw_only": True, "forbid_unknown_fields": True, "dict": True, "eq": False} | options
        return super().__new__(mcs, name, bases, namespace, **options)


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(msgspec.field,))
class ConfigurableResource(msgspec.Struct, metaclass=_ResourceMeta):
    """Base of resources: annotated fields, with or without a default, and methods that use them.

    Each tick that needs it and each run gets a copy of its own, on which `setup_for_execution` runs;
    a field may be an `EnvVar`, which that copy has the value of. Fields cannot be changed; names
    that begin with an underscore are no fields and free to be set.
    """

    def __post_init__(self) -> None:
        """Check every field but those that come from the environment.

        Raises:
            DagsterInvalidConfigError: One or more fields have the wrong type; all are named.
        """
        check_fields(self, lambda value: is_env_var(value) or isinstance(value, ConfigurableResource))

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise AttributeError(
                f"{type(self).__name__}.{name} cannot be set: the fields of a resource are fixed, keep what "
                "changes under a name with an underscore"
            )
        self.__dict__[name] = value

    def __repr__(self) -> str:
        variables = self.__dict__.get("__variables__", {})
        shown = {name: variables.get(name, getattr(self, name)) for name in self.__struct_fields__}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Get ready; to be overridden. Called once per tick or run that needs the resource."""

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Close what was opened; to be overridden. Called after the tick or run, also when it failed."""

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Any]:
        """Yield what functions get, between set-up and teardown; may be overridden in their place."""
        self.setup_for_execution(context)
        try:
            yield self.create_resource(context)
        finally:
            self.teardown_after_execution(context)

    def create_resource(self, context: InitResourceContext) -> Any:
        """Return what functions get: the resource itself, unless overridden."""
        return self

    def to_builtins(self) -> dict[str, Any]:
        """Return the fields as plain data; a variable as ``{"env": NAME}``, never with its value."""
        return {name: _plain(getattr(self, name)) for name in self.__struct_fields__}

    def with_config(self, config: Mapping[str, Any]) -> Self:
        """Return a copy with the fields in *config* replaced; *config* has no `config_problems`."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        types = {field.name: field.type for field in msgspec.structs.fields(self)}
        for name, value in config.items():
            variable = _variable(value)
            values[name] = variable if variable is not None else msgspec.convert(value, types[name])
        return type(self)(**values)

    def config_problems(self, config: Any, where: str) -> Iterator[str]:
        """Yield one line for each way in which *config*, plain data, cannot replace fields."""
        if not isinstance(config, Mapping):
            yield f"{where}: expected a mapping, got {config!r}"
            return
        types = {field.name: field.type for field in msgspec.structs.fields(self)}
        for name, value in config.items():
            if name not in types:
                yield f"{where}.{name}: unknown field, known are: {', '.join(sorted(types)) or 'none'}"
            elif _variable(value) is None:
                yield from schema_problems(types[name], value, f"{where}.{name}")

    @contextmanager
    def opened(self, context: InitResourceContext) -> Iterator[Any]:
        """Set a copy up, resources in its fields first, and yield what functions get; then close it."""
        with ExitStack() as stack:
            values, variables = {}, {}
            for field in msgspec.structs.fields(self):
                value = getattr(self, field.name)
                if is_env_var(value):
                    variables[field.name] = value
                    value = read_env_var(value, field.type, f"{type(self).__name__}.{field.name}")
                elif isinstance(value, ConfigurableResource):
                    value = stack.enter_context(value.opened(context))
                values[field.name] = value
            ready = type(self)(**values)
            ready.__dict__["__variables__"] = variables
            manager: AbstractContextManager[Any] = ready.yield_for_execution(context)
            yield stack.enter_context(manager)

    @property
    def needs_closing(self) -> bool:
        """Whether it, or a resource in its fields, has something to do after a tick or run."""
        kind = type(self)
        return (
            kind.yield_for_execution is not ConfigurableResource.yield_for_execution
            or kind.teardown_after_execution is not ConfigurableResource.teardown_after_execution
            or any(
                isinstance(value, ConfigurableResource) and value.needs_closing
                for value in (getattr(self, name) for name in self.__struct_fields__)
            )
        )


def _variable(value: Any) -> EnvVar | None:
    """Return the variable that ``{"env": NAME}`` names, None for any other value."""
    if isinstance(value, Mapping) and list(value) == ["env"] and isinstance(value["env"], str):
        return EnvVar(value["env"])
    return None


def _plain(value: Any) -> Any:
    if is_env_var(value):
        return {"env": value.env_var_name}
    if isinstance(value, ConfigurableResource):
        return value.to_builtins()
    try:
        return msgspec.to_builtins(value)
    except TypeError as error:
        raise DagsterInvalidConfigError(f"{type(value).__name__} is no plain data: {error}") from error
