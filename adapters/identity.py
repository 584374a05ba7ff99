"""Who acts: the operating system's names of the user and the machine."""

from __future__ import annotations

import getpass
import os
import socket


def user_name() -> str:
    """Return the user's login name, or ``uid-<number>`` where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def actor() -> str:
    """Return ``user@host``, the actor of operator actions unless another is named."""
    return f"{user_name()}@{socket.gethostname()}"
