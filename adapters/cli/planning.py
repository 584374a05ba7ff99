"""Making and applying plans of cursor resets, on a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from ...core.clock import Clock
from ...core.errors import LogConflict
from ...core.events import AnyEvent, SensorDefined, TickFailed, TickStarted
from ...core.reset_plan import Footing, Listing, ResetPlan, listed, planned_events, sealed, unowned
from ...core.run_keys import NOBODY
from ...core.sensor_state import SensorState, evolve, with_cursor
from ...projections.runs import Runs
from ..folding import fold
from ..system import new_run_ids
from .basis import Basis
from .dry_run import dry_run
from .operator import UnknownName, definition_event
from .plan_check import PlanRefused, PlanVoid, check_holds, recorded_before
from .plan_file import is_lossless
from .text import local_time

if TYPE_CHECKING:
    from ..definitions_file import LoadedDefinitions

#: Makes as many ids of runs as it is asked for.
NewIds = Callable[[int], Sequence[str]]


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What an applied plan has put into the log.

    Attributes:
        offset: Offset of the first event.
        tick: Id of its tick.
    """

    offset: int
    tick: int


class Planner:
    """Plans resets of one sensor's cursor, and applies them."""

    def __init__(
        self,
        basis: Basis,
        loaded: LoadedDefinitions,
        sensor: str,
        *,
        clock: Clock,
        new_ids: NewIds = new_run_ids,
    ) -> None:
        """Take the parts.

        Raises:
            UnknownName: The definitions do not have the sensor.
        """
        if sensor not in loaded.sensors:
            raise UnknownName("sensor", sensor, loaded.sensors)
        self._basis, self._log, self._loaded, self._sensor = basis, basis.log, loaded, sensor
        self._clock, self._new_ids = clock, new_ids

    def state(self) -> SensorState:
        """Return the sensor at the head, defined as an engine would define it.

        Raises:
            PlanRefused: A tick of it is in flight, or it is quarantined.
        """
        self._basis.catch_up()
        return self._ready(self._defined(self._clock.now())[0])

    def plan(self, cursor: str | None, *, release: Sequence[str] = (), actor: str) -> ResetPlan:
        """Evaluate the sensor with its effects off, from *cursor* on, and return what a reset to it would make.

        Args:
            release: Run keys to free before; those that are free already are left out.

        Raises:
            PlanRefused: The sensor cannot tick now, its evaluation fails, or it ticks meanwhile.
        """
        state, head, now = self.state(), self._basis.head, self._clock.now()
        run = dry_run(self._loaded, with_cursor(state, cursor, at=now, offset=head), self._log, self._clock)
        if run.evaluation.error is not None:
            why = f"the evaluation of {self._sensor} fails: {run.evaluation.error}"
            raise PlanRefused(why, run.evaluation.traceback)
        if run.scheduled_for is not None and run.scheduled_for > now:
            raise PlanRefused(
                f"the next moment of {self._sensor} after that cursor is {local_time(run.scheduled_for)}, which "
                f"has not come yet: there is nothing to plan, set it with `ticktrail sensor cursor --set`"
            )
        plan = ResetPlan(
            sensor=self._sensor,
            head=head,
            last_recorded_at=recorded_before(self._log, head),
            fingerprint=self._loaded.fingerprints[self._sensor],
            made_at=now,
            made_by=actor,
            cursor_now=state.cursor,
            cursor_to_be=cursor,
            released=self._taken(release),
            scheduled_for=run.scheduled_for,
            duration=run.duration,
            evaluation=run.evaluation,
        )
        plan = sealed(replace(plan, listing=self._listing(plan, now)))
        if not is_lossless(plan):
            raise PlanRefused(
                "a plan cannot hold numbers that are infinite or nan, as the run config has them"
            )
        # Who ticks while it is evaluated here makes a plan that could not be applied any more.
        check_holds(plan, self._log, self._basis.catch_up(), plan.fingerprint)
        return plan

    def apply(self, plan: ResetPlan, *, actor: str, reason: str | None = None) -> Applied:
        """Append what the plan lists, and nothing else, at once.

        Raises:
            PlanRefused: It was applied already, or what comes of it would not be what it lists.
        """
        while True:
            head = self._basis.catch_up()
            check_holds(plan, self._log, head, self._loaded.fingerprints[plan.sensor])
            now = self._clock.now()
            first, events = self._events(plan, now, actor, reason)
            if not plan.listing.same_as(listed(first, events)):
                raise PlanVoid(
                    plan,
                    "its limits, run key policy or dynamic partitions now allow other runs than it lists",
                )
            defined = self._defined(now)[1]
            try:
                self._log.append([*defined, *events], expected=head, recorded_at=now, writer=f"cli:{actor}")
            except LogConflict:
                continue
            tick = next(place for place, event in enumerate(events, first) if isinstance(event, TickStarted))
            return Applied(offset=head, tick=tick)

    # --- what it is decided on ---------------------------------------------------------------

    def _defined(self, now: int) -> tuple[SensorState, list[SensorDefined]]:
        """Return the sensor's state, and what has to be appended before for it to be defined."""
        state = self._basis.states.get(self._sensor)
        event = None if state.defined else definition_event(self._loaded, self._sensor, now)
        return (state, []) if event is None else (evolve(state, self._basis.head, event), [event])

    def _ready(self, state: SensorState) -> SensorState:
        name = state.name
        if state.open_tick is not None:
            raise PlanRefused(
                f"tick {state.open_tick} of {name} is in flight: wait until it has ended; "
                f"`ticktrail sensor stop {name}` keeps the next one from starting"
            )
        if state.quarantined is not None:
            raise PlanRefused(f"{name} is quarantined: start it first, with `ticktrail sensor start {name}`")
        return state

    def _taken(self, keys: Sequence[str]) -> list[str]:
        given = list(dict.fromkeys(keys))
        owners = self._basis.keys.owners(self._sensor, given)
        return [key for key, owner in zip(given, owners, strict=True) if owner != NOBODY]

    def _events(
        self, plan: ResetPlan, now: int, actor: str, reason: str | None
    ) -> tuple[int, list[AnyEvent]]:
        """Return the plan's events, decided at the head, and the offset that the first will get."""
        state, defined = self._defined(now)
        sensor = self._loaded.sensors[self._sensor]
        owners, tries = self._basis.owners(self._sensor, sensor.run_key_policy, plan.evaluation)
        footing = Footing(
            offset=self._basis.head + len(defined),
            at=now,
            state=self._ready(state),
            owners=owners,
            tries=tries,
            partitions=self._basis.partitions,
            limits=sensor.limits,
        )
        known = [run.run for run in plan.listing.launch]
        more = unowned(plan, footing.owners).count(NOBODY) - len(known)
        run_ids = [*known, *(self._new_ids(more) if more > 0 else ())]
        return footing.offset, planned_events(plan, footing, run_ids=run_ids, actor=actor, reason=reason)

    def _listing(self, plan: ResetPlan, now: int) -> Listing:
        first, events = self._events(plan, now, plan.made_by, None)
        listing = listed(first, events)
        for event in events:
            if isinstance(event, TickFailed) and not listing.rejected:
                raise PlanRefused(f"a tick of {self._sensor} would fail: {event.error}")
        offsets = {blocked.owner for blocked in listing.blocked} - {None}
        if not offsets:
            return listing
        runs = Runs()
        # Nothing of a run is before its request. The index may be ahead of what is known here.
        runs.checkpoint = min(offset for offset in offsets if offset is not None)
        fold(self._log, runs)
        owners = {run.offset: run for run in runs if run.offset in offsets}
        return replace(
            listing,
            blocked=[
                blocked
                if blocked.owner is None
                else replace(
                    blocked,
                    run=owners[blocked.owner].run,
                    requested_at=owners[blocked.owner].requested_at,
                    status=owners[blocked.owner].status,
                )
                for blocked in listing.blocked
            ],
        )
