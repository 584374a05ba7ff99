"""Hindrances: all that keeps a sensor from requesting runs now, the hardest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from ..core.events import (
    AnyEvent,
    SensorDefined,
    SensorImported,
    SensorQuarantined,
    SensorRetired,
    SensorStatusReset,
    SensorStopped,
)
from ..core.sensor_state import SensorState
from .milestones import Milestones
from .tick_record import Outcome, TickRecord

#: What may keep a sensor from requesting runs.
Kind = Literal[
    "retired",
    "imported",
    "stopped",
    "quarantined",
    "no engine",
    "in flight",
    "never ticked",
    "put off",
    "failing",
    "skipping",
]


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """Something that keeps a sensor from requesting runs.

    Attributes:
        kind: Which sort it is.
        since: Since when; UTC, microseconds since the epoch, None if the log does not tell.
        offset: Offset of *event*.
        event: The event that tells of it, None if none does.
        count: How many ticks in a row it concerns, None if it is not about ticks.
    """

    kind: Kind
    since: int | None = None
    offset: int | None = None
    event: AnyEvent | None = None
    count: int | None = None


def hindrances(
    state: SensorState, milestones: Milestones, record: TickRecord, *, engine_runs: bool
) -> list[Hindrance]:
    """Return what keeps the sensor from requesting runs; nothing if its last tick requested some.

    Args:
        engine_runs: Whether an engine runs on the home.
    """
    return [
        *_switched_off(state, milestones),
        *_no_engine(milestones, engine_runs),
        *_ticking(state, milestones, record),
    ]


def _switched_off(state: SensorState, milestones: Milestones) -> Iterator[Hindrance]:
    name = state.name
    if state.standing == "RETIRED":
        yield _told("retired", milestones.latest(name, SensorRetired))
    elif state.standing == "IMPORTED":
        yield _told("imported", milestones.latest(name, SensorImported))
    # Of a sensor that was never in the definitions nobody knows what its code says.
    if state.status == "STOPPED" and (state.fingerprint or state.stored_status == "STOPPED"):
        yield _told("stopped", _stop(state, milestones))
    elif state.quarantined is not None:
        told = milestones.latest(name, SensorQuarantined)
        yield _told("quarantined", told, count=None if told is None else told[1].failures)


def _stop(state: SensorState, milestones: Milestones) -> tuple[int, AnyEvent] | None:
    """Return what switched the sensor off: an operator, here or where it was imported from, or its code."""
    if state.stored_status == "STOPPED":
        # What was stopped here after its import is stopped by that.
        return milestones.latest(state.name, SensorStopped) or milestones.latest(state.name, SensorImported)
    reset = milestones.latest(state.name, SensorStatusReset)
    return milestones.latest(state.name, SensorDefined) if reset is None else reset


def _no_engine(milestones: Milestones, engine_runs: bool) -> Iterator[Hindrance]:
    if not engine_runs:
        yield _told("no engine", milestones.engine)


def _ticking(state: SensorState, milestones: Milestones, record: TickRecord) -> Iterator[Hindrance]:
    if state.open_tick is not None:
        yield Hindrance(kind="in flight", since=state.open_tick_at, offset=state.open_tick)
    if record.ticks == 0 and state.standing != "IMPORTED":
        yield _told("never ticked", milestones.latest(state.name, SensorDefined))
    if record.put_off is not None:
        yield _told("put off", record.put_off)
    if record.failing is not None:
        yield _in_a_row("failing", record.last_failure, [record.failing])
    elif record.put_off is None:
        skips = [outcome for outcome in record.outcomes() if outcome.status == "SKIPPED"]
        if skips:
            yield _in_a_row("skipping", record.last_skip, skips)


def _in_a_row(kind: Kind, last: tuple[int, AnyEvent] | None, outcomes: Sequence[Outcome]) -> Hindrance:
    assert last is not None
    return Hindrance(
        kind=kind,
        since=min(outcome.first_at for outcome in outcomes),
        offset=last[0],
        event=last[1],
        count=sum(outcome.count for outcome in outcomes),
    )


def _told(kind: Kind, told: tuple[int, AnyEvent] | None, count: int | None = None) -> Hindrance:
    if told is None:
        return Hindrance(kind=kind)
    return Hindrance(kind=kind, since=told[1].at, offset=told[0], event=told[1], count=count)
