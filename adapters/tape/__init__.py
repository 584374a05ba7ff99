"""Recording: reads of the outside world that sensors make by Python's own means go to the tape, unasked."""

from .patches import install, is_users, rebind, rebind_code

__all__ = ["install", "is_users", "rebind", "rebind_code"]
