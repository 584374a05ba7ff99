"""The engine: which sensors tick now, and what the log says of it. Holds no thread and no clock.

A driver calls `Engine.run_once` again and again. Each call is at most one append: the ends of the
evaluations handed in since the last call, together with the starts of the ticks that are due. What
accumulates while an append waits for the disk goes into the next one, so the group commit needs no
timer.

What its own appends begin and end, the engine learns from the events themselves, on their way into
the read models. So it is right too when a storage breaks down while it commits, and the append turns
out later to be in the log after all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from .authoring.sensor_result import NextTick
from .clock import Clock
from .cron import Moments
from .decision import FinishedTick, decide
from .engine_parts import (
    DynamicPartitions,
    EngineSensor,
    Folded,
    OpenRuns,
    OwnedRunKeys,
    RunReport,
    States,
    Step,
    StoredBlobs,
    Ticket,
)
from .errors import EngineSuperseded, LogConflict
from .evaluation import Evaluation
from .events import (
    AnyEvent,
    CursorReset,
    EngineStarted,
    EngineStopped,
    EvaluationDiscarded,
    RequestsPutOff,
    RunFailed,
    RunLaunched,
    SensorDefined,
    SensorImported,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    TickCompleted,
    TickEnd,
    TickFailed,
    TickInterrupted,
    TickSkipped,
    TickStarted,
)
from .log import EventLog
from .moments import handled, next_moment
from .partitions_store import ChangedPartitions
from .run_key_tries import in_period, with_tries
from .run_keys import NOBODY
from .schedule import Schedule
from .sensor_state import SensorState
from .sorted_events import SortedEvents
from .wake_ups import WakeUps
from .woken import Woken

#: How many ticks start, and how many end, in one append at the most.
TICKS_PER_APPEND = 256

#: Seconds after which a schedule looks at the calendar again while it waits for its moment.
LONGEST_WAIT_FOR_A_MOMENT = 60.0


class Engine:
    """One engine over one partition. One thread calls it; `finish` and `report` come from any."""

    def __init__(
        self,
        log: EventLog,
        *,
        states: States,
        run_keys: OwnedRunKeys,
        open_runs: OpenRuns,
        partitions: DynamicPartitions,
        blobs: StoredBlobs,
        followers: Sequence[Folded] = (),
        sensors: Mapping[str, EngineSensor],
        clock: Clock,
        new_ids: Callable[[int], Sequence[str]],
        name: str,
    ) -> None:
        """Take the parts; nothing is read or written before `open`.

        Args:
            followers: Kept at the head too, for others than the engine.
            new_ids: Makes as many ids of runs as it is asked for, each unique.
            name: Id of this engine, unique per start.
        """
        self._log, self._states, self._keys, self._runs = log, states, run_keys, open_runs
        self._partitions, self._blobs = partitions, blobs
        self._folds: tuple[Folded, ...] = (states, run_keys, open_runs, partitions, blobs, *followers)
        self._sensors, self._clock, self._new_ids, self._name = sensors, clock, new_ids, name
        self._schedule, self._woken = Schedule(), Woken()
        self._wake_ups = WakeUps((sensor.name, sensor.wake_up) for sensor in sensors.values())
        self._in_flight: dict[str, Ticket] = {}
        self._abandoned: dict[str, Ticket] = {}
        self._again_at: dict[str, int] = {}
        self._finished: list[FinishedTick] = []
        self._reports: list[RunReport] = []
        self._head = 0
        self._news: list[tuple[int, Sequence[AnyEvent]]] = []
        self._tickets: list[Ticket] = []
        self._unclaimed: list[int] = []
        self._writer = f"engine:{name}"
        self._opened, self._decided_at = False, 0.0
        self._own_steps: Mapping[type, Callable[[int, Any], None]] = {
            TickStarted: self._began,
            TickSkipped: self._ended,
            TickCompleted: self._ended,
            TickFailed: self._ended,
            TickInterrupted: self._ended,
            EvaluationDiscarded: self._ended,
            RequestsPutOff: self._put_off,
        }
        self._others_steps: Mapping[type, Callable[[int, Any], None]] = {
            EngineStarted: self._superseded,
            SensorStarted: self._switched,
            SensorStopped: self._switched,
            SensorStatusReset: self._switched,
            SensorImported: self._switched,
            CursorReset: self._cursor_reset,
            RequestsPutOff: self._put_off,
            TickSkipped: self._ended_elsewhere,
            TickCompleted: self._ended_elsewhere,
            TickFailed: self._ended_elsewhere,
            TickInterrupted: self._ended_elsewhere,
        }

    @property
    def head(self) -> int:
        """The offset up to which this engine knows the log."""
        return self._head

    @property
    def in_flight(self) -> int:
        """How many ticks are started and not ended."""
        return len(self._in_flight)

    # --- opening and closing -----------------------------------------------------------------

    def open(self, *, where: str, release: str) -> Step:
        """Take the partition over: fold the log, close what a dead engine left open, define sensors.

        Raises:
            LogUnavailable, CorruptFrame, UnknownSchema: As the log does.
        """
        self._head = min(fold.checkpoint for fold in self._folds)
        self.catch_up()
        self._news.clear()
        self._append_decided(lambda at: self._opening(at, where, release))
        self._opened = True
        for name in self._sensors:
            self._reschedule(name)
        return self._step()

    def close(self, reason: str) -> Step:
        """Give the partition up: ticks still in flight are marked as interrupted."""

        def closing(at: int) -> list[AnyEvent]:
            why = f"the engine stopped: {reason}"
            open_ticks = [
                TickInterrupted(at=at, tick=ticket.tick, sensor=sensor, reason=why)
                for sensor, ticket in self._in_flight.items()
            ]
            return [*open_ticks, EngineStopped(at=at, engine=self._name, reason=reason)]

        self._append_decided(closing)
        return self._step()

    def _opening(self, at: int, where: str, release: str) -> list[AnyEvent]:
        events: list[AnyEvent] = [EngineStarted(at=at, engine=self._name, where=where, release=release)]
        for name in self._states.names():
            state = self._states.get(name)
            if state.open_tick is not None:
                reason = "the engine that evaluated it ended without a word"
                events.append(TickInterrupted(at=at, tick=state.open_tick, sensor=name, reason=reason))
            if state.defined and name not in self._sensors:
                events.append(SensorRetired(at=at, sensor=name))
        events += [self._definition(sensor, at) for sensor in self._sensors.values() if self._changed(sensor)]
        return events

    def _changed(self, sensor: EngineSensor) -> bool:
        state = self._states.get(sensor.name)
        return not state.defined or _as_defined(state) != _as_defined(sensor)

    def _definition(self, sensor: EngineSensor, at: int) -> SensorDefined:
        return SensorDefined(
            at=at,
            sensor=sensor.name,
            kind=sensor.kind,
            interval=sensor.interval,
            default_status="RUNNING" if sensor.default_status == "RUNNING" else "STOPPED",
            fingerprint=sensor.fingerprint,
            source=sensor.source,
            cron_schedule=sensor.cron_schedule,
            timezone=sensor.timezone,
            python=sensor.python,
        )

    # --- what the driver hands in ------------------------------------------------------------

    def finish(self, finished: FinishedTick) -> None:
        """Hand in an evaluation that is over; the next `run_once` decides on it."""
        self._finished.append(finished)

    def report(self, report: RunReport) -> None:
        """Hand in what became of a run; the next `run_once` writes it if it is still news."""
        self._reports.append(report)

    # --- one step ----------------------------------------------------------------------------

    def wait_until(self) -> float | None:
        """Return when `run_once` has something to do by itself: monotonic seconds, None for never."""
        moments = [ticket.deadline for ticket in self._in_flight.values()]
        if (due := self._schedule.next_due()) is not None:
            moments.append(due)
        return min(moments, default=None)

    def run_once(self, *, start_ticks: bool = True) -> Step:
        """End what has finished, start what is due, in one append.

        Args:
            start_ticks: False while shutting down.

        Raises:
            LogUnavailable: The storage refused. Nothing was written, nothing handed in is lost:
                call again.
            EngineSuperseded: Another engine took the partition over.
        """
        reports = self._reports[:]
        if any(report.lost for report in reports):
            # A process that is gone has appended all it ever will: only the head knows its claim.
            self.catch_up()

        def deciding(at: int) -> list[AnyEvent]:
            self._decided_at = self._clock.monotonic()
            events = self._run_events(reports, at)
            # Ticks of one append see each other's changes.
            partitions = ChangedPartitions(self._partitions)
            for tick in [*self._next_finished(), *self._overdue()]:
                events += self._decide(tick, partitions, self._head + len(events), at)
            return events + (self._starts(at) if start_ticks else [])

        self._append_decided(deciding)
        del self._reports[: len(reports)]
        return self._step()

    def catch_up(self) -> None:
        """Fold what others appended; the next step tells of it.

        Raises:
            LogUnavailable, CorruptFrame, UnknownSchema: As the log does.
            EngineSuperseded: Another engine took the partition over.
        """
        for frame in self._log.read(self._head):
            events = SortedEvents(frame.events)
            self._fold(frame.first_offset, events)
            if not self._opened:
                continue
            steps = self._own_steps if frame.writer == self._writer else self._others_steps
            self._heed(steps, frame.first_offset, events)

    def _heed(
        self, steps: Mapping[type, Callable[[int, Any], None]], first_offset: int, events: SortedEvents
    ) -> None:
        for offset, event in events.chosen(first_offset, frozenset(steps)):
            steps[type(event)](offset, event)

    def _append_decided(self, deciding: Callable[[int], list[AnyEvent]]) -> None:
        """Decide at the head, append; when somebody was faster, catch up and decide again."""
        while events := deciding(at := self._clock.now()):
            try:
                first = self._log.append(events, expected=self._head, recorded_at=at, writer=self._writer)
            except LogConflict:
                self.catch_up()
            else:
                appended = SortedEvents(events)
                self._fold(first, appended)
                return self._heed(self._own_steps, first, appended)

    def _fold(self, first_offset: int, events: SortedEvents) -> None:
        # Before the fold, which forgets the requests of runs that end.
        woken = self._wake_ups.of(first_offset, events, self._runs.request_of) if self._opened else ()
        for fold in self._folds:
            fold.apply(first_offset, events)
        self._head = first_offset + len(events)
        self._news.append((first_offset, events))
        for sensor, offset in woken:
            self._wake(sensor, offset)

    def _step(self) -> Step:
        step = Step(self._news, self._tickets, self._unclaimed)
        self._news, self._tickets, self._unclaimed = [], [], []
        return step

    # --- parts of a step ---------------------------------------------------------------------

    def _next_finished(self) -> list[FinishedTick]:
        """Return the next evaluations to decide on, no tick twice: a second one is for the next step."""
        batch: dict[int, FinishedTick] = {}
        for tick in self._finished[:TICKS_PER_APPEND]:
            if tick.tick in batch:
                break
            batch[tick.tick] = tick
        return list(batch.values())

    def _decide(
        self, tick: FinishedTick, partitions: ChangedPartitions, offset: int, at: int
    ) -> list[AnyEvent]:
        tick = self._of_period(self._of_moment(tick))
        requests, policy = tick.evaluation.requests, self._sensors[tick.sensor].run_key_policy
        owners = self._keys.owners(tick.sensor, [request.run_key or "" for request in requests])
        owners, tries = with_tries(policy, requests, owners, self._runs.failed_try)
        run_ids = self._new_ids(owners.count(NOBODY))
        state = self._states.get(tick.sensor)
        if state.open_tick == tick.tick:
            self._woken.plan(tick.tick, tick.evaluation.next_tick, tick.evaluation.known)
        events = decide(
            state,
            tick,
            owners=owners,
            run_ids=run_ids,
            partitions=partitions,
            limits=self._sensors[tick.sensor].limits,
            tries=tries,
            stored=self._blobs,
            offset=offset,
            at=at,
        )
        if tick.evaluation.partition_changes:
            partitions.heed(events)
        return events

    def _starts(self, at: int) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        for name in self._schedule.due(self._decided_at, TICKS_PER_APPEND):
            state, moments = self._states.get(name), self._sensors[name].moments
            moment = None if moments is None else self._schedule_moment(name, moments, at)
            if moment is not None and moment > at:
                continue
            started = TickStarted(
                at=at,
                sensor=name,
                cursor=state.cursor,
                fingerprint=state.fingerprint,
                engine=self._name,
                cause=self._woken.cause(name),
                scheduled_for=moment,
                recorded=self._sensors[name].record,
            )
            events.append(started)
        return events

    def _began(self, tick: int, event: TickStarted) -> None:
        sensor, started = event.sensor, self._decided_at
        self._schedule.drop(sensor)
        self._woken.begin(sensor)
        self._in_flight[sensor] = ticket = Ticket(
            tick=tick,
            sensor=sensor,
            state=self._states.get(sensor),
            started=started,
            deadline=started + self._sensors[sensor].timeout,
            scheduled_for=event.scheduled_for,
        )
        self._tickets.append(ticket)

    def _ended(self, _: int, end: TickEnd | EvaluationDiscarded) -> None:
        """Schedule the sensor's next tick, once nothing of this one runs any more."""
        sensor = end.sensor
        late = isinstance(end, EvaluationDiscarded)
        tickets = self._abandoned if late else self._in_flight
        ticket = tickets.get(sensor)
        if ticket is None or ticket.tick != end.tick:
            return
        del tickets[sensor]
        if isinstance(end, TickFailed) and end.timed_out:
            self._abandoned[sensor] = ticket
            return
        self._drop_finished(end.tick)
        next_tick, again_at = self._woken.end(sensor, end.tick), self._again_at.pop(sensor, None)
        if self._states.get(sensor).running:
            self._schedule_next(ticket, next_tick, again_at)

    # --- what others did ---------------------------------------------------------------------

    def _superseded(self, _: int, event: EngineStarted) -> None:
        raise EngineSuperseded(event.where)

    def _switched(
        self, _: int, event: SensorStarted | SensorStopped | SensorStatusReset | SensorImported
    ) -> None:
        self._reschedule(event.sensor)

    def _cursor_reset(self, _: int, event: CursorReset) -> None:
        if self._moments(event.sensor):
            self._reschedule(event.sensor)

    def _ended_elsewhere(self, _: int, end: TickEnd) -> None:
        """Let the sensor's next tick follow one that an operator ordered."""
        sensor, again_at = end.sensor, self._again_at.pop(end.sensor, None)
        self._reschedule(sensor)
        if again_at is not None and self._states.get(sensor).running and self._is_idle(sensor):
            self._schedule_again(sensor, again_at)

    # --- when sensors tick -------------------------------------------------------------------

    def _put_off(self, _: int, event: RequestsPutOff) -> None:
        self._again_at[event.sensor] = event.again_at

    def _schedule_next(self, ticket: Ticket, next_tick: NextTick, again_at: int | None) -> None:
        """Set when the sensor ticks after *ticket*; one that waits for events may have no such moment.

        Args:
            again_at: When it is to ask again for what was put off, None if nothing was.
        """
        name, sensor = ticket.sensor, self._sensors[ticket.sensor]
        after_interval = ticket.started + sensor.interval
        if again_at is not None:
            self._schedule_again(name, again_at)
        elif sensor.moments is not None:
            self._schedule_moment(name, sensor.moments, self._clock.now())
        elif next_tick == "paused":
            self._woken.pause(name, after_interval)
            self._schedule.set(name, after_interval)
        elif next_tick == "now" or self._woken.cause(name) is not None:
            self._schedule.set(name, ticket.started + sensor.least_gap)
        elif next_tick == "retry" or sensor.polls:
            self._schedule.set(name, after_interval)

    def _schedule_again(self, sensor: str, again_at: int) -> None:
        """Make the sensor due when there is room for what was put off."""
        wait = max(again_at - self._clock.now(), 0) / 1e6
        self._schedule.set(sensor, self._clock.monotonic() + wait)

    def _is_idle(self, sensor: str) -> bool:
        """Whether it is a sensor of this engine, and nothing of it runs."""
        return sensor in self._sensors and sensor not in self._in_flight and sensor not in self._abandoned

    def _wake(self, sensor: str, offset: int) -> None:
        """Make the sensor due because of the event at *offset*; one in flight ticks once more after that."""
        self._woken.wake(sensor, offset)
        if sensor in self._in_flight or sensor in self._abandoned or not self._states.get(sensor).running:
            return
        due = max(self._woken.paused_until(sensor), self._after_gap(sensor, self._sensors[sensor].least_gap))
        self._schedule.set(sensor, due)

    # --- schedules ---------------------------------------------------------------------------

    def _moments(self, sensor: str) -> Moments | None:
        known = self._sensors.get(sensor)
        return None if known is None else known.moments

    def _schedule_moment(self, name: str, moments: Moments, now: int) -> int:
        """Make a schedule due at its next moment, and return that."""
        moment = next_moment(self._states.get(name), moments, now)
        # The calendar may be moved while the engine waits by the other clock: look again meanwhile.
        wait = min(max((moment - now) / 1e6, 0.0), LONGEST_WAIT_FOR_A_MOMENT)
        self._schedule.set(name, self._clock.monotonic() + wait)
        return moment

    def _of_moment(self, tick: FinishedTick) -> FinishedTick:
        """Return the finished tick; a schedule's with its moment handled."""
        ticket, moments = self._in_flight.get(tick.sensor), self._moments(tick.sensor)
        if moments is None or ticket is None or ticket.tick != tick.tick or ticket.scheduled_for is None:
            return tick
        evaluation = handled(tick.evaluation, ticket.state, moments, ticket.scheduled_for)
        return msgspec.structs.replace(tick, evaluation=evaluation)

    def _of_period(self, tick: FinishedTick) -> FinishedTick:
        """Return the finished tick, with its run keys as they are in the period in which it began."""
        ticket, policy = self._in_flight.get(tick.sensor), self._sensors[tick.sensor].run_key_policy
        if policy.once_per is None or ticket is None or ticket.tick != tick.tick:
            return tick
        began = ticket.state.open_tick_at or 0
        return msgspec.structs.replace(tick, evaluation=in_period(tick.evaluation, policy, began))

    # --- ends --------------------------------------------------------------------------------

    def _drop_finished(self, tick: int) -> None:
        place = next((i for i, finished in enumerate(self._finished) if finished.tick == tick), None)
        if place is not None:
            del self._finished[place]

    def _overdue(self) -> list[FinishedTick]:
        """Return, for each tick past its deadline, the end that it gets in place of its own."""
        overdue = [ticket for ticket in self._in_flight.values() if ticket.deadline <= self._decided_at]
        if not overdue:
            return []
        returned = {tick.tick for tick in self._finished}
        return [
            _timed_out(ticket, self._sensors[ticket.sensor].timeout)
            for ticket in overdue
            if ticket.tick not in returned
        ]

    def _run_events(self, reports: Sequence[RunReport], at: int) -> list[AnyEvent]:
        """Return what the reports amount to; of the losses of a run, the first that is one counts."""
        self._unclaimed = []
        events: list[AnyEvent] = []
        settled: set[str] = set()
        for report in reports:
            if report.run in settled:
                # Its worker was missed twice: by its host, and by the watch over those without one.
                continue
            event = self._run_event(report, at)
            if isinstance(event, RunFailed) or report.cause in self._unclaimed:
                settled.add(report.run)
            if event is not None:
                events.append(event)
        return events

    def _run_event(self, report: RunReport, at: int) -> AnyEvent | None:
        if not self._runs.is_open(report.run):
            return None
        if report.lost is None:
            return RunLaunched(at=at, run=report.run, cause=report.cause, launcher=report.launcher or "")
        start = self._runs.start_of(report.run)
        if start is not None and (start.host, start.pid) != report.worker:
            return None
        if start is None and report.again:
            self._unclaimed.append(report.cause)
            return None
        return RunFailed(at=at, run=report.run, cause=report.cause, error=report.lost)

    def _reschedule(self, sensor: str) -> None:
        """Make the sensor due when its interval, counted from its last tick's start, is over."""
        if not self._is_idle(sensor):
            return
        state = self._states.get(sensor)
        if not state.running:
            self._schedule.drop(sensor)
            return
        known = self._sensors[sensor]
        if known.moments is not None:
            self._schedule_moment(sensor, known.moments, self._clock.now())
            return
        # What happened while nobody looked wakes a sensor as well, so one that waits for events ticks.
        gap = known.interval if known.wake_up is None else known.least_gap
        self._schedule.set(sensor, self._after_gap(sensor, gap))

    def _after_gap(self, sensor: str, gap: float) -> float:
        """Return when *gap* seconds will be over since the sensor's last tick began (monotonic seconds)."""
        last, remaining = self._states.get(sensor).last_tick_at, 0.0
        if last is not None and gap:
            # A calendar that was set back must not suspend the sensor until it has caught up.
            elapsed = (self._clock.now() - last) / 1e6
            remaining = min(max(gap - elapsed, 0.0), gap)
        return self._clock.monotonic() + remaining


def _as_defined(known: EngineSensor | SensorState) -> tuple[object, ...]:
    """Return what the log says of a sensor when it is defined."""
    when = (known.interval, known.cron_schedule, known.timezone)
    return known.kind, *when, known.default_status, known.fingerprint, known.python


def _timed_out(ticket: Ticket, timeout: float) -> FinishedTick:
    error = (
        f"EvaluationTimeout: the sensor did not return within {timeout:g} s; "
        "it ticks again once its function has returned"
    )
    cursor = ticket.state.cursor
    evaluation = Evaluation(cursor=cursor, cursor_before=cursor, error=error)
    return FinishedTick(
        tick=ticket.tick, sensor=ticket.sensor, evaluation=evaluation, duration=timeout, timed_out=True
    )
