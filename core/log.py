"""The port of the event log: an append-only sequence of frames of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from .events import AnyEvent


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one durable append, or a part of them when they are too many for one frame.

    Attributes:
        number: Place of the frame in its partition, from 0, gapless.
        first_offset: Offset of the first event; the others follow without gaps.
        recorded_at: When the writer built it; UTC, microseconds since the epoch.
        writer: Who wrote it, such as ``"engine:4f1c"``, ``"cli:ann@host"``, ``"run:9a…"``.
        events: At least one event.
    """

    number: int
    first_offset: int
    recorded_at: int
    writer: str
    events: Sequence[AnyEvent]

    @property
    def next_offset(self) -> int:
        """The offset of the event that would follow this frame."""
        return self.first_offset + len(self.events)


class Subscription(Protocol):
    """A standing wish to be woken; `close` ends it and is safe to call twice."""

    def close(self) -> None: ...


class EventLog(Protocol):
    """One partition of the append-only log. Promises: ``tests/contracts/event_log.py``.

    Every event has an offset, from 0, gapless, in the one order that all readers see. The head is
    the offset that the next event will get, so it is also the number of events.

    Safe to use from several threads of a process, and from several processes at once.
    """

    @property
    def partition(self) -> str:
        """The name of the partition."""

    def head(self) -> int:
        """Return the offset that the next event will get, asking the storage."""

    def append(
        self, events: Sequence[AnyEvent], *, expected: int | None, recorded_at: int, writer: str
    ) -> int:
        """Append *events*: all of them or none, durable when this returns.

        Too many events for one frame become several frames of the same append.

        Args:
            events: At least one.
            expected: The head the caller decided on. None appends wherever the head is, for facts
                that no other event can contradict.
            recorded_at: UTC, microseconds since the epoch.
            writer: Who appends.

        Returns:
            The offset of the first event appended.

        Raises:
            LogConflict: The head is not *expected*; nothing was written.
            LogUnavailable: The storage refused; nothing was written.
        """

    def read(
        self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None
    ) -> Iterator[Frame]:
        """Yield the frames that hold the events from offset *start* up to before *stop*, in order.

        The first and last frame are cut to the range. Reads to the head when *stop* is None, then
        ends; an event that is committed later is never passed over by a later read from where this
        one ended.

        Args:
            wanted: The types of event that the caller looks at, None for all of them. Events of other
                types may come as `PassedOver`, which is quicker; `RequestedKey` may be wanted in the
                place of `RunRequested`. `event_columns.IN_COLUMNS` is for readers of columns.

        Raises:
            CorruptFrame: A frame is truncated, changed or missing. Frames before it were yielded.
            UnknownSchema: A frame comes from a newer release. Frames before it were yielded.
        """

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        """Call *wake*, from some thread, soon after any append by anyone.

        Within milliseconds for appends through this object, within the adapter's poll interval or
        notification time for others'. Calls may come late, twice or for nothing, but one always
        comes after the last append; *wake* carries no data and must return at once.
        """

    def close(self) -> None:
        """Release the storage; safe to call twice."""
