"""A user's function as a step: which of its parameters is the context, the config, an upstream value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .asset_key import AssetKey
from .config_schema import build_config, check_schema, is_config_class, schema_problems
from .direct_context import DirectAssetContext, DirectOpContext
from .errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError, DagsterInvalidInvocationError
from .execution_context import OpExecutionContext
from .resource_parameters import annotation_of, is_resource_annotation, required_keys

#: Names that make the first parameter the context even without an annotation.
_CONTEXT_NAMES = ("context", "_context", "context_", "_", "__")


@dataclass(frozen=True, slots=True)
class StepFunction:
    """How a step's function wants to be called.

    Attributes:
        fn: The user's function.
        context: Name of the parameter that takes the context, None if there is none.
        config: Name of the parameter that takes the `Config`, None if there is none.
        config_schema: What is given as config; None if anything goes.
        resources: Names of the parameters that take resources.
        required_resource_keys: Names of all resources that must be there.
        inputs: Names of the parameters that take upstream values, in order.
        optional: Those of *inputs* that have a default.
    """

    fn: Callable[..., Any]
    context: str | None
    config: str | None
    config_schema: Any
    inputs: tuple[str, ...]
    optional: frozenset[str]
    resources: tuple[str, ...] = ()
    required_resource_keys: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        fn: Callable[..., Any],
        what: str,
        config_schema: Any = None,
        required_resource_keys: object = None,
    ) -> StepFunction:
        """Read the signature of *fn*.

        Args:
            what: What the function is for, for messages, such as ``"op 'x'"``.
            config_schema: As given to the decorator.
            required_resource_keys: As given to the decorator.

        Raises:
            DagsterInvalidDefinitionError: A step cannot have this function.
            CheckError: *required_resource_keys* is no set of str, or there are resource parameters as well.
        """
        if not callable(fn):
            raise DagsterInvalidDefinitionError(f"{what} needs a function, got {fn!r}")
        if inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn):
            raise DagsterInvalidDefinitionError(f"{what}: async functions are not supported yet")
        parameters = list(inspect.signature(fn).parameters.values())
        _refuse_variadic(parameters, what)
        kinds = {parameter.name: annotation_of(fn, parameter) for parameter in parameters}
        context = _context_name(parameters, kinds)
        config = _config_name(kinds, what)
        if config is not None and config_schema is not None:
            raise DagsterInvalidDefinitionError(
                f"{what} has both a config parameter and a config_schema: keep one"
            )
        if config_schema is not None:
            check_schema(config_schema, f"config_schema of {what}")
        resources = tuple(name for name, kind in kinds.items() if is_resource_annotation(kind))
        inputs = [p for p in parameters if p.name not in (context, config, *resources)]
        return cls(
            fn=fn,
            context=context,
            config=config,
            config_schema=config_schema if config is None else kinds[config],
            inputs=tuple(parameter.name for parameter in inputs),
            optional=frozenset(p.name for p in inputs if p.default is not inspect.Parameter.empty),
            resources=resources,
            required_resource_keys=required_keys(required_resource_keys, resources, what),
        )

    def call(self, context: object, config: object, inputs: Mapping[str, object]) -> Any:
        """Call the function within a run."""
        arguments = dict(inputs)
        if self.context is not None:
            arguments[self.context] = context
        if self.config is not None:
            arguments[self.config] = config
        return self.fn(**arguments)

    def call_directly(
        self,
        what: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        name: str,
        outputs: Sequence[str],
        assets: Mapping[str, AssetKey],
    ) -> Any:
        """Call the function as plain Python does, for unit tests.

        A built context may come first even if the function takes none, and its config stands in for
        a config parameter that is left out.

        Args:
            what: What is called, for messages.
            name: Name of the step, for a built context.
            outputs: Its outputs, likewise.
            assets: The assets that these are, likewise.

        Raises:
            DagsterInvalidConfigError: The context's config does not fit.
            DagsterInvalidInvocationError: The arguments do not fit the function.
        """
        context = args[0] if args else kwargs.get(self.context or "")
        if isinstance(context, (DirectOpContext, DirectAssetContext)):
            context.bind(name, outputs, assets)
            if args and self.context is None:
                args = args[1:]
            if self.config is not None and self.config not in self._bound(what, args, kwargs, partial=True):
                kwargs = {**kwargs, self.config: self._direct_config(what, context.op_config)}
        self._bound(what, args, kwargs, partial=False)
        return self.fn(*args, **kwargs)

    def _bound(
        self, what: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, partial: bool
    ) -> Mapping[str, Any]:
        signature = inspect.signature(self.fn)
        try:
            return (signature.bind_partial if partial else signature.bind)(*args, **kwargs).arguments
        except TypeError as error:
            raise DagsterInvalidInvocationError(
                f"{what} was called with arguments that do not fit its function: {error}"
            ) from error

    def _direct_config(self, what: str, given: Any) -> Any:
        value = {} if given is None else given
        problems = list(schema_problems(self.config_schema, value, "config"))
        if problems:
            raise DagsterInvalidConfigError(
                f"config of the context does not fit {what}: {'; '.join(problems)}", problems
            )
        return build_config(self.config_schema, value)


def _refuse_variadic(parameters: list[inspect.Parameter], what: str) -> None:
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise DagsterInvalidDefinitionError(f"{what}: the parameter *{parameter.name} has no fixed name")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise DagsterInvalidDefinitionError(
                f"{what}: the parameter {parameter.name!r} is positional-only"
            )


def _context_name(parameters: list[inspect.Parameter], kinds: dict[str, Any]) -> str | None:
    if not parameters:
        return None
    first = parameters[0].name
    kind = kinds[first]
    if isinstance(kind, str):
        annotated = kind.rpartition(".")[2].endswith("ExecutionContext")
    else:
        annotated = isinstance(kind, type) and issubclass(kind, OpExecutionContext)
    return first if annotated or first in _CONTEXT_NAMES else None


def _config_name(kinds: dict[str, Any], what: str) -> str | None:
    kind = kinds.get("config")
    if kind is None:
        return None
    if isinstance(kind, str):
        raise DagsterInvalidDefinitionError(
            f"{what}: the annotation {kind!r} of its config parameter cannot be resolved, "
            "define the class at the top of the module"
        )
    if not is_config_class(kind):
        raise DagsterInvalidDefinitionError(
            f"{what}: its config parameter must be annotated with a Config class, not with {kind!r}"
        )
    return "config"
