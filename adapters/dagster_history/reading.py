"""Sensors, run keys and ticks of a Dagster instance, as plain values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ...core.events import RUN_KEY_TAG, TICK_TAG, RunStatus
from ...core.importing import OriginHistory, OriginRunKey, OriginSensor, OriginTick
from ..progress import with_progress
from .errors import DagsterHomeError, SameName
from .storages import DagsterStorages, open_storages

#: Rows that are read at a time.
_PAGE = 2_000

_SENSOR_TAG = "dagster/sensor_name"

#: The statuses of Dagster that are none of ours.
_STATUSES: Mapping[str, RunStatus] = {
    "NOT_STARTED": "QUEUED",
    "MANAGED": "STARTED",
    "SUSPENDED": "STARTED",
    "CANCELING": "STARTED",
}

_UNFINISHED = "ticks that have not ended, to be imported when they have"
_UNREADABLE = "run keys that are no valid text, so that no sensor can ask for them"
_ORPHANS = "ticks of sensors that Dagster keeps no state of"
_SCHEDULES = "ticks of schedules, which begin anew"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a Dagster instance.

    Attributes:
        left_out: How many of what were left out, as text that says why.
    """

    history: OriginHistory
    left_out: Mapping[str, int]


def read_history(folder: Path, location: str | None) -> Reading:
    """Read what the sensors of a Dagster instance have done.

    Args:
        folder: The Dagster home.
        location: Take those of this code location alone, or of this ``repository@location``.

    Raises:
        DagsterHomeError: The home cannot be read, or has no such location.
        SameName: Several sensors have the same name.
    """
    with open_storages(folder) as storages:
        return _Reader(storages, location).read()


class _Reader:
    def __init__(self, storages: DagsterStorages, location: str | None) -> None:
        self._storages, self._location = storages, location
        self._left_out = Counter[str]()
        self._all = storages.schedules.all_instigator_state(instigator_type=_sensor_type())
        self._states = _chosen(storages.folder, self._all, location)

    def read(self) -> Reading:
        history = OriginHistory(
            source=f"dagster:{self._storages.runs.get_run_storage_id()}",
            where=self._storages.where,
            location=self._location,
            sensors=[_sensor(state) for state in self._states.values()],
            run_keys=list(self._run_keys()),
            ticks=list(self._ticks()),
        )
        return Reading(history=history, left_out=dict(self._left_out))

    # --- run keys -------------------------------------------------------------------------------

    def _run_keys(self) -> Iterator[OriginRunKey]:
        from dagster import RunsFilter

        if not self._states:
            return
        chosen = RunsFilter(tags={_SENSOR_TAG: sorted(self._states)})
        total = self._storages.runs.get_runs_count(chosen)
        for record in with_progress(self._runs(chosen), total, doing="reading", unit="runs"):
            key = self._run_key(record)
            if key is not None:
                yield key

    def _runs(self, chosen: Any) -> Iterator[Any]:
        after = None
        while page := self._storages.runs.get_run_records(chosen, limit=_PAGE, cursor=after, ascending=True):
            yield from page
            after = page[-1].dagster_run.run_id

    def _run_key(self, record: Any) -> OriginRunKey | None:
        run = record.dagster_run
        state, key = self._states[run.tags[_SENSOR_TAG]], run.tags.get(RUN_KEY_TAG)
        # As in Dagster a run owns the key in its own location alone, one without a location in all.
        origin = run.remote_job_origin
        if not key or (origin is not None and _label(origin.repository_origin) != _place(state)):
            return None
        if _readable(key) != key:
            self._left_out[_UNREADABLE] += 1
            return None
        tick = run.tags.get(TICK_TAG, "")
        return OriginRunKey(
            sensor=state.instigator_name,
            run_key=key,
            run=run.run_id,
            job=run.job_name,
            status=_STATUSES.get(run.status.value, run.status.value),
            requested_at=round(record.create_timestamp.timestamp() * 1e6),
            tick=int(tick) if tick.isdecimal() else None,
        )

    # --- ticks ----------------------------------------------------------------------------------

    def _ticks(self) -> Iterator[OriginTick]:
        from dagster._core.scheduler.instigation import TickData
        from dagster._serdes import deserialize_value

        self._count_ticks_of_schedules()
        chosen = {each for state in self._states.values() for each in _ids(state)}
        known = {each for state in self._all for each in _ids(state)}
        total = self._count("SENSOR")
        for tick, body in with_progress(self._rows(), total, doing="reading", unit="ticks"):
            data = deserialize_value(body, TickData)
            ids = {data.selector_id, data.instigator_origin_id}
            if not ids.isdisjoint(chosen):
                if data.status.value == "STARTED":
                    self._left_out[_UNFINISHED] += 1
                else:
                    yield _tick(tick, data)
            elif ids.isdisjoint(known):
                self._left_out[_ORPHANS] += 1

    def _rows(self) -> Iterator[tuple[int, str]]:
        """Yield the ticks of sensors, by id: Dagster's own way, by time, may pass over some at the same time."""
        from dagster._core.storage.schedules.schema import JobTickTable as Table
        from sqlalchemy import select

        after = -1
        while True:
            page = (
                select(Table.c.id, Table.c.tick_body)
                .where(Table.c.type == "SENSOR", Table.c.id > after)
                .order_by(Table.c.id)
                .limit(_PAGE)
            )
            rows = self._storages.schedules.execute(page)
            if not rows:
                return
            yield from rows
            after = rows[-1][0]

    def _count(self, kind: str) -> int:
        from dagster._core.storage.schedules.schema import JobTickTable as Table
        from sqlalchemy import func, select

        query = select(func.count()).select_from(Table).where(Table.c.type == kind)
        [[count]] = self._storages.schedules.execute(query)
        return int(count)

    def _count_ticks_of_schedules(self) -> None:
        if count := self._count("SCHEDULE"):
            self._left_out[_SCHEDULES] = count


