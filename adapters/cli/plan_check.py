"""Whether a plan still holds: nothing has come since that concerns its sensor."""

from __future__ import annotations

from ...core.errors import TickTrailError
from ...core.events import AnyEvent, CursorReset, DynamicPartitionsChanged
from ...core.log import EventLog
from ...core.reset_plan import ResetPlan
from .text import local_time


class PlanRefused(TickTrailError):
    """A plan cannot be made or applied; nothing was written.

    Attributes:
        traceback: The traceback of the user's code, None if no code of theirs failed.
    """

    def __init__(self, message: str, traceback: str | None = None) -> None:
        super().__init__(message)
        self.traceback = traceback


class PlanVoid(PlanRefused):
    """What comes of a reset is not what the plan lists any more."""

    def __init__(self, plan: ResetPlan, why: str) -> None:
        super().__init__(
            f"the plan for {plan.sensor} does not hold any more, {why}: plan anew with `ticktrail cursor plan`; "
            f"`ticktrail sensor stop {plan.sensor}` keeps the sensor from ticking meanwhile"
        )


def check_holds(plan: ResetPlan, log: EventLog, head: int, fingerprint: str) -> None:
    """Refuse a plan that was applied already, or that something has come in the way of.

    What is told of others may have come: the decision on a tick looks at none of it, but for the partitions.

    Args:
        head: The offset up to which to look.
        fingerprint: Digest of the sensor's code now.

    Raises:
        PlanRefused: It was applied, or is for another log.
        PlanVoid: Something concerns its sensor.
    """
    if plan.head > head or recorded_before(log, plan.head) != plan.last_recorded_at:
        raise PlanRefused(f"the plan for {plan.sensor} was made on another log: plan anew on this one")
    keys = {run.partition_key for run in plan.listing.launch}
    moved: str | None = None
    for frame in log.read(plan.head, head):
        for offset, event in enumerate(frame.events, frame.first_offset):
            if isinstance(event, CursorReset) and event.plan == plan.digest:
                raise PlanRefused(
                    f"the plan for {plan.sensor} was applied already, at {local_time(event.at)} by {event.actor} "
                    f"(offset {offset}): it can be applied once, plan anew with `ticktrail cursor plan`"
                )
            moved = moved or _concerning(plan, keys, offset, event)
    if fingerprint != plan.fingerprint:
        raise PlanVoid(plan, "the sensor's code is not what was evaluated")
    if moved is not None:
        raise PlanVoid(plan, moved)


def _concerning(plan: ResetPlan, keys: set[str | None], offset: int, event: AnyEvent) -> str | None:
    """Return what the event has to do with the plan, None if nothing."""
    if getattr(event, "sensor", None) == plan.sensor:
        kind = type(event).__name__
        return f"the sensor has moved on: a {kind} came at {local_time(event.at)} (offset {offset})"
    if isinstance(event, DynamicPartitionsChanged) and not keys.isdisjoint(event.deleted):
        return f"a partition that it asks for was deleted at {local_time(event.at)} (offset {offset})"
    return None


def recorded_before(log: EventLog, head: int) -> int | None:
    """Return when the event before offset *head* was recorded, None if there is none."""
    if head == 0:
        return None
    return next(log.read(head - 1, head)).recorded_at
