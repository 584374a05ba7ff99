"""A tick of the past, with all that its decision was made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ..authoring.sensor_definition import SensorDefinition
from ..evaluation import Evaluation
from ..events import AnyEvent, SensorQuarantined, TickStarted
from ..moments import handled
from ..partitions_store import DynamicPartitionsStore
from ..run_key_tries import FailedTry, in_period
from ..sensor_state import SensorState
from ..tape import Tape
from .key_owners import KeyOwners


class PastTick(msgspec.Struct, frozen=True, kw_only=True):
    """A tick that has ended.

    Attributes:
        tick: Its id.
        started: How it started.
        state_at_start: The sensor then.
        state: The sensor at the head on which the tick was decided.
        owners: Who owned which of the sensor's run keys at that head.
        failed_try: Returns, for the offset of a request of the sensor, which try of its run key it was, if its run
            had failed by then; None for any other.
        partitions: The dynamic partitions at that head.
        events: Those that ended the tick, in order, without its tape.
        offset: The offset of the first of them.
        end: The one that says how it ended.
        read_tape: Returns what the tick read; None if that was not recorded. Raises `MissingBlob`.
    """

    tick: int
    started: TickStarted
    state_at_start: SensorState
    state: SensorState
    owners: KeyOwners
    failed_try: FailedTry
    partitions: DynamicPartitionsStore
    events: Sequence[AnyEvent]
    offset: int
    end: Any
    read_tape: Callable[[], Tape | None]


def end_of(events: Sequence[AnyEvent]) -> Any:
    """Return, of the events that end a tick, the one that says how: a quarantine is what follows from it."""
    last = events[-1]
    return events[-2] if isinstance(last, SensorQuarantined) else last


def of_its_time(
    evaluation: Evaluation, sensor: SensorDefinition, state: SensorState, started: TickStarted
) -> Evaluation:
    """Return the evaluation with what the time of its tick makes of it, as the engine did.

    Args:
        state: The sensor when the tick started.
    """
    if sensor.moments is not None and started.scheduled_for is not None:
        evaluation = handled(evaluation, state, sensor.moments, started.scheduled_for)
    return in_period(evaluation, sensor.run_key_policy, started.at)
