"""Names of definitions, and what they may look like."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Sequence
from typing import Any

from .errors import CheckError, DagsterInvalidDefinitionError

#: Words that mean something inside of run config or of a step's parameters.
RESERVED = frozenset(
    [
        "context",
        "conf",
        "config",
        "meta",
        "arg_dict",
        "dict",
        "input_arg_dict",
        "output_arg_dict",
        "int",
        "str",
        "float",
        "bool",
        "input",
        "output",
        "type",
    ]
)

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")


def check_name(name: object, what: str) -> str:
    """Return *name* if a definition may have it.

    Args:
        what: The kind of definition, for the message, such as ``"job"``.

    Raises:
        DagsterInvalidDefinitionError: It may not.
    """
    if not isinstance(name, str):
        raise DagsterInvalidDefinitionError(f"the name of a {what} must be a str, got {name!r}")
    if not _NAME.match(name):
        raise DagsterInvalidDefinitionError(
            f"{name!r} is not a valid {what} name: use letters (A-Z, a-z), digits and underscores only"
        )
    if name in RESERVED or keyword.iskeyword(name):
        raise DagsterInvalidDefinitionError(f"{name!r} is not a valid {what} name: the word is reserved")
    return name


def name_or_own(name: str | None, fn: Callable[..., Any]) -> str:
    """Return *name*, or the name of *fn* if that is None; ``""`` if it has none."""
    own: str = getattr(fn, "__name__", "")
    return own if name is None else name


def check_owners(owners: Sequence[str] | None, what: str) -> tuple[str, ...]:
    """Return *owners*: e-mail addresses, or ``team:`` and a name.

    Raises:
        DagsterInvalidDefinitionError: One is neither.
    """
    if isinstance(owners, str):
        raise CheckError(f"owners of {what} must be a list of str, got {owners!r}")
    for owner in owners or ():
        if not isinstance(owner, str) or not (
            _EMAIL.match(owner) or owner.removeprefix("team:") not in ("", owner)
        ):
            raise DagsterInvalidDefinitionError(
                f"{owner!r} cannot own {what}: give an e-mail address or 'team:' and a name"
            )
    return tuple(owners or ())


def refuse_unsupported(what: str, given: dict[str, object], not_yet: Sequence[str]) -> None:
    """Refuse parameters that *what* does not have, or does not have yet.

    Args:
        given: The parameters in question; a None among *not_yet* is passed over.
        not_yet: Those of the reference that are not supported yet.

    Raises:
        DagsterInvalidDefinitionError: A parameter is not supported yet.
        TypeError: There is no such parameter.
    """
    for name, value in given.items():
        if name not in not_yet:
            raise TypeError(f"{what} got an unexpected keyword argument {name!r}")
        if value is not None:
            raise DagsterInvalidDefinitionError(
                f"{what}: the parameter {name!r} is not supported yet, leave it out"
            )
