"""What an engine is built from, and what it exchanges with its driver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from .authoring.run_key_policy import RunKeyPolicy
from .authoring.sensor_limits import SensorLimits
from .cron import Moments
from .events import AnyEvent, RunRequested, RunStarted
from .partitions_store import DynamicPartitionsStore
from .sensor_state import SensorState
from .wake_ups import WakeUp


class EngineSensor(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor as the engine needs to know it.

    Attributes:
        interval: Seconds from one tick's start to the next one's, > 0; of a sensor that does not poll,
            from the start of a tick that failed.
        least_gap: Seconds from one tick's start to the next one's when the log wakes the sensor, >= 0.
        wake_up: The events that wake the sensor, None if none do.
        polls: Whether the sensor ticks when its interval is over, also if nothing has woken it.
        timeout: Seconds after which an evaluation is given up, > 0.
        fingerprint: Digest of the sensor's code.
        source: Digest of the source text of the sensor's function.
        cron_schedule: When a schedule ticks, as it is written; None for sensors.
        timezone: Whose clock that goes by, None for sensors.
        moments: The moments at which a schedule ticks in place of at intervals, None for sensors.
        limits: What it may ask for, and when it is quarantined.
        run_key_policy: When a run key gets one more run.
        record: Whether what it reads is recorded.
        python: The version of Python that evaluates it.
    """

    name: str
    kind: str
    interval: float
    default_status: str
    fingerprint: str
    source: str | None = None
    timeout: float = 60.0
    least_gap: float = 0.0
    wake_up: WakeUp | None = None
    polls: bool = True
    cron_schedule: str | None = None
    timezone: str | None = None
    moments: Moments | None = None
    limits: SensorLimits = SensorLimits()
    run_key_policy: RunKeyPolicy = RunKeyPolicy()
    record: bool = False
    python: str | None = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tick whose start is durable and whose sensor is to be evaluated now.

    Attributes:
        tick: The tick's id.
        sensor: The sensor's name.
        state: The sensor when the tick started.
        started: When the tick started, on the monotonic clock (seconds).
        deadline: When the evaluation is given up, on the same clock.
        scheduled_for: The moment that a schedule's tick stands for (UTC, microseconds), None for sensors.
    """

    tick: int
    sensor: str
    state: SensorState
    started: float
    deadline: float
    scheduled_for: int | None = None


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the launcher tells of a run.

    Attributes:
        cause: Offset of the `RunRequested`.
        launcher: Who launched it; None when the report is of its end.
        lost: Why its worker can't end the run any more; None when it was launched.
        worker: Host and process id of the worker that is gone, None if there never was one. A run
            that another worker has claimed is not lost.
        again: Whether the run may be launched once more if no worker has claimed it.
    """

    run: str
    cause: int
    launcher: str | None = None
    lost: str | None = None
    worker: tuple[str, int] | None = None
    again: bool = False


class Step(msgspec.Struct, frozen=True):
    """What came of one call.

    Attributes:
        news: What was folded since the last step, own events and others', as (first offset, events).
        tickets: The evaluations to begin now.
        unclaimed: Offsets of the requests whose worker is gone before it claimed the run: launch them again.
    """

    news: Sequence[tuple[int, Sequence[AnyEvent]]] = ()
    tickets: Sequence[Ticket] = ()
    unclaimed: Sequence[int] = ()


class Folded(Protocol):
    """A read model that the engine keeps at the head."""

    @property
    def checkpoint(self) -> int: ...

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None: ...


class States(Folded, Protocol):
    """The states of all sensors."""

    def get(self, name: str) -> SensorState: ...

    def names(self) -> Sequence[str]: ...


class OwnedRunKeys(Folded, Protocol):
    """Who owns which run key."""

    def owners(self, sensor: str, run_keys: Sequence[str]) -> Sequence[int]:
        """Return, for each run key of the sensor in order, the offset of the owning `RunRequested`, or `NOBODY`."""


class OpenRuns(Folded, Protocol):
    """The runs that are requested and not ended."""

    def is_open(self, run: str) -> bool: ...

    def start_of(self, run: str) -> RunStarted | None: ...

    def request_of(self, run: str) -> RunRequested | None: ...

    def failed_try(self, offset: int) -> int | None:
        """Return which try of its run key a request was whose run has failed; None for any other."""


class StoredBlobs(Folded, Protocol):
    """The digests of the large things that the log has."""

    def __contains__(self, digest: object) -> bool: ...


class DynamicPartitions(Folded, DynamicPartitionsStore, Protocol):
    """The keys of all sets of dynamic partitions."""
