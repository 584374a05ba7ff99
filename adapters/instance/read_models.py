"""The read models behind an instance, kept at the head of its log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from ...core.events import AnyEvent, AssetMaterialized, AssetObserved
from ...core.log import EventLog, Frame
from ...core.records.event_log import EventLogEntry, EventLogRecord
from ...projections.dynamic_partitions import DynamicPartitions
from ...projections.positions import AssetPositions, StatusPositions
from ...projections.runs import Runs


class ReadModels:
    """What an instance answers from; nothing is folded before the first question.

    Runs are kept whole, of other events only the positions: their contents are read from the log.

    Attributes:
        runs: All runs.
        statuses: Where runs got to their statuses.
        materializations: Where assets were materialized.
        observations: Where assets were observed.
        partitions: The sets of dynamic partitions.
    """

    def __init__(self, log: EventLog) -> None:
        self._log, self._lock = log, RLock()
        self._frame: Frame | None = None
        self.runs, self.statuses = Runs(), StatusPositions()
        self.materializations = AssetPositions(AssetMaterialized)
        self.observations = AssetPositions(AssetObserved)
        self.partitions = DynamicPartitions()
        self._folds = (self.runs, self.statuses, self.materializations, self.observations, self.partitions)

    @contextmanager
    def at_head(self) -> Iterator[ReadModels]:
        """Be at the head for the length of the block, alone: threads take turns."""
        with self._lock:
            for frame in self._log.read(self.runs.checkpoint):
                for fold in self._folds:
                    fold.apply(frame.first_offset, frame.events)
            yield self

    @property
    def head(self) -> int:
        """The offset up to which the log is folded."""
        return self.runs.checkpoint

    def knows_asset(self, name: str) -> bool:
        """Return whether the asset was ever told of."""
        return any(kind.latest(name) is not None for kind in (self.materializations, self.observations))

    def record(self, offset: int) -> EventLogRecord:
        """Return the event at an offset that was folded."""
        return EventLogRecord(storage_id=offset, event_log_entry=self.entry(self._event(offset)))

    def entry(self, event: AnyEvent) -> EventLogEntry:
        """Return the entry that tells of *event*."""
        run = self.runs.get(getattr(event, "run", None) or "")
        return EventLogEntry(event=event, job_name=None if run is None else run.job)

    def _event(self, offset: int) -> AnyEvent:
        # Questions go from event to event, so the next one mostly lies in the frame of the last.
        frame = self._frame
        if frame is None or not frame.first_offset <= offset < frame.next_offset:
            self._frame = frame = next(self._log.read(offset))
        return frame.events[offset - frame.first_offset]
