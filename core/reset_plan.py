"""A cursor reset as a plan: what would come of it, and the events that make exactly that.

Whoever makes a plan decides on the evaluation's tick as if it were appended; whoever applies it decides
again at the head that is there then. Only if both decisions list the same, the events are appended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from .authoring.sensor_limits import SensorLimits
from .decision import FinishedTick, decide
from .evaluation import Evaluation
from .events import (
    AnyEvent,
    CursorReset,
    CursorUpdated,
    DynamicPartitionsChanged,
    RequestRejected,
    RequestsPutOff,
    RunKeyRepeated,
    RunKeysReleased,
    RunRequested,
    TickStarted,
)
from .partitions_store import DynamicPartitionsStore, PartitionsChange
from .run_keys import NOBODY
from .sensor_state import SensorState, evolve

#: The version of the plans that this release makes and applies.
VERSION = 1


class PlannedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that will launch; the fields are those of its `RunRequested`, *tags* are the given ones."""

    run: str
    job: str
    run_key: str | None = None
    run_config: dict[str, object] = {}
    tags: dict[str, str] = {}
    partition_key: str | None = None
    asset_selection: list[str] | None = None


class BlockedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose run key is taken.

    Attributes:
        owner: Offset of the request that owns the key, None if that is one of the plan.
        run: The run of that request.
        requested_at: When it was requested, None if that is one of the plan.
        status: Where that run stood when the plan was made, None if it is one of the plan.
    """

    run_key: str
    job: str | None = None
    owner: int | None = None
    run: str | None = None
    requested_at: int | None = None
    status: str | None = None


class RejectedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that cannot become a run; the fields are those of its `RequestRejected`."""

    index: int
    why: str
    job: str | None = None
    run_key: str | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of a reset.

    Attributes:
        put_off: How many requests the sensor's limits put off to its next ticks.
        partitions: The keys of dynamic partitions that come and go.
        cursor: The cursor that is left.
    """

    launch: list[PlannedRun] = []
    blocked: list[BlockedRun] = []
    rejected: list[RejectedRequest] = []
    put_off: int = 0
    partitions: list[PartitionsChange] = []
    cursor: str | None = None

    def same_as(self, other: Listing) -> bool:
        """Whether both list the same, wherever the runs stand that own run keys."""
        return replace(self, blocked=_owners(self)) == replace(other, blocked=_owners(other))


def _owners(listing: Listing) -> list[BlockedRun]:
    return [BlockedRun(run_key=run.run_key, job=run.job, owner=run.owner) for run in listing.blocked]


class ResetPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reset of one sensor's cursor, evaluated with its effects off.

    Attributes:
        version: Of this form.
        digest: Of all else, in hexadecimal.
        head: The offset up to which the log was known.
        last_recorded_at: When the event before *head* was recorded, None if there is none: tells logs apart.
        fingerprint: Digest of the sensor's code that was evaluated.
        made_at: UTC, microseconds since the epoch.
        made_by: Who made it.
        cursor_now: The cursor at *head*.
        cursor_to_be: The cursor that the reset sets, and that the sensor was evaluated with.
        released: Run keys that the reset frees; at *head* they are taken.
        scheduled_for: The moment that a schedule was evaluated for, None for sensors.
        duration: Wall time of the evaluation in seconds, >= 0.
        listing: What comes of it.
        evaluation: What the listing was decided on.
    """

    version: int = VERSION
    digest: str = ""
    sensor: str
    head: int
    last_recorded_at: int | None
    fingerprint: str
    made_at: int
    made_by: str
    cursor_now: str | None
    cursor_to_be: str | None
    released: list[str] = []
    scheduled_for: int | None = None
    duration: float
    listing: Listing = Listing()
    evaluation: Evaluation

    @property
    def is_sealed(self) -> bool:
        """Whether the digest is that of the rest."""
        return self.digest == _digest(self)


def sealed(plan: ResetPlan) -> ResetPlan:
    """Return the plan with its digest."""
    return replace(plan, digest=_digest(plan))


def _digest(plan: ResetPlan) -> str:
    return blake2b(msgspec.json.encode(replace(plan, digest="")), digest_size=16).hexdigest()