def _sensor_type() -> Any:
    from dagster._core.definitions.run_request import InstigatorType

    return InstigatorType.SENSOR


def _chosen(folder: Path, states: Sequence[Any], location: str | None) -> dict[str, Any]:
    """Return the states of the sensors to import, by their names."""
    by_name = defaultdict[str, list[Any]](list)
    for state in states:
        if location is None or location in (_place(state), _place(state).partition("@")[2]):
            by_name[state.instigator_name].append(state)
    if states and not by_name:
        places = ", ".join(sorted({_place(state) for state in states}))
        raise DagsterHomeError(folder, f"it has no sensors of the location {location!r}, known: {places}")
    if same := {name: sorted(map(_place, several)) for name, several in by_name.items() if len(several) > 1}:
        raise SameName(same)
    return {name: state for name, [state] in by_name.items()}


def _ids(state: Any) -> tuple[str, str]:
    """Return what the ticks of a sensor name it by, of which old ones have the second alone."""
    return state.selector_id, state.instigator_origin_id


def _place(state: Any) -> str:
    return _label(state.origin.repository_origin)


def _label(origin: Any) -> str:
    return f"{origin.repository_name}@{origin.code_location_origin.location_name}"


def _sensor(state: Any) -> OriginSensor:
    data = state.instigator_data
    cursor = None if data is None else data.cursor
    why_not = None if data is None or cursor is None else _not_taken(data.sensor_type, cursor)
    return OriginSensor(
        name=state.instigator_name,
        location=_place(state),
        status="DECLARED_IN_CODE" if state.status.value not in ("RUNNING", "STOPPED") else state.status.value,
        cursor=None if why_not else cursor,
        last_run_key=None if data is None else _text(data.last_run_key),
        cursor_left_out=why_not,
    )


def _not_taken(kind: Any, cursor: str) -> str | None:
    """Return why a cursor stays behind, None if it does not."""
    if kind is not None and kind.value not in ("STANDARD", "UNKNOWN"):
        return (
            f"it is a sensor of the kind {kind.value}, whose cursor counts Dagster's events: it begins anew"
        )
    return None if _readable(cursor) == cursor else "its cursor is no valid text: it begins anew"


def _tick(tick: int, data: Any) -> OriginTick:
    return OriginTick(
        tick=tick,
        sensor=data.instigator_name,
        started_at=round(data.timestamp * 1e6),
        ended_at=None if data.end_timestamp is None else round(data.end_timestamp * 1e6),
        status=data.status.value,
        reason=_text(data.skip_reason),
        error=None if data.error is None else _readable(_root_of(data.error)),
        traceback=None if data.error is None else _readable(data.error.to_string()),
        cursor=_text(data.cursor),
        runs=list(data.run_ids),
        run_keys=list(map(_readable, data.run_keys)),
        reacted=len(data.origin_run_ids or ()),
    )


def _root_of(error: Any) -> str:
    """Return what the user's code raised, which Dagster wraps in errors of its own."""
    while error.cause is not None:
        error = error.cause
    return " ".join(error.message.split())


def _text(text: str | None) -> str | None:
    return None if text is None else _readable(text)


def _readable(text: str) -> str:
    """Return the text with escapes for what is none: the log holds text only."""
    return text.encode("utf-8", "backslashreplace").decode()
