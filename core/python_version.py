"""The Python that runs, as far as it changes what code does and reads."""

from __future__ import annotations

import sys

#: Major and minor version, such as ``"3.11"``.
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def version_note(recorded: str | None) -> str | None:
    """Return what is to be said where something else was recorded than comes of it now; None if nothing is.

    Args:
        recorded: The Python under which it was recorded, None if that is not known.
    """
    if recorded is None or recorded == PYTHON:
        return None
    return f"it was recorded under Python {recorded}, and this is Python {PYTHON}: they may read and decide otherwise"
