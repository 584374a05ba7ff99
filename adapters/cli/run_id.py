"""Ids of runs as people give them: their first letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from ...core.errors import TickTrailError
from .text import UsageError

RunId = Annotated[str, Parameter(name="ID", help="Id of the run; its first letters are enough.")]

#: Shortest beginning of ids that is shown.
SHORT = 8


def checked(prefix: str) -> str:
    """Return the first letters of an id as they are.

    Raises:
        UsageError: There are none.
    """
    if not prefix:
        raise UsageError("the run id is empty: see `ticktrail run list`")
    return prefix


def the_one(prefix: str, found: Sequence[str]) -> str:
    """Return the only id of those that start with *prefix*.

    Raises:
        TickTrailError: There is none, or more than one.
    """
    if not found:
        raise TickTrailError(f"there is no run {prefix!r}: see `ticktrail run list`")
    if len(found) > 1:
        ids = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        raise TickTrailError(f"{len(found)} runs start with {prefix!r}: {ids}; give more of the id")
    return found[0]
