"""Which parameters of a function take resources, by their annotations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args, get_origin

from ..own_frames import locals_of_user
from .configurable_resource import ConfigurableResource
from .errors import CheckError

T = TypeVar("T")

_MARK = "ticktrail_resource"

#: Annotates a parameter that takes the resource of its name: ``db: ResourceParam[Connection]``.
ResourceParam = Annotated[T, _MARK]

_TEXT = re.compile(r"(\w+\.)*ResourceParam\[")


def annotation_of(fn: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Return the annotation; as text if it was written as text that means nothing here."""
    annotation = parameter.annotation
    if not isinstance(annotation, str):
        return annotation
    try:
        # A class that is local to where the function is decorated is known there only.
        known = {**locals_of_user(), **inspect.getclosurevars(fn).nonlocals}
        return eval(annotation, getattr(fn, "__globals__", {}), known)
    except (NameError, AttributeError, TypeError, SyntaxError, LookupError):
        # Names imported under TYPE_CHECKING only, or local ones: no fault unless it is the config.
        return annotation


def is_resource_annotation(annotation: Any) -> bool:
    """Return whether a parameter with this annotation takes a resource."""
    if isinstance(annotation, str):
        return _TEXT.match(annotation) is not None
    if get_origin(annotation) is Annotated:
        return _MARK in get_args(annotation)[1:]
    return isinstance(annotation, type) and issubclass(annotation, ConfigurableResource)


def resource_parameters(fn: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the parameters of *fn* that take resources, in order."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in parameters if is_resource_annotation(annotation_of(fn, p)))


def required_keys(declared: object, parameters: tuple[str, ...], what: str) -> frozenset[str]:
    """Return the names of all resources that *what* requires.

    Args:
        declared: As given for ``required_resource_keys``.

    Raises:
        CheckError: *declared* is no set of str, or there are resource parameters as well.
    """
    if declared is None:
        return frozenset(parameters)
    if not isinstance(declared, set | frozenset) or not all(isinstance(key, str) for key in declared):
        raise CheckError(f"required_resource_keys of {what} is {declared!r}: give a set of str")
    if declared and parameters:
        raise CheckError(
            f"{what} has both required_resource_keys and resource parameters ({', '.join(parameters)}): keep one"
        )
    return frozenset(declared) | frozenset(parameters)
