"""Recording: reads of the outside world that sensors make by Python's own means go to the tape, unasked."""

from .patches import install, rebind, rebind_code

__all__ = ["install", "rebind", "rebind_code"]
