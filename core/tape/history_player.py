"""A player for code that may read other things than the code whose tape it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from .player import NotOnTape, Player, answer
from .tape import Observation, Tape

T = TypeVar("T")

#: What becomes of a read that the tape does not have: it fails, or is answered by the tape before that has it, or
#: by the outside world as it is now.
Missing = Literal["fail", "nearest", "live"]

#: By which part of a second each clock of the system counts.
_CLOCKS: dict[str, float] = {
    "time": 1e-6,
    "now": 1e-6,
    "monotonic": 1e-6,
    "perf_counter": 1e-6,
    "time_ns": 1000,
    "monotonic_ns": 1000,
    "perf_counter_ns": 1000,
}


class HistoryPlayer(Player):
    """Answers reads of a tick as a whole: what is read more often than it was has the last answer again.

    Args:
        tape: What was read in the tick.
        policy: What becomes of a read that the tape does not have.
        nearest: What tapes before have answered last, kept up here.
        at: When the tick started (UTC, microseconds): the time, where the tape has none.
    """

    def __init__(
        self, tape: Tape, policy: Missing, nearest: dict[tuple[str, str, str], Observation], *, at: int
    ) -> None:
        super().__init__(tape)
        self._policy, self._nearest, self._at = policy, nearest, at
        if policy == "nearest":
            for place, left in self._left.items():
                nearest[place] = left[-1]
        self.replays = policy != "live"

    def observe(
        self,
        channel: str,
        what: str,
        subject: str,
        read: Callable[[], T],
        plain: Callable[[T], Any],
        restored: Callable[[Any], T],
    ) -> T:
        """See `Player.observe`."""
        place = channel, what, subject
        left = self._left.get(place)
        if left:
            observation = left.popleft() if len(left) > 1 else left[0]
        elif channel == "clock":
            return restored(self._clock(what))
        elif channel == "chance":
            return restored(bytes(int(subject or 16)))
        else:
            self.miss(f"{what} {subject}".rstrip())
            if self._policy == "live":
                return self._live(read)
            if place not in self._nearest:
                raise NotOnTape(f"{what} {subject!r} is not on the tape of this tick, nor on one before")
            observation = self._nearest[place]
        return answer(observation, restored)

    def _live(self, read: Callable[[], T]) -> T:
        self.inside += 1
        try:
            return read()
        finally:
            self.inside -= 1

    def _clock(self, what: str) -> float | int:
        unit = _CLOCKS[what]
        return self._at * int(unit) if unit > 1 else self._at * unit