class Footing(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is decided on.

    Attributes:
        offset: The head: the offset that the first event will get.
        at: UTC, microseconds since the epoch.
        state: The sensor at the head; no tick of it is in flight.
        owners: For each request of the evaluation, the offset of the request that owns its run key, or `NOBODY`;
            that too for the keys in *tries*.
        tries: The keys that the sensor's policy frees for one more run, with the number of that try.
        partitions: The dynamic partitions at the head.
    """

    offset: int
    at: int
    state: SensorState
    owners: Sequence[int]
    tries: Mapping[str, int]
    partitions: DynamicPartitionsStore
    limits: SensorLimits


def unowned(plan: ResetPlan, owners: Sequence[int]) -> list[int]:
    """Return the owners as they are once the plan has released its run keys."""
    freed = set(plan.released)
    requests = plan.evaluation.requests
    return [
        NOBODY if request.run_key in freed else owner for request, owner in zip(requests, owners, strict=True)
    ]


def planned_events(
    plan: ResetPlan, footing: Footing, *, run_ids: Sequence[str], actor: str, reason: str | None
) -> list[AnyEvent]:
    """Return the reset and its whole tick, to be appended at once. Pure: same arguments, same events.

    Args:
        run_ids: As many ids for runs as there are requests that nobody owns the key of, see `unowned`.
    """
    at, sensor, events = footing.at, plan.sensor, list[AnyEvent]()
    if plan.released:
        events.append(
            RunKeysReleased(at=at, sensor=sensor, actor=actor, run_keys=plan.released, reason=reason)
        )
    reset = CursorReset(
        at=at,
        sensor=sensor,
        actor=actor,
        before=footing.state.cursor,
        after=plan.cursor_to_be,
        plan=plan.digest,
        reason=reason,
    )
    reset_at = footing.offset + len(events)
    started = _started(plan, at, reset_at)
    state = evolve(evolve(footing.state, reset_at, reset), reset_at + 1, started)
    outcome = decide(
        state,
        FinishedTick(
            tick=reset_at + 1,
            sensor=sensor,
            evaluation=plan.evaluation,
            duration=plan.duration,
            ordered=True,
        ),
        owners=unowned(plan, footing.owners),
        run_ids=run_ids,
        partitions=footing.partitions,
        limits=footing.limits,
        tries={key: number for key, number in footing.tries.items() if key not in plan.released},
        offset=reset_at + 2,
        at=at,
    )
    return [*events, reset, started, *outcome]


def _started(plan: ResetPlan, at: int, reset_at: int) -> TickStarted:
    return TickStarted(
        at=at,
        sensor=plan.sensor,
        cursor=plan.cursor_to_be,
        fingerprint=plan.fingerprint,
        engine=f"plan:{plan.digest}",
        cause=reset_at,
        scheduled_for=plan.scheduled_for,
    )


def listed(first_offset: int, events: Sequence[AnyEvent]) -> Listing:
    """Return what planned events amount to.

    Args:
        first_offset: The offset of the first of them.
    """
    runs = {
        offset: event for offset, event in enumerate(events, first_offset) if isinstance(event, RunRequested)
    }
    cursors = [event.after for event in events if isinstance(event, CursorReset | CursorUpdated)]
    return Listing(
        launch=[_planned(run) for run in runs.values()],
        blocked=[
            BlockedRun(run_key=event.run_key, job=event.job, run=runs[event.owner].run)
            if event.owner in runs
            else BlockedRun(run_key=event.run_key, job=event.job, owner=event.owner)
            for event in events
            if isinstance(event, RunKeyRepeated)
        ],
        rejected=[
            RejectedRequest(index=event.index, why=event.why, job=event.job, run_key=event.run_key)
            for event in events
            if isinstance(event, RequestRejected)
        ],
        put_off=sum(event.count for event in events if isinstance(event, RequestsPutOff)),
        partitions=[
            PartitionsChange(partitions=event.partitions, add=event.added, delete=event.deleted)
            for event in events
            if isinstance(event, DynamicPartitionsChanged)
        ],
        cursor=cursors[-1],
    )


def _planned(event: RunRequested) -> PlannedRun:
    return PlannedRun(
        run=event.run,
        job=event.job,
        run_key=event.run_key,
        run_config=event.run_config,
        tags=event.given_tags,
        partition_key=event.partition_key,
        asset_selection=event.asset_selection,
    )
