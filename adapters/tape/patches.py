"""What is put in the place of Python's own functions, so that what sensors read by them goes to the tape.

Outside of an evaluation each does what the original does.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from . import audit, chance, clock, environment, files, http, libraries, source_lines, threads

_installed: dict[Any, Any] = {}
_OURS = str(Path(__file__).parents[2])


def install() -> None:
    """Put the functions in the places of the originals, for as long as the process lives; safe to call twice."""
    if _installed:
        return
    for source in (files, clock, chance, threads, http, source_lines):
        for holder, name, replacement in source.patches():
            _put(holder, name, replacement)
    environment.install()
    _installed.update(clock.proxies())
    libraries.install(_put)
    audit.install()


def _put(holder: Any, name: str, replacement: Any) -> None:
    original = getattr(holder, name)
    # Modules of users take functions by name; what one library sees for a module is that library's own. What has no
    # hash are methods of extensions.
    if isinstance(original, Hashable) and not isinstance(replacement, ModuleType):
        _installed[original] = replacement
    setattr(holder, name, replacement)


def rebind_code() -> None:
    """Do as `rebind` to all modules of the user's."""
    for module in filter(is_users, list(sys.modules.values())):
        rebind(module)


def is_users(module: ModuleType) -> bool:
    """Return whether a module is the user's: no part of Python, of installed packages, or of ours."""
    file = getattr(module, "__file__", None)
    return bool(file) and not str(file).startswith((*audit.CODE, _OURS))


def rebind(module: ModuleType) -> None:
    """Let a module that took originals by name (``from os import listdir``) have what is in their place."""
    names: Mapping[str, Any] = vars(module)
    for name, value in list(names.items()):
        if (replacement := _replacement(value)) is not None:
            setattr(module, name, replacement)


def _replacement(value: Any) -> Any:
    try:
        return _installed.get(value)
    except TypeError:
        return None
