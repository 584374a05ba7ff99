"""The event catalogue: every fact that the log can hold.

An event is a frozen, keyword-only value, stored as a msgpack array headed by its integer tag. A
released event keeps its meaning for good: fields are only added, at the end and with a default; a
change of meaning is a new event with a new tag. Tags and samples are pinned in ``tests/golden/``.

Common fields:

* ``at``: when it happened; UTC, microseconds since the epoch.
* ``sensor``: the sensor's name, unique within a partition.
* ``tick``: the id of the tick, which is the offset of its `TickStarted`, and the event's cause.
* ``run``: the run's id, reserved by its `RunRequested`.
* ``cause``: the offset of the event that led to this one.
* ``actor``: who acted, such as ``"ann@host"``.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

#: The version of this catalogue, written into every frame.
CATALOGUE_VERSION = 1

#: The tags of a run that hold the run key of its request, and the tick that asked.
RUN_KEY_TAG, TICK_TAG = "dagster/run_key", "dagster/tick"

#: The tag of a run that says, from the second on, which one it is for its run key.
TRY_TAG = "ticktrail/try"

DefaultStatus = Literal["RUNNING", "STOPPED"]

#: Where a run stands, in the words a Dagster user knows.
RunStatus = Literal["QUEUED", "STARTING", "STARTED", "SUCCESS", "FAILURE", "CANCELED"]


class Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What all events share: how they are built and stored."""


# --- the engine and the definitions -----------------------------------------------------------


class EngineStarted(Event, tag=1, frozen=True, kw_only=True):
    """An engine took the partition over.

    Attributes:
        engine: Id of this engine process, unique per start.
        where: Host and process id, for people.
        release: The ticktrail release that runs.
    """

    at: int
    engine: str
    where: str
    release: str


class EngineStopped(Event, tag=2, frozen=True, kw_only=True):
    """An engine ended in good order; every tick it had started has an end."""

    at: int
    engine: str
    reason: str


class SensorDefined(Event, tag=3, frozen=True, kw_only=True):
    """The engine loaded a sensor that is new or that differs from what the log last said of it.

    Attributes:
        kind: Sort of sensor, such as ``"STANDARD"``; ``"SCHEDULE"`` for a schedule.
        interval: Seconds from one tick's start to the next one's, > 0; for sensors that the log
            wakes, those after a failed one; schedules do not go by it.
        default_status: The status written in code.
        fingerprint: Digest of the sensor's code.
        source: Digest of the source text of the sensor's function, or None if it has none.
        cron_schedule: When a schedule ticks, None for sensors; several moments are joined by ``"; "``.
        timezone: Whose clock *cron_schedule* goes by, None for sensors.
        python: The version of Python that evaluates it, such as ``"3.11"``; None where that was not noted.
    """

    at: int
    sensor: str
    kind: str
    interval: float
    default_status: DefaultStatus
    fingerprint: str
    source: str | None = None
    cron_schedule: str | None = None
    timezone: str | None = None
    python: str | None = None


class SensorRetired(Event, tag=4, frozen=True, kw_only=True):
    """A sensor is no longer in the definitions; its cursor and keys are kept for its return."""

    at: int
    sensor: str


class SensorQuarantined(Event, tag=5, frozen=True, kw_only=True):
    """A sensor failed too often in a row: it ticks no more until it is started or reset, or its code changes.

    Attributes:
        tick: The last tick that failed.
        failures: How many failed in a row.
        error: Why the last one did.
    """

    at: int
    sensor: str
    tick: int
    failures: int
    error: str


# --- operators --------------------------------------------------------------------------------


class SensorStarted(Event, tag=10, frozen=True, kw_only=True):
    """An operator switched the sensor on."""

    at: int
    sensor: str
    actor: str
    reason: str | None = None


class SensorStopped(Event, tag=11, frozen=True, kw_only=True):
    """An operator switched the sensor off."""

    at: int
    sensor: str
    actor: str
    reason: str | None = None


class SensorStatusReset(Event, tag=12, frozen=True, kw_only=True):
    """An operator gave the sensor back to the status written in its code."""

    at: int
    sensor: str
    actor: str
    reason: str | None = None


