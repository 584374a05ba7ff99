"""The ``ticktrail`` command."""

from __future__ import annotations

import sys

from ..cyclic_gc import without_cyclic_gc


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    with without_cyclic_gc():
        from .app import execute

    sys.exit(execute(sys.argv[1:]))
