"""Time zones: their files are a part of Python's installation, and read once in a process; none is a read of one tick's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from .unrecorded import unrecorded


def _paths(module: Any) -> Iterator[tuple[Any, str, Any]]:
    """Where the files are looked for, which the module in C calls by a reference of its own."""
    path, system = _copy(module.os.path), _copy(module.os)
    path.isfile = unrecorded(path.isfile)
    system.path = path
    yield module, "os", system


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {"zoneinfo._tzpath": _paths}


def _copy(module: ModuleType) -> Any:
    copy = ModuleType(module.__name__, module.__doc__)
    vars(copy).update(vars(module))
    return copy
