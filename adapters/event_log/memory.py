"""The event log in memory: the model of the port, gone with the process."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from threading import Lock

from ...core.errors import LogConflict, LogUnavailable
from ...core.events import AnyEvent
from ...core.log import Frame, Subscription
from .cutting import cut_frame
from .wakeups import Wakeups


class MemoryEventLog:
    """An `EventLog` that holds its frames in a list."""

    def __init__(self, partition: str = "main") -> None:
        self._partition = partition
        self._frames: list[Frame] = []
        self._lock = Lock()
        self._wakeups = Wakeups()
        self._closed = False

    @property
    def partition(self) -> str:
        return self._partition

    def head(self) -> int:
        self._check_open()
        return self._frames[-1].next_offset if self._frames else 0

    def append(
        self, events: Sequence[AnyEvent], *, expected: int | None, recorded_at: int, writer: str
    ) -> int:
        if not events:
            raise ValueError("an append holds at least one event")
        with self._lock:
            head = self.head()
            if expected is not None and expected != head:
                raise LogConflict(self._partition, expected=expected, actual=head)
            self._frames.append(
                Frame(
                    number=len(self._frames),
                    first_offset=head,
                    recorded_at=recorded_at,
                    writer=writer,
                    events=list(events),
                )
            )
        self._wakeups.wake_all()
        return head

    def read(
        self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None
    ) -> Iterator[Frame]:
        self._check_open()
        place = bisect_right(self._frames, start, key=lambda frame: frame.next_offset)
        while place < len(self._frames):
            frame = self._frames[place]
            if stop is not None and frame.first_offset >= stop:
                return
            yield cut_frame(frame, start, stop)
            place += 1

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        self._check_open()
        return self._wakeups.subscribe(wake)

    def close(self) -> None:
        self._closed = True
        self._wakeups.close()

    def _check_open(self) -> None:
        if self._closed:
            raise LogUnavailable(f"the log of partition {self._partition!r} is closed: open it again")
