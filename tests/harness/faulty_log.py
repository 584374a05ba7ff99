"""A log whose appends fail as told: refused, refused although stored, or the end of the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from ticktrail.core.errors import LogUnavailable
from ticktrail.core.events import AnyEvent
from ticktrail.core.log import EventLog, Frame, Subscription

#: What can happen to an append.
Fault = Literal["refused", "stored, yet an error", "killed before", "killed after"]


class Killed(BaseException):
    """Stands for ``kill -9``: nothing of the process runs after it."""


class FaultyLog:
    """An `EventLog` on top of another one, which works as long as no fault is due.

    Attributes:
        appends: How many appends were tried.
        fault: What happens to the next append; cleared by it.
        fault_at: The number of the append, from 0, that `fault` waits for; None for the next one.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.appends = 0
        self.fault: Fault | None = None
        self.fault_at: int | None = None

    @property
    def partition(self) -> str:
        return self._log.partition

    def head(self) -> int:
        return self._log.head()

    def append(
        self, events: Sequence[AnyEvent], *, expected: int | None, recorded_at: int, writer: str
    ) -> int:
        fault = self._due_fault()
        self.appends += 1
        if fault == "killed before":
            raise Killed
        if fault == "refused":
            raise LogUnavailable("the disk is full")
        first = self._log.append(events, expected=expected, recorded_at=recorded_at, writer=writer)
        if fault == "stored, yet an error":
            raise LogUnavailable("the connection was lost")
        if fault == "killed after":
            raise Killed
        return first

    def read(
        self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None
    ) -> Iterator[Frame]:
        return self._log.read(start, stop)

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        return self._log.subscribe(wake)

    def close(self) -> None:
        self._log.close()

    def _due_fault(self) -> Fault | None:
        if self.fault is None or self.fault_at not in (None, self.appends):
            return None
        fault, self.fault = self.fault, None
        return fault