class CursorReset(Event, tag=13, frozen=True, kw_only=True):
    """An operator set or cleared the cursor.

    Attributes:
        before: The cursor until now, None if there was none.
        after: The cursor from now on, None if it was cleared.
        plan: Digest of the plan that was applied, None if it was set directly.
    """

    at: int
    sensor: str
    actor: str
    before: str | None
    after: str | None
    plan: str | None = None
    reason: str | None = None


class RunKeysReleased(Event, tag=14, frozen=True, kw_only=True):
    """An operator or a policy freed run keys: each may be requested once more.

    Attributes:
        tick: The tick that requests them again, by the sensor's policy; None when an operator freed them.
    """

    at: int
    sensor: str
    actor: str
    run_keys: list[str]
    reason: str | None = None
    tick: int | None = None


class ConcurrencyLimitSet(Event, tag=15, frozen=True, kw_only=True):
    """An operator said how many runs may go on at once.

    Attributes:
        limit: Which runs: ``runs`` (all), ``job:NAME``, ``tag:KEY``, ``tag:KEY=VALUE``, or ``tag:KEY=*`` (those of each
            value by themselves).
        max_runs: How many, >= 0; None lifts the limit.
    """

    at: int
    limit: str
    max_runs: int | None
    actor: str
    reason: str | None = None


# --- a tick -----------------------------------------------------------------------------------


class TickStarted(Event, tag=20, frozen=True, kw_only=True):
    """A tick began; its offset is the tick's id.

    Attributes:
        cursor: The cursor handed to the sensor.
        fingerprint: Digest of the code that is evaluated.
        engine: Id of the engine that evaluates it; ``plan:`` and the plan's digest for the tick of a reset
            that was planned.
        cause: Offset of the event that woke the sensor, of the `CursorReset` if that was planned; None if its
            interval was over.
        scheduled_for: The moment that a schedule's tick stands for, UTC, microseconds since the epoch;
            None for sensors.
        recorded: Whether what it reads is recorded: without a `TapeRecorded` it then read nothing.
    """

    at: int
    sensor: str
    cursor: str | None
    fingerprint: str
    engine: str
    cause: int | None = None
    scheduled_for: int | None = None
    recorded: bool = False


class TickLogged(Event, tag=21, frozen=True, kw_only=True):
    """One line of the tick's log, by the sensor through ``context.log`` or by the engine.

    Attributes:
        level: Name of the logging level, such as ``"INFO"``.
        message: The text, as the user would read it.
        logger: ``"sensor"`` for the sensor's own lines, ``"engine"`` for ours.
    """

    at: int
    tick: int
    sensor: str
    level: str
    message: str
    logger: str = "sensor"


class RunRequested(Event, tag=22, frozen=True, kw_only=True):
    """A run is owed: the entry of the outbox that the launcher works off.

    Attributes:
        tick: The asking tick, None when an operator asked.
        sensor: The asking sensor, None when an operator asked.
        job: Name of the job to run.
        run_key: The key that this request owns from now on, None if it has none.
        run_config: Plain data, as the job's run config.
        given_tags: The tags of the run but those that follow from the other fields, see `tags`.
        partition_key: Partition of the run, None if it has none.
        asset_selection: Asset keys to materialise (path joined by ``/``), None for all of the job's.
        actor: The operator, None when a sensor asked.
    """

    at: int
    run: str
    job: str
    tick: int | None = None
    sensor: str | None = None
    run_key: str | None = None
    run_config: dict[str, Any] = {}
    given_tags: dict[str, str] = {}
    partition_key: str | None = None
    asset_selection: list[str] | None = None
    actor: str | None = None

    @property
    def tags(self) -> dict[str, str]:
        """All tags of the run: also who asked for it, which is not stored once more for every run."""
        tags = {} if not self.run_key else {RUN_KEY_TAG: self.run_key}
        if self.tick is not None:
            tags[TICK_TAG] = str(self.tick)
        return {**tags, **self.given_tags}


class RunKeyRepeated(Event, tag=23, frozen=True, kw_only=True):
    """A request was dropped because its run key is taken.

    Attributes:
        owner: Offset of the `RunRequested`, or `RunKeyImported`, that owns the key.
    """

    at: int
    tick: int
    sensor: str
    run_key: str
    owner: int
    job: str | None = None


