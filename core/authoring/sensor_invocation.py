"""How a sensor function is called: with the context or with nothing, under any parameter name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
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
    """

    name: str
    keyword_only: bool


def context_parameter(sensor: str, function: Callable[..., Any]) -> ContextParameter | None:
    """Return the parameter that takes the context, None when the function takes nothing.

    It is the first parameter, whatever its name; those after it need defaults.

    Raises:
        DagsterInvalidDefinitionError: The function needs more than the context.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise DagsterInvalidDefinitionError(
            f"sensor {sensor!r}: {function!r} does not tell its parameters: wrap it in a function of one "
            "parameter, the context"
        ) from error
    needed = [p.name for p in parameters[1:] if p.default is p.empty and p.kind not in _VARIADIC]
    if needed:
        raise DagsterInvalidDefinitionError(
            f"sensor {sensor!r} needs more than its context: {', '.join(needed)}. Resource parameters are not "
            "supported yet: take the context alone, or give the others defaults"
        )
    if not parameters or parameters[0].kind is Parameter.VAR_KEYWORD:
        return None
    first = parameters[0]
    return ContextParameter(first.name, keyword_only=first.kind is Parameter.KEYWORD_ONLY)


def caller(function: Callable[..., Any], parameter: ContextParameter | None) -> Callable[[Any], Any]:
    """Return the way to call *function* with a context."""
    if parameter is None:
        return lambda _context: function()
    if parameter.keyword_only:
        name = parameter.name
        return lambda context: function(**{name: context})
    return function


def context_from_call(
    sensor: str, parameter: ContextParameter | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> SensorEvaluationContext:
    """Return the context that a direct call of the sensor gives; a new one for None.

    Raises:
        DagsterInvalidInvocationError: Not one context, or under another name than the parameter's.
        CheckError: What was given is no context.
    """
    if len(args) + len(kwargs) > 1:
        raise DagsterInvalidInvocationError(
            f"sensor {sensor!r} was called with {len(args) + len(kwargs)} arguments: give the context alone"
        )
    if parameter is None:
        if kwargs:
            raise DagsterInvalidInvocationError(
                f"sensor {sensor!r} takes no parameter, it was called with {next(iter(kwargs))!r}"
            )
        return _context(sensor, args[0] if args else None)
    if not args and not kwargs:
        raise DagsterInvalidInvocationError(
            f"sensor {sensor!r} was called without its context {parameter.name!r}: give build_sensor_context()"
        )
    if kwargs and parameter.name not in kwargs:
        raise DagsterInvalidInvocationError(
            f"sensor {sensor!r} was called with {next(iter(kwargs))!r}: its context is named {parameter.name!r}"
        )
    return _context(sensor, args[0] if args else kwargs[parameter.name])


def _context(sensor: str, value: object) -> SensorEvaluationContext:
    if value is None:
        return build_sensor_context()
    if isinstance(value, SensorEvaluationContext):
        return value
    raise CheckError(
        f"sensor {sensor!r} was called with {value!r} ({type(value).__name__}): give build_sensor_context()"
    )
