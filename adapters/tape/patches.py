"""What is put in the place of Python's own functions, so that what sensors read by them goes to the tape.

Outside of an evaluation each does what the original does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from . import audit, chance, clock, environment, files, threads

_installed: dict[Any, Any] = {}
_OURS = str(Path(__file__).parents[2])


def install() -> None:
    """Put the functions in the places of the originals, for as long as the process lives; safe to call twice."""
    if _installed:
        return
    for source in (files, clock, chance, threads):
        for holder, name, replacement in source.patches():
            original = getattr(holder, name)
            _installed[original] = replacement
            setattr(holder, name, replacement)
    environment.install()
    _installed.update(clock.proxies())
    audit.install()


def rebind_code() -> None:
    """Do as `rebind` to all modules of the user's: those that are no part of Python, of packages, or of ours."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and not file.startswith((*audit.CODE, _OURS)):
            rebind(module)


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
