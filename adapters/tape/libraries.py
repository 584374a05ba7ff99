"""Libraries that read in ways of their own: they are made ready when they are imported, and never imported for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ...core.tape import covered, reading
from . import (
    audit,
    botocore,
    duckdb,
    event_loops,
    http_surroundings,
    httpx,
    polars,
    psycopg,
    psycopg2,
    pyarrow,
    sqlite3,
    time_zones,
    urllib3,
)

#: What is replaced: whose, its name, and by what.
Patches = Iterator[tuple[Any, str, Any]]

_PATCHES: Mapping[str, Callable[[Any], Patches]] = {
    **http_surroundings.PATCHES,
    **urllib3.PATCHES,
    **httpx.PATCHES,
    **botocore.PATCHES,
    **event_loops.PATCHES,
    **sqlite3.PATCHES,
    **psycopg.PATCHES,
    **psycopg2.PATCHES,
    **duckdb.PATCHES,
    **pyarrow.PATCHES,
    **polars.PATCHES,
    **time_zones.PATCHES,
}


def install(put: Callable[[Any, str, Any], None]) -> None:
    """Make the libraries ready that are imported, and those that will be.

    Args:
        put: Puts a replacement in its place.
    """
    for name in _PATCHES:
        if (module := sys.modules.get(name)) is not None:
            _make_ready(module, put)
    sys.meta_path.insert(0, _Finder(put))


def _make_ready(module: ModuleType, put: Callable[[Any, str, Any], None]) -> None:
    for holder, name, replacement in _PATCHES[module.__name__](module):
        put(holder, name, replacement)


class _Finder(MetaPathFinder):
    """Finds what others find, and has it made ready once it is imported."""

    def __init__(self, put: Callable[[Any, str, Any], None]) -> None:
        self._put = put

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if name not in _PATCHES and reading() is None:
            return None
        spec = self._found(name, path, target)
        if spec is not None and spec.has_location and str(spec.origin).startswith(audit.CODE):
            self._watch(spec)
        return spec

    def _found(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            if find is not None and (spec := find(name, path, target)) is not None:
                found: ModuleSpec = spec
                return found
        return None

    def _watch(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            # A package is imported once in a process, so what it reads then is no read of one tick's.
            with covered():
                execute(module)
            if module.__name__ in _PATCHES:
                _make_ready(module, self._put)

        loader.exec_module = exec_module
