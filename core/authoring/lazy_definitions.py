"""A function that makes the `Definitions` when they are loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from .definitions import Definitions
from .errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError


class LazyDefinitions:
    """A function without parameters that returns `Definitions`; loading the module calls it.

    Attributes:
        load_fn: The function.
    """

    def __init__(self, load_fn: Callable[[], Definitions]) -> None:
        if not callable(load_fn):
            raise DagsterInvalidDefinitionError(f"@definitions is for functions, got {load_fn!r}")
        if inspect.signature(load_fn).parameters:
            raise DagsterInvalidDefinitionError(
                f"@definitions: {load_fn!r} has parameters, nothing is handed over: leave them out"
            )
        self.load_fn = load_fn

    def __call__(self) -> Definitions:
        """Call the function.

        Raises:
            DagsterInvariantViolationError: It returned something else than `Definitions`.
        """
        made = self.load_fn()
        if not isinstance(made, Definitions):
            raise DagsterInvariantViolationError(
                f"the function under @definitions must return Definitions, got {made!r}"
            )
        return made


def definitions(fn: Callable[[], Definitions]) -> LazyDefinitions:
    """Make the file's or module's `Definitions` of a function, called when it is loaded."""
    return LazyDefinitions(fn)