class RequestRejected(Event, tag=24, frozen=True, kw_only=True):
    """A request could not become a run; the tick's other requests are not touched by it.

    Attributes:
        index: Place of the request in the tick's result, from 0.
        why: The reason, for people.
    """

    at: int
    tick: int
    sensor: str
    index: int
    why: str
    run_key: str | None = None
    job: str | None = None


class CursorUpdated(Event, tag=25, frozen=True, kw_only=True):
    """The tick changed the cursor."""

    at: int
    tick: int
    sensor: str
    before: str | None
    after: str | None


class TickSkipped(Event, tag=26, frozen=True, kw_only=True):
    """The tick ended and asked for no new run.

    Attributes:
        reason: The skip reason, None if none was given.
        duration: Wall time of the evaluation in seconds, >= 0.
        repeated: How many `RunKeyRepeated` the tick has.
        last_run_key: Key of the last request that had one.
        reacted: How many `SensorReacted` the tick has.
    """

    at: int
    tick: int
    sensor: str
    reason: str | None
    duration: float
    repeated: int = 0
    last_run_key: str | None = None
    reacted: int = 0


class TickFailed(Event, tag=27, frozen=True, kw_only=True):
    """The tick ended in an error.

    Attributes:
        error: Type and message of the error, one line.
        traceback: The whole traceback, None if there is none.
        duration: Wall time of the evaluation in seconds, >= 0.
        timed_out: Whether the evaluation was abandoned while its function still ran.
        reacted: How many `SensorReacted` the tick has.
        requested: How many `RunRequested` the tick has: other requests were rejected, or other reactions failed.
    """

    at: int
    tick: int
    sensor: str
    error: str
    duration: float
    traceback: str | None = None
    timed_out: bool = False
    reacted: int = 0
    requested: int = 0


class TickCompleted(Event, tag=28, frozen=True, kw_only=True):
    """The tick ended and asked for at least one new run, or acted on an event.

    Attributes:
        duration: Wall time of the evaluation in seconds, >= 0.
        requested: How many `RunRequested` the tick has.
        repeated: How many `RunKeyRepeated` the tick has.
        last_run_key: Key of the last request that had one, repeated ones included.
        reacted: How many `SensorReacted` the tick has.
    """

    at: int
    tick: int
    sensor: str
    duration: float
    requested: int
    repeated: int = 0
    last_run_key: str | None = None
    reacted: int = 0


class TickInterrupted(Event, tag=29, frozen=True, kw_only=True):
    """The tick's engine ended before the tick did; found and closed at recovery or shutdown."""

    at: int
    tick: int
    sensor: str
    reason: str


class EvaluationDiscarded(Event, tag=30, frozen=True, kw_only=True):
    """A function whose tick had timed out returned after all; nothing of it was used.

    Attributes:
        duration: Wall time of the evaluation in seconds, >= 0.
        outcome: What came back, for people, such as ``"3 run requests"``.
    """

    at: int
    tick: int
    sensor: str
    duration: float
    outcome: str


class SensorReacted(Event, tag=31, frozen=True, kw_only=True):
    """A tick called the sensor's function for one event of the log.

    Attributes:
        cause: Offset of that event: the end of a run, the materialization of an asset.
        run: The run that the event is about, None if it is about none.
        error: Type and message of what the function raised, one line; None if it returned. The
            tick goes on with the next event either way.
        traceback: The traceback of the user's code.
        skip_reason: Why the function asked for nothing, None if it gave no reason.
    """

    at: int
    tick: int
    sensor: str
    cause: int
    run: str | None = None
    error: str | None = None
    traceback: str | None = None
    skip_reason: str | None = None


class RequestsPutOff(Event, tag=32, frozen=True, kw_only=True):
    """A tick asked for more new runs than the sensor may; the cursor waits, and the sensor is to ask for them again.

    Attributes:
        count: How many requests were put off.
        limit: How many new runs the tick was allowed.
        why: Which limit that was: ``"per tick"`` or ``"per hour"``.
        again_at: When the sensor is to tick again; UTC, microseconds since the epoch.
    """

    at: int
    tick: int
    sensor: str
    count: int
    limit: int
    why: str
    again_at: int


class BlobStored(Event, tag=33, frozen=True, kw_only=True):
    """Something large that a tick read, under the digest by which other events name it.

    Attributes:
        digest: Of what was read, the first 16 bytes of its SHA-256.
        content: The same, compressed with zlib.
    """

    at: int
    tick: int
    sensor: str
    digest: bytes
    content: bytes


