"""Ticks of the past: a sensor's, each with the state that it was decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_args

from ..core.events import (
    AnyEvent,
    BlobStored,
    DynamicPartitionsChanged,
    EngineStarted,
    EngineStopped,
    RunCanceled,
    RunFailed,
    RunKeyImported,
    RunKeysReleased,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorQuarantined,
    StepLogged,
    TapeRecorded,
    TickCompleted,
    TickFailed,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)
from ..core.log import EventLog, Frame
from ..core.offsets_by_digest import OffsetsByDigest
from ..core.replay import PastTick
from ..core.replay.key_owners import KeyOwners
from ..core.replay.past_tick import end_of
from ..core.run_keys import NOBODY
from ..core.sensor_state import CHANGING, SensorState, evolve
from ..core.tape import Tape
from ..core.tape.storing import tape_of
from .dynamic_partitions import DynamicPartitions
from .failed_tries import FailedTries

#: How many blobs are kept in memory: a folder that does not change is read again and again.
_RECENT = 16

#: The tape of a tick that read nothing.
_EMPTY = Tape()

_ENDS = (TickCompleted, TickFailed, TickInterrupted, TickSkipped)

#: The types of event that ticks of the past are made from; others need not be decoded.
WANTED: frozenset[type] = frozenset(get_args(AnyEvent)) - {
    EngineStarted, EngineStopped, RunLaunched, RunStarted, StepLogged,
}  # fmt: skip

#: Those that have the name of a sensor.
_OF_SENSORS = frozenset(kind for kind in WANTED if "sensor" in kind.__struct_fields__)  # type: ignore[attr-defined]


def past_ticks(log: EventLog, sensor: str, frames: Iterable[Frame] | None = None) -> Iterator[PastTick]:
    """Yield the ticks of a sensor as they end, from the log's beginning.

    Args:
        frames: The whole log, if somebody watches it being read; of the types in `WANTED`.
    """
    past = PastTicks(sensor, lambda offset: next(log.read(offset, offset + 1)).events[0])
    return past.of(log.read(wanted=WANTED) if frames is None else frames)


class PastTicks:
    """Goes through a log's frames, and yields the ticks of one sensor as they end.

    What a tick says of the sensor's state, keys and partitions holds until the next one is asked for.
    In memory are the sensor's run keys and the places of blobs, some dozens of bytes for each; nothing for a tick.

    Args:
        sensor: The sensor's name.
        read: Returns the event at an offset of the log.
    """

    def __init__(self, sensor: str, read: Callable[[int], AnyEvent]) -> None:
        self._sensor, self._read = sensor, read
        self._state = SensorState(name=sensor)
        self._owners, self._failed_tries = KeyOwners(sensor), FailedTries()
        self._partitions, self._blobs = DynamicPartitions(), OffsetsByDigest()
        self._recent: dict[bytes, BlobStored] = {}
        self._open: tuple[int, TickStarted, SensorState] | None = None
        self._outcome: list[tuple[int, AnyEvent]] = []
        self._tape: TapeRecorded | None = None
        self._over = False
        self._steps = self._steps_by_type()

    def of(self, frames: Iterable[Frame]) -> Iterator[PastTick]:
        """Yield the ticks that end in these frames, which begin where the log does."""
        for frame in frames:
            for offset, event in enumerate(frame.events, frame.first_offset):
                kind: Any = type(event)
                if kind is BlobStored:
                    # Whosever tick it is of, others may name it.
                    self._blobs.put(event.digest, offset)  # type: ignore[union-attr]
                    continue
                if kind in _OF_SENSORS and event.sensor != self._sensor:  # type: ignore[union-attr]
                    continue
                # Its quarantine is a part of the tick after which a sensor gets into it.
                if self._over and kind is not SensorQuarantined:
                    yield self._past()
                    self._close()
                self._heed(kind, offset, event)
        if self._over:
            yield self._past()
            self._close()

    def _heed(self, kind: type, offset: int, event: Any) -> None:
        if self._open is not None and getattr(event, "tick", None) == self._open[0]:
            if kind is TapeRecorded:
                self._tape = event
                return
            self._outcome.append((offset, event))
            self._over = self._over or kind in _ENDS
            return
        self._take(kind, offset, event)
        if kind is TickStarted:
            self._open = offset, event, self._state

    def _close(self) -> None:
        for offset, event in self._outcome:
            self._take(type(event), offset, event)
        self._open, self._outcome, self._tape, self._over = None, [], None, False

    def _past(self) -> PastTick:
        assert self._open is not None
        (tick, started, state_at_start), tape = self._open, self._tape
        events = [event for _, event in self._outcome]
        return PastTick(
            tick=tick,
            started=started,
            state_at_start=state_at_start,
            state=self._state,
            owners=self._owners,
            failed_try=self._failed_tries.of,
            partitions=self._partitions,
            events=events,
            offset=self._outcome[0][0],
            end=end_of(events),
            read_tape=lambda: self._read_tape(started, tape),
        )

    def _read_tape(self, started: TickStarted, event: TapeRecorded | None) -> Tape | None:
        if event is None:
            return _EMPTY if started.recorded else None
        return tape_of(event, self._blob)

    def _blob(self, digest: bytes) -> BlobStored | None:
        found = self._recent.pop(digest, None)
        if found is None and (offset := self._blobs.get(digest)) != NOBODY:
            event = self._read(offset)
            found = event if isinstance(event, BlobStored) else None
        if found is not None:
            self._recent[digest] = found
            if len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]
        return found

    # --- the folds -------------------------------------------------------------------------------

    def _take(self, kind: type, offset: int, event: Any) -> None:
        if kind in CHANGING:
            self._state = evolve(self._state, offset, event)
        elif (step := self._steps.get(kind)) is not None:
            step(offset, event)

    def _steps_by_type(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            DynamicPartitionsChanged: self._partitions_changed,
            RunRequested: self._requested,
            RunKeyImported: lambda offset, event: self._owners.claimed(offset, event.run_key),
            RunKeysReleased: lambda _, event: self._owners.released(event),
            RunSucceeded: lambda _, event: self._failed_tries.ended(event),
            RunFailed: lambda _, event: self._failed_tries.ended(event),
            RunCanceled: lambda _, event: self._failed_tries.ended(event),
        }

    def _partitions_changed(self, offset: int, event: DynamicPartitionsChanged) -> None:
        self._partitions.take([(offset, event)], offset + 1)

    def _requested(self, offset: int, event: RunRequested) -> None:
        self._owners.claimed(offset, event.run_key)
        self._failed_tries.requested(offset, event)
