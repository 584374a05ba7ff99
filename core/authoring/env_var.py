"""Environment variables as values of a resource's fields: named when declared, read when set up."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from ..host import host
from .errors import DagsterInvalidConfigError, DagsterInvariantViolationError


class EnvVar(str):
    """The name of an environment variable, in place of the text that it will hold.

    Give it to a field of a `ConfigurableResource`; `EnvVar.int` for a field that is a number.
    """

    __slots__ = ()

    @classmethod
    def int(cls, name: str) -> IntEnvVar:
        """Return the variable *name* for a field that takes an int."""
        return IntEnvVar.create(name)

    @property
    def env_var_name(self) -> str:
        """The variable's name."""
        return str.__str__(self)

    def get_value(self, default: str | None = None) -> str | None:
        """Return what the variable holds now, *default* if it is not set."""
        value = host().environment(self.env_var_name)
        return default if value is None else value

    def __str__(self) -> str:
        raise DagsterInvariantViolationError(
            f"{self!r} is not the text that the variable holds: give it to a field of a ConfigurableResource, "
            "or use get_value()"
        )

    def __repr__(self) -> str:
        return f"EnvVar({self.env_var_name!r})"


class IntEnvVar(int):
    """The name of an environment variable, in place of the number that it will hold."""

    env_var_name: str

    @classmethod
    def create(cls, name: str) -> Self:
        """Return the variable *name*."""
        made = cls(0)
        made.env_var_name = name
        return made

    def get_value(self, default: int | None = None) -> int | None:
        """Return what the variable holds now, *default* if it is not set.

        Raises:
            DagsterInvalidConfigError: It holds something else than a whole number.
        """
        value = host().environment(self.env_var_name)
        if value is None:
            return default
        try:
            return int(value)
        except ValueError:
            raise DagsterInvalidConfigError(
                f"the environment variable {self.env_var_name!r} holds no whole number"
            ) from None

    def __repr__(self) -> str:
        return f"EnvVar.int({self.env_var_name!r})"

    __str__ = __repr__


def is_env_var(value: object) -> bool:
    """Return whether *value* stands for an environment variable."""
    return isinstance(value, (EnvVar, IntEnvVar))


def read_env_var(variable: EnvVar | IntEnvVar, kind: Any, where: str) -> Any:
    """Return what *variable* holds as a value of type *kind*; no message ever shows it.

    Raises:
        DagsterInvalidConfigError: It is not set, or holds something that is no *kind*.
    """
    text = host().environment(variable.env_var_name)
    if text is None:
        raise DagsterInvalidConfigError(
            f"{where} is to come from the environment variable {variable.env_var_name!r}, which is not set: "
            "set it where the engine starts"
        )
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        raise DagsterInvalidConfigError(
            f"{where} comes from the environment variable {variable.env_var_name!r}, whose value does not fit "
            f"the type {getattr(kind, '__name__', kind)}"
        ) from None
