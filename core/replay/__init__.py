"""Replay: ticks of the past are evaluated again under their tapes, and decided on again."""

from .past_tick import PastTick
from .replay import Difference, Replayed, replay

__all__ = ["Difference", "PastTick", "Replayed", "replay"]
