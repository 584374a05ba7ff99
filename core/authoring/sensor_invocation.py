"""How a sensor function is called: with its context, if it takes one, and with its resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from inspect import Parameter
from typing import Any

import msgspec

from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvalidInvocationError
from .sensor_context import SensorEvaluationContext, build_sensor_context

_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


class ContextParameter(msgspec.Struct, frozen=True):
    """The parameter of a sensor function that takes the context.

    Attributes:
        name: Its name.
        keyword_only: Whether it has to be given by name.
        after_resource: Whether a parameter that takes a resource comes before it.
    """

    name: str
    keyword_only: bool
    after_resource: bool = False


def context_parameter(
    what: str, function: Callable[..., Any], resources: Collection[str] = ()
) -> ContextParameter | None:
    """Return the parameter that takes the context, None when the function takes nothing.

    Here and below *what* names the definition for people, as in ``"sensor 's'"``.

    It is the first parameter that is none of *resources*, whatever its name; those after it need defaults.

    Raises:
        DagsterInvalidDefinitionError: The function needs more than the context and resources.
    """
    try:
        parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in resources]
    except (TypeError, ValueError) as error:
        raise DagsterInvalidDefinitionError(
            f"{what}: {function!r} does not tell its parameters: wrap it in a function of one "
            "parameter, the context"
        ) from error
    needed = [p.name for p in parameters[1:] if p.default is p.empty and p.kind not in _VARIADIC]
    if needed:
        raise DagsterInvalidDefinitionError(
            f"{what} needs more than its context: {', '.join(needed)}. A parameter that takes a "
            "resource is annotated with a ConfigurableResource class or ResourceParam[...]; give others defaults"
        )
    if not parameters or parameters[0].kind is Parameter.VAR_KEYWORD:
        return None
    first = parameters[0]
    before = next(iter(inspect.signature(function).parameters))
    return ContextParameter(
        first.name, keyword_only=first.kind is Parameter.KEYWORD_ONLY, after_resource=before in resources
    )


def caller(
    what: str,
    function: Callable[..., Any],
    parameter: ContextParameter | None,
    resources: Collection[str] = (),
    required: Collection[str] = (),
) -> Callable[[SensorEvaluationContext], Any]:
    """Return the way to call *function* with a context.

    Args:
        resources: Names of the parameters that take resources.
        required: Names of all resources that are set up before.
    """
    # Most functions: every tick would go through a step between.
    if parameter is not None and not (required or parameter.keyword_only or parameter.after_resource):
        return function

    def call(context: SensorEvaluationContext) -> Any:
        taken = context.take_resources(required, what) if required else {}
        named = {name: taken[name] for name in resources}
        if parameter is None:
            return function(**named)
        if parameter.keyword_only or parameter.after_resource:
            return function(**{parameter.name: context}, **named)
        return function(context, **named)

    return call


def context_from_call(
    what: str,
    parameter: ContextParameter | None,
    resources: Collection[str],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    build: Callable[[], SensorEvaluationContext] = build_sensor_context,
) -> SensorEvaluationContext:
    """Return the context that a direct call of the sensor gives; a new one that *build* returns for None.

    Resources among *kwargs* are added to it.

    Raises:
        DagsterInvalidInvocationError: Not one context, or under another name than the parameter's, or
            a resource by position.
        CheckError: What was given is no context.
    """
    others = {name: value for name, value in kwargs.items() if name not in resources}
    if resources and (len(args) > 1 or (args and parameter is None and not _may_be_context(args[0]))):
        raise DagsterInvalidInvocationError(
            f"{what} was called with a resource by position: give resources by name, "
            f"{', '.join(f'{name}=...' for name in resources)}"
        )
    context = _only_context(what, parameter, args, others, build)
    context.add_resources({name: value for name, value in kwargs.items() if name in resources})
    return context


def _may_be_context(value: object) -> bool:
    return value is None or isinstance(value, SensorEvaluationContext)


def _only_context(
    what: str,
    parameter: ContextParameter | None,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    build: Callable[[], SensorEvaluationContext],
) -> SensorEvaluationContext:
    if len(args) + len(kwargs) > 1:
        raise DagsterInvalidInvocationError(
            f"{what} was called with {len(args) + len(kwargs)} arguments: give the context alone"
        )
    if parameter is None:
        if kwargs:
            raise DagsterInvalidInvocationError(
                f"{what} takes no parameter, it was called with {next(iter(kwargs))!r}"
            )
        return _context(what, args[0] if args else None, build)
    if not args and not kwargs:
        raise DagsterInvalidInvocationError(
            f"{what} was called without its context {parameter.name!r}: give {build.__name__}()"
        )
    if kwargs and parameter.name not in kwargs:
        raise DagsterInvalidInvocationError(
            f"{what} was called with {next(iter(kwargs))!r}: its context is named {parameter.name!r}"
        )
    return _context(what, args[0] if args else kwargs[parameter.name], build)


def _context(
    what: str, value: object, build: Callable[[], SensorEvaluationContext]
) -> SensorEvaluationContext:
    new = build()
    if value is None:
        return new
    if isinstance(value, type(new)):
        return value
    raise CheckError(f"{what} was called with {value!r} ({type(value).__name__}): give {build.__name__}()")
