"""Entries of the event log, as sensors, steps and tests see them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ..authoring.asset_key import AssetKey
from ..authoring.errors import CheckError
from ..authoring.results import AssetMaterialization, AssetObservation
from ..events import AnyEvent, RunCanceled, RunFailed, StepLogged
from .dagster_event import (
    DagsterEvent,
    DagsterEventType,
    event_type_of,
    materialization_of,
    observation_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLogEntry:
    """One entry of the log.

    Attributes:
        event: The event as the log holds it; ours.
        job_name: The job of the run, None for events without a run.
    """

    event: AnyEvent
    job_name: str | None = None

    @property
    def run_id(self) -> str:
        """The run that the event belongs to, ``""`` if it belongs to none."""
        return getattr(self.event, "run", None) or ""

    @property
    def timestamp(self) -> float:
        """When it happened, seconds since the epoch."""
        return self.event.at / 1e6

    @property
    def dagster_event(self) -> DagsterEvent | None:
        """The event, None for a log line."""
        return DagsterEvent(event=self.event, job_name=self.job_name) if event_type_of(self.event) else None

    def get_dagster_event(self) -> DagsterEvent:
        """Return the event.

        Raises:
            CheckError: It is a log line.
        """
        event = self.dagster_event
        if event is None:
            raise CheckError(f"this entry is a log line, not an event: {self.message!r}")
        return event

    @property
    def dagster_event_type(self) -> DagsterEventType | None:
        """The sort of event, None for a log line."""
        return event_type_of(self.event)

    @property
    def is_dagster_event(self) -> bool:
        """Whether it is more than a log line."""
        return event_type_of(self.event) is not None

    @property
    def step_key(self) -> str | None:
        """The step that it belongs to, None if it belongs to none."""
        return getattr(self.event, "step", None)

    @property
    def level(self) -> int:
        """The logging level, such as ``logging.INFO``."""
        if isinstance(self.event, StepLogged):
            return _number(self.event.level)
        return logging.ERROR if isinstance(self.event, RunFailed | RunCanceled) else logging.DEBUG

    @property
    def message(self) -> str:
        """What happened, for people."""
        event = self.dagster_event
        if event is not None:
            return event.message
        return self.event.message if isinstance(self.event, StepLogged) else type(self.event).__name__

    @property
    def user_message(self) -> str:
        """The same as `message`."""
        return self.message

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """What was told of the materialization, None if it is none."""
        return materialization_of(self.event)

    @property
    def asset_observation(self) -> AssetObservation | None:
        """What was told of the observation, None if it is none."""
        return observation_of(self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLogRecord:
    """An entry of the log and its place.

    Attributes:
        storage_id: Offset of the event.
        event_log_entry: The entry.
    """

    storage_id: int
    event_log_entry: EventLogEntry

    @property
    def run_id(self) -> str:
        """The run that the event belongs to, ``""`` if it belongs to none."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """When it happened, seconds since the epoch."""
        return self.event_log_entry.timestamp

    @property
    def event_type(self) -> DagsterEventType | None:
        """The sort of event, None for a log line."""
        return event_type_of(self.event_log_entry.event)

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that the event is about, None if it is about none."""
        event = self.event_log_entry.dagster_event
        return None if event is None else event.asset_key

    @property
    def partition_key(self) -> str | None:
        """The partition of the asset that the event is about, None if it has none."""
        event = self.event_log_entry.dagster_event
        return None if event is None else event.partition

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """What was told of the materialization, None if it is none."""
        return self.event_log_entry.asset_materialization

    @property
    def asset_observation(self) -> AssetObservation | None:
        """What was told of the observation, None if it is none."""
        return self.event_log_entry.asset_observation


@dataclass(frozen=True, slots=True)
class EventRecordsResult:
    """Some records, and how to get those that follow.

    Attributes:
        records: The records.
        cursor: To be given for the next ones.
        has_more: Whether there are more.
    """

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


def _number(level: str) -> int:
    """Return the number of a logging level; that of INFO for a name that only the run's process knew."""
    number = level.removeprefix("Level ")
    # What logging calls a level that nobody named.
    if number.isdecimal():
        return int(number)
    return logging.getLevelNamesMapping().get(level, logging.INFO)
