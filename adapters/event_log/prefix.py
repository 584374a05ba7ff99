"""The first events of a log, as a log that ends there: whatever is folded from it is as it was then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...core.errors import LogUnavailable, ReadOnlyLog
from ...core.events import AnyEvent
from ...core.log import EventLog, Frame, Subscription
from .wakeups import Wakeups


class PrefixLog:
    """An `EventLog` that shows another one up to an offset, and takes nothing.

    Args:
        whole: The log, which stays the caller's.
        end: Where it ends: the number of its events that are shown, no more than it has.
    """

    def __init__(self, whole: EventLog, end: int) -> None:
        self._whole, self._end = whole, end
        # Nobody is ever woken: nothing is appended to what has been.
        self._wakeups = Wakeups()
        self._closed = False

    @property
    def partition(self) -> str:
        """The name of the partition."""
        return self._whole.partition

    def head(self) -> int:
        """Return where the log ends, whatever was appended since."""
        self._check_open()
        return self._end

    def append(
        self, events: Sequence[AnyEvent], *, expected: int | None, recorded_at: int, writer: str
    ) -> int:
        """Refuse.

        Raises:
            ReadOnlyLog: Always.
        """
        self._check_open()
        raise ReadOnlyLog(self.partition, end=self._end)

    def read(
        self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None
    ) -> Iterator[Frame]:
        """Yield the frames that hold the events of a range, the last one cut where the log ends."""
        self._check_open()
        if start < self._end:
            end = self._end if stop is None else min(stop, self._end)
            yield from self._whole.read(start, end, wanted=wanted)

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        """Return a subscription that never wakes."""
        self._check_open()
        return self._wakeups.subscribe(wake)

    def close(self) -> None:
        """End the view; the whole log stays open. Safe to call twice."""
        self._closed = True
        self._wakeups.close()

    def _check_open(self) -> None:
        if self._closed:
            raise LogUnavailable(f"the log of partition {self.partition!r} is closed: open it again")
