"""A real engine on the memory log, with a clock that stands still until told and no threads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.schedule_definition import ScheduleDefinition
from ticktrail.core.authoring.sensor import SensorDefinition
from ticktrail.core.decision import FinishedTick
from ticktrail.core.engine import Engine
from ticktrail.core.engine_parts import EngineSensor, Step, Ticket
from ticktrail.core.evaluation import evaluate
from ticktrail.core.events import AnyEvent, RunRequested
from ticktrail.core.log import EventLog
from ticktrail.core.python_version import PYTHON
from ticktrail.core.sensor_state import SensorState
from ticktrail.core.tape import Recorder, under
from ticktrail.core.tick_context import tick_context
from ticktrail.projections.blobs import Blobs
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates
from ticktrail.projections.ticks import Tick, Ticks

#: Where the clock of a test begins: 2026-01-01 00:00:00 UTC in microseconds.
START = 1_767_225_600_000_000

#: Every engine has a name of its own, as the ids of real ones.
_engines = count(1)


class StillClock:
    """A clock that moves only by `advance`; the calendar can be moved alone by `set_back`."""

    def __init__(self) -> None:
        self._now, self._monotonic = START, 1000.0

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += round(seconds * 1e6)
        self._monotonic += seconds

    def set_back(self, seconds: float) -> None:
        self._now -= round(seconds * 1e6)


class EngineHarness:
    """Drives an engine by hand: `beat` starts what is due, evaluates it and lets it end."""

    def __init__(
        self,
        *sensors: SensorDefinition,
        log: EventLog | None = None,
        clock: StillClock | None = None,
        timeout: float = 60.0,
        fingerprint: str = "code-1",
        instance: Any = ...,
        record: bool = False,
        **definitions: Any,
    ) -> None:
        self.clock = clock or StillClock()
        self.log = log or MemoryEventLog()
        self.timeout, self.fingerprint, self.record = timeout, fingerprint, record
        self.instance: Any = DagsterInstance(self.log) if instance is ... else instance
        self.load(*sensors, **definitions)

    def load(self, *sensors: SensorDefinition, **definitions: Any) -> None:
        """Start a new engine with these definitions on the same log, as after a restart."""
        schedules = [sensor for sensor in sensors if isinstance(sensor, ScheduleDefinition)]
        plain = [sensor for sensor in sensors if not isinstance(sensor, ScheduleDefinition)]
        self.definitions = Definitions(sensors=plain, schedules=schedules, **definitions)
        self.sensors = {sensor.name: sensor for sensor in sensors}
        self.restart()

    def restart(self) -> None:
        """Start a new engine on the same log; the old one is gone without a word."""
        self.name = f"engine-{next(_engines)}"
        self.states, self.outbox = SensorStates(), Outbox()
        self.index, self.partitions = MemoryRunKeyIndex(), DynamicPartitions()
        self._ids = 0
        self.engine = Engine(
            self.log,
            states=self.states,
            run_keys=RunKeys(self.index),
            open_runs=self.outbox,
            partitions=self.partitions,
            blobs=Blobs(),
            sensors={name: self._engine_sensor(sensor) for name, sensor in self.sensors.items()},
            clock=self.clock,
            new_ids=self._new_ids,
            name=self.name,
        )
        self.engine.open(where="here", release="0")

    def _engine_sensor(self, sensor: SensorDefinition) -> EngineSensor:
        return EngineSensor(
            name=sensor.name,
            kind=sensor.kind,
            interval=sensor.interval_seconds,
            default_status=sensor.default_status.value,
            fingerprint=self.fingerprint,
            timeout=self.timeout,
            least_gap=sensor.least_gap_seconds,
            wake_up=sensor.wake_up(self.definitions.get_repository_def()),
            polls=sensor.polls,
            cron_schedule=sensor.cron_text,
            timezone=sensor.timezone,
            moments=sensor.moments,
            limits=sensor.limits,
            run_key_policy=sensor.run_key_policy,
            record=self.record and sensor.record,
            python=PYTHON,
        )

    def _new_ids(self, count: int) -> list[str]:
        self._ids += count
        return [f"run-{number}-of-{self.name}" for number in range(self._ids - count + 1, self._ids + 1)]

    def start(self) -> Step:
        """Let the engine start what is due, without evaluating it."""
        self.engine.catch_up()
        return self.engine.run_once()

    def evaluate(self, ticket: Ticket) -> FinishedTick:
        """Evaluate a started tick as the engine's threads do."""
        sensor = self.sensors[ticket.sensor]
        context = tick_context(sensor, ticket.state, ticket.scheduled_for, self.definitions, self.instance)
        recorder = Recorder() if self.record and sensor.record else None
        with under(recorder):
            evaluation = evaluate(sensor, context, self.definitions)
        return FinishedTick(
            tick=ticket.tick,
            sensor=ticket.sensor,
            evaluation=evaluation,
            duration=0.5,
            tape=None if recorder is None else recorder.tape(),
        )

    def finish(self, *tickets: Ticket) -> Step:
        """Evaluate the tickets and let the engine end their ticks."""
        for ticket in tickets:
            self.engine.finish(self.evaluate(ticket))
        return self.engine.run_once(start_ticks=False)

    def beat(self, seconds: float = 0.0) -> Sequence[Ticket]:
        """Let *seconds* pass, then start, evaluate and end all that is due; returns what ticked."""
        self.clock.advance(seconds)
        step = self.start()
        self.finish(*step.tickets)
        return step.tickets

    def operate(self, *events: AnyEvent) -> None:
        """Append as an operator in another process would."""
        self.log.append(events, expected=None, recorded_at=self.clock.now(), writer="cli:tester")

    # --- what the log says -------------------------------------------------------------------

    def events(self) -> list[AnyEvent]:
        return [event for frame in self.log.read() for event in frame.events]

    def of(self, *kinds: type) -> list[Any]:
        return [event for event in self.events() if isinstance(event, kinds)]

    def ticks(self, sensor: str | None = None) -> list[Tick]:
        """The ticks, the oldest first."""
        fold = Ticks()
        for frame in self.log.read():
            fold.apply(frame.first_offset, frame.events)
        return [tick for tick in reversed(fold.rows()) if sensor in (None, tick.sensor)]

    def requests(self) -> list[RunRequested]:
        return self.of(RunRequested)

    def state(self, sensor: str) -> SensorState:
        return self.states.get(sensor)
