"""What is taken over of another system's history: the events that bring it into the log, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from .events import AnyEvent, HistoryImported, RunKeyImported, RunStatus, SensorImported, TickImported
from .run_keys import NOBODY
from .sensor_state import SensorState, StoredStatus

#: Returns, for each run key of a sensor, the offset of the event that owns it, or `NOBODY`.
Owners = Callable[[str, Sequence[str]], Sequence[int]]


class OriginSensor(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor as another system left it.

    Attributes:
        location: Which part of that system it is from.
        status: What an operator last said there.
        cursor: The cursor to go on from, None if there is none.
        last_run_key: The last key of the latest tick that had any.
        cursor_left_out: Why the cursor that it has there is not taken along, None if it is.
    """

    name: str
    location: str
    status: StoredStatus
    cursor: str | None
    last_run_key: str | None
    cursor_left_out: str | None = None


class OriginRunKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run key that a run of another system owns; fields as those of `RunKeyImported`."""

    sensor: str
    run_key: str
    run: str
    job: str
    status: RunStatus
    requested_at: int
    tick: int | None


class OriginTick(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tick of another system that has ended; fields as those of `TickImported`."""

    tick: int
    sensor: str
    started_at: int
    ended_at: int | None
    status: Literal["SUCCESS", "SKIPPED", "FAILURE"]
    reason: str | None
    error: str | None
    traceback: str | None
    cursor: str | None
    runs: list[str]
    run_keys: list[str]
    reacted: int


class OriginHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What another system has done.

    Attributes:
        source: Which system that is, for good.
        where: Where its storage is and its release, for people.
        location: Which of its parts this is alone, None if it is all.
        sensors: No two of the same name.
        run_keys: Of these sensors, in any order.
        ticks: Of these sensors, in any order.
    """

    source: str
    where: str
    location: str | None
    sensors: Sequence[OriginSensor]
    run_keys: Sequence[OriginRunKey]
    ticks: Sequence[OriginTick]


class ImportedBefore(Protocol):
    """What the log tells of earlier imports."""

    def has_tick(self, source: str, tick: int) -> bool: ...

    def has_run_key(self, sensor: str, run_key: str) -> bool: ...

    def is_here(self, sensor: str) -> bool:
        """Whether the sensor has ticked here, or an operator has switched it or moved its cursor here."""

    def origin(self, sensor: str) -> tuple[str, str] | None:
        """Return the source and location that the sensor's cursor came from, None if it never came from any."""


class SensorSummary(msgspec.Struct, kw_only=True):
    """What came of one sensor.

    Attributes:
        cursor: The cursor from now on.
        status: From now on, what an operator last said.
        ticks: How many of its ticks are new.
        run_keys: How many of its run keys are new.
        ticks_before: How many of its ticks had been imported before.
        run_keys_before: How many of its run keys had been imported before, or are owned by a request made here.
        kept: Whether cursor and status stay as they are here.
        notes: What did not come along and why, a line each.
    """

    sensor: str
    location: str
    cursor: str | None
    status: StoredStatus
    kept: bool
    ticks: int = 0
    run_keys: int = 0
    ticks_before: int = 0
    run_keys_before: int = 0
    notes: list[str] = []


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """What an import amounts to.

    Attributes:
        events: What is to be appended, none if there is nothing new.
        summaries: What came of each sensor, by name.
    """

    events: list[AnyEvent]
    summaries: list[SensorSummary]


def decide_import(
    history: OriginHistory,
    before: ImportedBefore,
    state_of: Callable[[str], SensorState],
    owners: Owners,
    *,
    actor: str,
    offset: int,
    at: int,
) -> Import:
    """Return the events that bring in what is new. Pure: same arguments, same events.

    A sensor that goes on here keeps its cursor and status: those of the other system are older. A run key
    that was imported once is not imported again, so one that was released stays free.

    Args:
        offset: The offset that the first of the events will get.
        at: UTC, microseconds since the epoch.
    """
    stamp = _Stamp(at=at, cause=offset, source=history.source)
    summaries = {
        sensor.name: _summary(sensor, state_of(sensor.name), before, stamp)
        for sensor in sorted(history.sensors, key=lambda sensor: sensor.name)
    }
    sensors = [
        _sensor(sensor, state_of(sensor.name), summaries[sensor.name], stamp)
        for sensor in history.sensors
        if _differs(sensor, state_of(sensor.name), before, summaries[sensor.name])
    ]
    run_keys = [_run_key(key, stamp) for key in _new_run_keys(history.run_keys, before, owners, summaries)]
    ticks = [_tick(tick, stamp) for tick in _new_ticks(history, before, summaries)]
    news: list[AnyEvent] = [*sensors, *run_keys, *ticks]
    if news:
        news.insert(0, _head(history, actor, stamp, len(sensors), len(run_keys), len(ticks)))
    return Import(events=news, summaries=list(summaries.values()))


