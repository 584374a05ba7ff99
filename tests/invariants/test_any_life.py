"""Random lives of an engine: ticks, operators, restarts, faults; every invariant holds after each step."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import ticktrail as dg
from conformance.sensors import sensor_of
from harness.engine import EngineHarness
from harness.faulty_log import FaultyLog
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.core.engine_parts import Step, Ticket
from ticktrail.core.errors import LogUnavailable
from ticktrail.core.events import (
    CursorReset,
    RunKeysReleased,
    RunRequested,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
)
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.invariants import check
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates

NAMES = ("a", "b")
KEYS = st.lists(st.sampled_from(["k1", "k2", "k3", None]), max_size=4)
PARTITIONS = dg.DynamicPartitionsDefinition(name="p")
#: Requests for keys of `PARTITIONS`; every other one is to add them.
CHANGES = st.lists(st.sampled_from([("x",), ("y", "z"), ()]), max_size=2, unique=True)
CURSORS = st.sampled_from([None, "", "1", "2"])
SENSORS = st.sampled_from(NAMES)


class EngineLife(RuleBasedStateMachine):
    """Each rule is a step of the driver, of an operator, or of fate.

    Seen to fail when `decision._judge` did not look into ``claimed``, or not at ``owners``; when
    `Engine._append_decided` appended the last event by itself, or with ``expected=None``; when
    `Engine._opening` closed no tick; when `Engine._ended` scheduled a sensor whose tick had timed
    out; when `Engine.catch_up` did not heed the engine's own frames; when `RunKeys` missed claims.
    """

    def __init__(self) -> None:
        super().__init__()
        self.says: dict[str, tuple[list[str | None], str | None]] = dict.fromkeys(NAMES, ([], None))
        self.changes: list[tuple[str, ...]] = []
        self.log = FaultyLog(MemoryEventLog())
        self.engine = EngineHarness(*map(self._sensor, NAMES), log=self.log)
        self.evaluating: list[Ticket] = []

    def _sensor(self, name: str) -> dg.SensorDefinition:
        def sensor(context: dg.SensorEvaluationContext) -> Any:
            keys, cursor = self.says[name]
            if cursor == "2":
                raise ValueError(cursor)
            requests = [dg.RunRequest(run_key=key) for key in keys]
            partitions = [
                PARTITIONS.build_delete_request(named) if place % 2 else PARTITIONS.build_add_request(named)
                for place, named in enumerate(self.changes)
            ]
            return dg.SensorResult(requests, cursor=cursor, dynamic_partitions_requests=partitions)

        return sensor_of(sensor, name=name)

    def _step(self) -> None:
        """One call of the driver, again if the storage refused."""
        try:
            step: Step = self.engine.engine.run_once()
        except LogUnavailable:
            step = self.engine.engine.run_once()
        self.evaluating += step.tickets

    # --- the driver --------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.0, 1.0, 31.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.engine.clock.advance(seconds)
        self._step()

    @precondition(lambda self: self.evaluating)
    @rule(data=st.data(), keys=KEYS, cursor=CURSORS, changes=CHANGES)
    def a_sensor_returns(
        self, data: st.DataObject, keys: list[str | None], cursor: str | None, changes: list[tuple[str, ...]]
    ) -> None:
        ticket = self.evaluating.pop(data.draw(st.integers(0, len(self.evaluating) - 1)))
        self.says[ticket.sensor], self.changes = (keys, cursor), changes
        self.engine.engine.finish(self.engine.evaluate(ticket))

    @rule()
    def it_steps(self) -> None:
        self._step()

    @rule()
    def it_hears_of_others(self) -> None:
        self.engine.engine.catch_up()

    # --- fate --------------------------------------------------------------------------------

    @rule()
    def it_is_killed_and_started_again(self) -> None:
        self.log.fault = None
        self.engine.restart()
        self.evaluating.clear()

    @rule(fault=st.sampled_from(["refused", "stored, yet an error"]))
    def the_next_append_fails(self, fault: Any) -> None:
        self.log.fault = fault

    # --- operators ---------------------------------------------------------------------------

    @rule(sensor=SENSORS, kind=st.sampled_from([SensorStarted, SensorStopped, SensorStatusReset]))
    def it_is_switched(self, sensor: str, kind: Any) -> None:
        self._operate(kind(at=self.engine.clock.now(), sensor=sensor, actor="ann"))

    @rule(sensor=SENSORS, after=CURSORS)
    def its_cursor_is_set(self, sensor: str, after: str | None) -> None:
        before = self._rebuilt().get(sensor).cursor
        self._operate(
            CursorReset(at=self.engine.clock.now(), sensor=sensor, actor="ann", before=before, after=after)
        )

    @rule(sensor=SENSORS, keys=st.lists(st.sampled_from(["k1", "k2"]), min_size=1))
    def keys_are_released(self, sensor: str, keys: list[str]) -> None:
        self._operate(RunKeysReleased(at=self.engine.clock.now(), sensor=sensor, actor="ann", run_keys=keys))

    def _operate(self, event: Any) -> None:
        fault, self.log.fault = self.log.fault, None
        self.engine.operate(event)
        self.log.fault = fault

    # --- what must hold ----------------------------------------------------------------------

    def _rebuilt(self) -> SensorStates:
        states = SensorStates()
        for frame in self.log.read():
            states.apply(frame.first_offset, frame.events)
        return states

    @invariant()
    def the_log_keeps_every_invariant(self) -> None:
        assert list(check(self.log.read())) == []

    @invariant()
    def every_key_is_requested_once_until_it_is_released(self) -> None:
        requested: Counter[tuple[str, str]] = Counter()
        for event in self.engine.events():
            if isinstance(event, RunKeysReleased):
                for key in event.run_keys:
                    requested[event.sensor, key] = 0
            elif isinstance(event, RunRequested) and event.run_key:
                requested[event.sensor or "", event.run_key] += 1
        assert not requested or max(requested.values()) <= 1

    @invariant()
    def the_engine_knows_what_the_log_says(self) -> None:
        whole, index, partitions = SensorStates(), MemoryRunKeyIndex(), DynamicPartitions()
        keys = RunKeys(index)
        for frame in self.log.read(0, self.engine.engine.head):
            whole.apply(frame.first_offset, frame.events)
            keys.apply(frame.first_offset, frame.events)
            partitions.apply(frame.first_offset, frame.events)
        assert self.engine.states.digest() == whole.digest()
        assert self.engine.index.digest() == index.digest()
        assert self.engine.partitions.digest() == partitions.digest()

    def teardown(self) -> None:
        """Left alone, it goes on: every sensor that is on and not hanging ticks again."""
        self.log.fault = None
        for ticket in self.evaluating:
            self.says[ticket.sensor] = [], None
            self.engine.engine.finish(self.engine.evaluate(ticket))
        self.evaluating.clear()
        self.engine.engine.catch_up()
        self._step()
        self._step()
        for ticket in self.evaluating:
            self.engine.engine.finish(self.engine.evaluate(ticket))
        self._step()
        self._step()
        self.evaluating.clear()
        self.engine.clock.advance(31)
        self._step()
        on = {name for name in NAMES if self._rebuilt().get(name).running}
        assert on <= {ticket.sensor for ticket in self.evaluating}


TestEngineLife = EngineLife.TestCase
TestEngineLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
