"""The file of a plan: versioned JSON, whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from ...core.errors import TickTrailError
from ...core.reset_plan import VERSION, ResetPlan


class PlanFileError(TickTrailError):
    """The file holds no plan that this release can apply, or cannot be read or written."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} {what}")
        self.path, self.what = path, what


class _Version(msgspec.Struct):
    version: int


def is_lossless(plan: ResetPlan) -> bool:
    """Whether JSON holds all of the plan: it has no ``nan`` and no infinite numbers."""
    read = msgspec.json.decode(msgspec.json.encode(plan), type=ResetPlan)
    return msgspec.msgpack.encode(read) == msgspec.msgpack.encode(plan)


def write_plan(plan: ResetPlan, path: Path) -> None:
    """Write the plan; a file that is there is replaced in one step.

    Raises:
        PlanFileError: It cannot be written; what was there is as it was.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".plan-", suffix=".json")
        try:
            with open(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise PlanFileError(path, f"cannot be written ({why}): name another file with -o") from error


def read_plan(path: Path) -> ResetPlan:
    """Read a plan.

    Raises:
        PlanFileError: There is none in the file, or one of another version, or it was changed since it was made.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise PlanFileError(path, f"cannot be read ({why}): name the file of a plan") from error
    none = "is no plan of a cursor reset: give a file that `ticktrail cursor plan` has written"
    try:
        version = msgspec.json.decode(text, type=_Version).version
        if version != VERSION:
            release = "a newer ticktrail: upgrade, or" if version > VERSION else "an older ticktrail:"
            why = f"is a plan of version {version}, this release applies {VERSION}; it was made by {release} plan anew"
            raise PlanFileError(path, why)
        plan = msgspec.json.decode(text, type=ResetPlan)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PlanFileError(path, none) from error
    if not plan.is_sealed:
        raise PlanFileError(path, "was changed since it was made: plan anew with `ticktrail cursor plan`")
    return plan