class _Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What all events of an import have."""

    at: int
    cause: int
    source: str


def _summary(
    sensor: OriginSensor, state: SensorState, before: ImportedBefore, stamp: _Stamp
) -> SensorSummary:
    kept = _kept(sensor, before, stamp)
    notes = [note for note in (kept, None if kept else sensor.cursor_left_out) if note is not None]
    return SensorSummary(
        sensor=sensor.name,
        location=sensor.location,
        cursor=state.cursor if kept or sensor.cursor_left_out else sensor.cursor,
        status=state.stored_status if kept else sensor.status,
        kept=kept is not None,
        notes=notes,
    )


def _kept(sensor: OriginSensor, before: ImportedBefore, stamp: _Stamp) -> str | None:
    """Return why the cursor and status that the sensor has here stay, None if those of the other system come."""
    if before.is_here(sensor.name):
        return "it goes on here: cursor and status stay as they are"
    origin = before.origin(sensor.name)
    if origin is None or origin == (stamp.source, sensor.location):
        return None
    return f"its cursor and status stay as they came from {origin[1]} of {origin[0]}"


def _differs(
    sensor: OriginSensor, state: SensorState, before: ImportedBefore, summary: SensorSummary
) -> bool:
    if summary.kept:
        return False
    there = (summary.cursor, summary.status, sensor.last_run_key)
    return before.origin(sensor.name) is None or there != (
        state.cursor,
        state.stored_status,
        state.last_run_key,
    )


def _sensor(
    sensor: OriginSensor, state: SensorState, summary: SensorSummary, stamp: _Stamp
) -> SensorImported:
    return SensorImported(
        at=stamp.at,
        cause=stamp.cause,
        source=stamp.source,
        sensor=sensor.name,
        location=sensor.location,
        before=state.cursor,
        after=summary.cursor,
        status=summary.status,
        last_run_key=sensor.last_run_key,
    )


def _new_run_keys(
    run_keys: Iterable[OriginRunKey],
    before: ImportedBefore,
    owners: Owners,
    summaries: Mapping[str, SensorSummary],
) -> Iterator[OriginRunKey]:
    """Yield those that nobody owns here and that were never imported, the first run of each."""
    by_sensor = dict[str, dict[str, OriginRunKey]]()
    for key in sorted(run_keys, key=lambda key: (key.requested_at, key.run)):
        by_sensor.setdefault(key.sensor, {}).setdefault(key.run_key, key)
    for sensor, keys in by_sensor.items():
        summary = summaries[sensor]
        for key, owner in zip(keys.values(), owners(sensor, list(keys)), strict=True):
            if owner == NOBODY and not before.has_run_key(sensor, key.run_key):
                summary.run_keys += 1
                yield key
            else:
                summary.run_keys_before += 1


def _run_key(key: OriginRunKey, stamp: _Stamp) -> RunKeyImported:
    return RunKeyImported(
        at=stamp.at,
        cause=stamp.cause,
        source=stamp.source,
        sensor=key.sensor,
        run_key=key.run_key,
        run=key.run,
        job=key.job,
        status=key.status,
        requested_at=key.requested_at,
        origin_tick=key.tick,
    )


def _new_ticks(
    history: OriginHistory, before: ImportedBefore, summaries: Mapping[str, SensorSummary]
) -> Iterator[OriginTick]:
    """Yield those that were not imported yet, in the order of their starts."""
    for tick in sorted(history.ticks, key=lambda tick: (tick.started_at, tick.tick)):
        summary = summaries[tick.sensor]
        if before.has_tick(history.source, tick.tick):
            summary.ticks_before += 1
        else:
            summary.ticks += 1
            yield tick


def _tick(tick: OriginTick, stamp: _Stamp) -> TickImported:
    return TickImported(
        at=stamp.at,
        cause=stamp.cause,
        source=stamp.source,
        origin=tick.tick,
        sensor=tick.sensor,
        started_at=tick.started_at,
        ended_at=tick.ended_at,
        status=tick.status,
        reason=tick.reason,
        error=tick.error,
        traceback=tick.traceback,
        cursor=tick.cursor,
        runs=tick.runs,
        run_keys=tick.run_keys,
        reacted=tick.reacted,
    )


def _head(
    history: OriginHistory, actor: str, stamp: _Stamp, sensors: int, run_keys: int, ticks: int
) -> HistoryImported:
    return HistoryImported(
        at=stamp.at,
        source=stamp.source,
        where=history.where,
        actor=actor,
        location=history.location,
        sensors=sensors,
        run_keys=run_keys,
        ticks=ticks,
    )
