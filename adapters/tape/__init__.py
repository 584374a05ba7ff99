"""Recording: reads of the outside world that sensors make by Python's own means go to the tape, unasked."""

from .patches import install, rebind

__all__ = ["install", "rebind"]
