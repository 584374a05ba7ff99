"""Replay: ticks of the past are evaluated again under their tapes, and decided on again."""

from .backtest import Backtest, BacktestTick, Change, RequestChange
from .past_tick import PastTick
from .replay import Difference, Replayed, replay

__all__ = [
    "Backtest",
    "BacktestTick",
    "Change",
    "Difference",
    "PastTick",
    "Replayed",
    "RequestChange",
    "replay",
]