class TapeRecorded(Event, tag=34, frozen=True, kw_only=True):
    """What a tick read of the outside world, so that it can be evaluated again.

    Attributes:
        short: The observations of a kind of source, encoded as `tape.Tape` has them, by its name.
        stored: Those that take more room than their digest, by which a `BlobStored` up to here has them.
        uncovered: What was read and is not on the tape, a line each; none if it is complete.
    """

    at: int
    tick: int
    sensor: str
    short: dict[str, bytes] = {}
    stored: dict[str, bytes] = {}
    uncovered: list[str] = []


# --- a run ------------------------------------------------------------------------------------


class RunLaunched(Event, tag=40, frozen=True, kw_only=True):
    """The launcher handed the run to a worker process.

    Attributes:
        cause: Offset of the `RunRequested`.
    """

    at: int
    run: str
    cause: int
    launcher: str


class RunStarted(Event, tag=41, frozen=True, kw_only=True):
    """A worker process claimed the run and executes it; there is at most one per run.

    Attributes:
        where: Host and process id, for people.
        pid: The worker's process id on that host.
        process_started: When that process began, in clock ticks since boot, which tells a reused
            process id from the worker; None where the platform does not say.
    """

    at: int
    run: str
    cause: int
    where: str
    host: str
    pid: int
    process_started: int | None = None


class RunSucceeded(Event, tag=42, frozen=True, kw_only=True):
    """Every step of the run ended well."""

    at: int
    run: str
    cause: int


class RunFailed(Event, tag=43, frozen=True, kw_only=True):
    """The run ended in an error, or its process is gone.

    Attributes:
        error: One line for people.
        step: The step that failed, None if the failure belongs to no step.
    """

    at: int
    run: str
    cause: int
    error: str
    step: str | None = None
    traceback: str | None = None


class RunCanceled(Event, tag=44, frozen=True, kw_only=True):
    """The run was given up on purpose."""

    at: int
    run: str
    cause: int
    reason: str
    actor: str | None = None


class StepLogged(Event, tag=45, frozen=True, kw_only=True):
    """One line of a run's log.

    Attributes:
        step: Name of the step, None for lines of the run itself.
        kind: ``"START"``, ``"SUCCESS"``, ``"FAILURE"`` and ``"RETRY"`` (an attempt failed, another
            follows) mark the step's course, ``"LOG"`` is a line of the user's.
    """

    at: int
    run: str
    step: str | None
    level: str
    message: str
    kind: Literal["LOG", "START", "SUCCESS", "FAILURE", "RETRY"] = "LOG"


# --- assets -----------------------------------------------------------------------------------


class AssetMaterialized(Event, tag=50, frozen=True, kw_only=True):
    """An asset was written.

    Attributes:
        asset: The asset key, path joined by ``/``.
        run: The run that wrote it, None if it was reported without a run.
        tick: The tick that reported it, None otherwise.
        metadata: Plain data by name.
    """

    at: int
    asset: str
    run: str | None = None
    tick: int | None = None
    step: str | None = None
    partition_key: str | None = None
    description: str | None = None
    metadata: dict[str, Any] = {}
    tags: dict[str, str] = {}


class AssetObserved(Event, tag=51, frozen=True, kw_only=True):
    """An asset was looked at and something was noted, without its being written."""

    at: int
    asset: str
    run: str | None = None
    tick: int | None = None
    step: str | None = None
    partition_key: str | None = None
    description: str | None = None
    metadata: dict[str, Any] = {}
    tags: dict[str, str] = {}


class DynamicPartitionsChanged(Event, tag=52, frozen=True, kw_only=True):
    """Keys were added to, or deleted from, a set of dynamic partitions.

    Attributes:
        partitions: Name of the set.
        added: Keys that were not there, in the order asked for.
        deleted: Keys that were there.
        unchanged: Keys that were to be added and were there, or to be deleted and were not.
        tick: The tick that asked, None otherwise.
        run: The run that asked, None otherwise.
        actor: Who asked when it was neither a tick nor a run.
    """

    at: int
    partitions: str
    added: list[str] = []
    deleted: list[str] = []
    unchanged: list[str] = []
    tick: int | None = None
    run: str | None = None
    actor: str | None = None


# --- what another system did ------------------------------------------------------------------


