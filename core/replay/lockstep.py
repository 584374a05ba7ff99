"""Two codes on the ticks of the past, in step: the first tick in which they decide otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from .backtest import Backtest, BacktestTick, content_of
from .past_tick import PastTick


class Parting(msgspec.Struct, frozen=True):
    """A tick in which two codes part.

    Attributes:
        ticks: How many ticks they went through in agreement before it.
        first, second: What each did in it.
    """

    ticks: int
    first: BacktestTick
    second: BacktestTick


def parting(first: Backtest, second: Backtest, pasts: Iterable[PastTick]) -> Parting | None:
    """Return the first tick in which two codes decide otherwise, None if there is none."""
    for number, (one, other) in enumerate(_in_step(first, second, pasts)):
        if _decision(one) != _decision(other):
            return Parting(number, one, other)
    return None


def _in_step(
    first: Backtest, second: Backtest, pasts: Iterable[PastTick]
) -> Iterator[tuple[BacktestTick, BacktestTick]]:
    for past in pasts:
        [one] = first.run([past])
        [other] = second.run([past])
        yield one, other


def _decision(tick: BacktestTick) -> object:
    """Return what was decided: requests, cursor, error; what is the same for both is not."""
    requests = [content_of(change.new) for change in tick.requests if change.new is not None]
    return requests, tick.cursor_after, tick.error, tick.why_not
