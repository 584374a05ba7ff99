"""The ``ticktrail`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    from .app import execute

    sys.exit(execute(sys.argv[1:]))
