"""The tape: what a sensor read of the outside world in one tick, so that the tick can be evaluated again."""

from .current import Reading, covered, observe, playing, reading, under
from .player import NotOnTape, Player
from .recorder import Recorder
from .tape import Observation, Tape

__all__ = [
    "NotOnTape",
    "Observation",
    "Player",
    "Reading",
    "Recorder",
    "Tape",
    "covered",
    "observe",
    "playing",
    "reading",
    "under",
]