class HistoryImported(Event, tag=60, frozen=True, kw_only=True):
    """An operator brought in what another system has done; what was brought in follows in the same append.

    Attributes:
        source: Which system that is, for good: its kind and the id of its storage, such as ``"dagster:9a1c…"``.
        where: Where its storage is and its release, for people.
        location: Which of its parts alone was taken, None for all of it.
        sensors: How many `SensorImported` follow.
        run_keys: How many `RunKeyImported` follow.
        ticks: How many `TickImported` follow.
    """

    at: int
    source: str
    where: str
    actor: str
    location: str | None
    sensors: int
    run_keys: int
    ticks: int


class SensorImported(Event, tag=61, frozen=True, kw_only=True):
    """A sensor of another system goes on here from where it stood there.

    Attributes:
        cause: Offset of the `HistoryImported`.
        source: As there.
        location: Which part of that system it is from.
        before: The cursor until now.
        after: The cursor from now on.
        status: From now on, what an operator last said.
        last_run_key: From now on, the last key of the latest tick that had any.
    """

    at: int
    cause: int
    source: str
    sensor: str
    location: str
    before: str | None
    after: str | None
    status: Literal["RUNNING", "STOPPED", "DECLARED_IN_CODE"]
    last_run_key: str | None


class RunKeyImported(Event, tag=62, frozen=True, kw_only=True):
    """A run of another system owns a run key, as if it had been requested here; it is not launched.

    Attributes:
        cause: Offset of the `HistoryImported`.
        source: As there.
        run: The run's id there.
        job: Name of the job that it ran.
        status: How that run stood when this was written; what became of it later is not told.
        requested_at: When it was requested; UTC, microseconds since the epoch.
        origin_tick: The id there of the tick that asked for it, None if that is not known.
    """

    at: int
    cause: int
    source: str
    sensor: str
    run_key: str
    run: str
    job: str
    status: RunStatus
    requested_at: int
    origin_tick: int | None = None


class TickImported(Event, tag=63, frozen=True, kw_only=True):
    """A tick of another system, from its start to its end; the offset of this event is its id here.

    Times are UTC, microseconds since the epoch.

    Attributes:
        cause: Offset of the `HistoryImported`.
        source: As there.
        origin: The tick's id there; one of a source is imported once.
        started_at: When it began.
        ended_at: When it ended, None if that is not known.
        status: How it ended.
        reason: The skip reason, None if none was given.
        error: Type and message of the error, one line; None if it did not fail.
        traceback: The whole error with its causes.
        cursor: The cursor that it left.
        runs: Ids there of the runs that it started.
        run_keys: The run keys that it asked for, repeated ones included.
        reacted: How many runs it reacted to.
    """

    at: int
    cause: int
    source: str
    origin: int
    sensor: str
    started_at: int
    ended_at: int | None
    status: Literal["SUCCESS", "SKIPPED", "FAILURE"]
    reason: str | None = None
    error: str | None = None
    traceback: str | None = None
    cursor: str | None = None
    runs: list[str] = []
    run_keys: list[str] = []
    reacted: int = 0


#: What ends a tick; each tick has exactly one.
TickEnd = TickSkipped | TickFailed | TickCompleted | TickInterrupted

#: What ends a run; each started run has exactly one in the end.
RunEnd = RunSucceeded | RunFailed | RunCanceled

AnyEvent = (
    EngineStarted
    | EngineStopped
    | SensorDefined
    | SensorRetired
    | SensorQuarantined
    | SensorStarted
    | SensorStopped
    | SensorStatusReset
    | CursorReset
    | RunKeysReleased
    | ConcurrencyLimitSet
    | TickStarted
    | TickLogged
    | RunRequested
    | RunKeyRepeated
    | RequestRejected
    | CursorUpdated
    | TickSkipped
    | TickFailed
    | TickCompleted
    | TickInterrupted
    | EvaluationDiscarded
    | SensorReacted
    | RequestsPutOff
    | BlobStored
    | TapeRecorded
    | RunLaunched
    | RunStarted
    | RunSucceeded
    | RunFailed
    | RunCanceled
    | StepLogged
    | AssetMaterialized
    | AssetObserved
    | DynamicPartitionsChanged
    | HistoryImported
    | SensorImported
    | RunKeyImported
    | TickImported
)
