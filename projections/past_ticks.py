"""Ticks of the past: a sensor's, each with the state that it was decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..core.events import (
    AnyEvent,
    BlobStored,
    DynamicPartitionsChanged,
    RunKeyImported,
    RunKeysReleased,
    RunRequested,
    TapeRecorded,
    TickCompleted,
    TickFailed,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)
from ..core.log import EventLog, Frame
from ..core.replay import PastTick
from ..core.sensor_state import SensorState, evolve
from ..core.tape import Tape
from ..core.tape.storing import tape_of
from .dynamic_partitions import DynamicPartitions
from .outbox import Outbox

#: How many blobs are kept in memory: a folder that does not change is read again and again.
_RECENT = 16

_ENDS = (TickCompleted, TickFailed, TickInterrupted, TickSkipped)


def past_ticks(log: EventLog, sensor: str) -> Iterator[PastTick]:
    """Yield the ticks of a sensor as they end, from the log's beginning."""
    return PastTicks(sensor, lambda offset: next(log.read(offset, offset + 1)).events[0]).of(log.read())


class PastTicks:
    """Goes through a log's frames, and yields the ticks of one sensor as they end.

    What a tick says of the sensor's state, keys and partitions holds until the next one is asked for.

    Args:
        sensor: The sensor's name.
        read: Returns the event at an offset of the log.
    """

    def __init__(self, sensor: str, read: Callable[[int], AnyEvent]) -> None:
        self._sensor, self._read = sensor, read
        self._state = SensorState(name=sensor)
        self._owners: dict[str, int] = {}
        self._partitions, self._runs = DynamicPartitions(), Outbox()
        self._blobs: dict[bytes, int] = {}
        self._recent: dict[bytes, BlobStored] = {}
        self._open: tuple[int, TickStarted, SensorState] | None = None
        self._outcome: list[tuple[int, AnyEvent]] = []

    def of(self, frames: Iterable[Frame]) -> Iterator[PastTick]:
        """Yield the ticks that end in these frames, which begin where the log does."""
        for frame in frames:
            for offset, event in enumerate(frame.events, frame.first_offset):
                yield from self._heed(offset, event)

    def _heed(self, offset: int, event: Any) -> Iterator[PastTick]:
        if isinstance(event, BlobStored):
            # It may be of another sensor's tick, and be named by this one's.
            self._blobs[event.digest] = offset
        if self._open is not None and getattr(event, "tick", None) == self._open[0]:
            self._outcome.append((offset, event))
            if isinstance(event, _ENDS):
                yield self._past(*self._open)
                self._open = None
                self._take(self._outcome)
                self._outcome = []
            return
        self._take([(offset, event)])
        if isinstance(event, TickStarted) and event.sensor == self._sensor:
            self._open = offset, event, self._state

    def _past(self, tick: int, started: TickStarted, state_at_start: SensorState) -> PastTick:
        events = [
            (offset, event)
            for offset, event in self._outcome
            if not isinstance(event, (BlobStored, TapeRecorded))
        ]
        tape = next((event for _, event in self._outcome if isinstance(event, TapeRecorded)), None)
        return PastTick(
            tick=tick,
            started=started,
            state_at_start=state_at_start,
            state=self._state,
            owners=self._owners,
            failed_try=self._runs.failed_try,
            partitions=self._partitions,
            events=[event for _, event in events],
            offset=events[0][0],
            read_tape=lambda: self._tape(started, tape),
        )

    def _tape(self, started: TickStarted, event: TapeRecorded | None) -> Tape | None:
        if event is None:
            return Tape() if started.recorded else None
        return tape_of(event, self._blob)

    def _blob(self, digest: bytes) -> BlobStored | None:
        found = self._recent.pop(digest, None)
        if found is None and (offset := self._blobs.get(digest)) is not None:
            event = self._read(offset)
            found = event if isinstance(event, BlobStored) else None
        if found is not None:
            self._recent[digest] = found
            if len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]
        return found

    def _take(self, events: Sequence[tuple[int, Any]]) -> None:
        for offset, event in events:
            if isinstance(event, DynamicPartitionsChanged):
                self._partitions.take([(offset, event)], offset + 1)
            of_sensor = getattr(event, "sensor", None) == self._sensor
            if type(event) in self._runs.wanted and (of_sensor or not isinstance(event, RunRequested)):
                self._runs.take([(offset, event)], offset + 1)
            if not of_sensor:
                continue
            self._state = evolve(self._state, offset, event)
            if isinstance(event, RunRequested | RunKeyImported) and event.run_key:
                self._owners.setdefault(event.run_key, offset)
            elif isinstance(event, RunKeysReleased):
                for key in event.run_keys:
                    self._owners.pop(key, None)
