"""A builder of logs as an engine writes them: each step appends what would be appended for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ticktrail.core.events import (
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    ConcurrencyLimitSet,
    CursorReset,
    CursorUpdated,
    DefaultStatus,
    DynamicPartitionsChanged,
    HistoryImported,
    RequestRejected,
    RunCanceled,
    RunFailed,
    RunKeyImported,
    RunKeyRepeated,
    RunKeysReleased,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorDefined,
    SensorImported,
    SensorStopped,
    StepLogged,
    TickCompleted,
    TickFailed,
    TickImported,
    TickLogged,
    TickSkipped,
    TickStarted,
)
from ticktrail.core.log import Frame
from ticktrail.core.sensor_state import StoredStatus

#: When a story begins: 2026-01-01 00:00:00 UTC, in microseconds.
BEGIN = 1_767_225_600_000_000


class Story:
    """Events in the order of a log; one second passes between two of them.

    Attributes:
        appends: What was appended, each a list of events.
    """

    def __init__(self, begin: int = BEGIN) -> None:
        self.begin = begin
        self.appends: list[list[AnyEvent]] = []
        self.head = 0
        self._cursors: dict[str, str | None] = {}
        self._open: dict[int, str] = {}
        self._owners: dict[tuple[str, str], int] = {}
        self._partitions: dict[str, dict[str, None]] = {}

    @property
    def at(self) -> int:
        """The time of the next event."""
        return self.begin + self.head * 1_000_000

    @property
    def events(self) -> list[AnyEvent]:
        return [event for append in self.appends for event in append]

    def frames(self, size: int = 10**9) -> Iterator[Frame]:
        """Yield the log as frames of at most *size* events; appends never share a frame."""
        number = offset = 0
        for turn, append in enumerate(self.appends):
            for start in range(0, len(append), size):
                events = append[start : start + size]
                yield Frame(
                    number=number,
                    first_offset=offset,
                    recorded_at=self.begin + turn,
                    writer="engine:1",
                    events=events,
                )
                number, offset = number + 1, offset + len(events)

    def add(self, *events: AnyEvent) -> int:
        """Append the events as they are; return the offset of the first."""
        self.appends.append(list(events))
        self.head += len(events)
        return self.head - len(events)

    def define(self, sensor: str, default: DefaultStatus = "RUNNING", interval: float = 30.0) -> int:
        return self.add(
            SensorDefined(
                at=self.at,
                sensor=sensor,
                kind="STANDARD",
                interval=interval,
                default_status=default,
                fingerprint="f1",
            )
        )

    def start_tick(self, sensor: str) -> int:
        """Begin a tick; return its id."""
        cursor = self._cursors.get(sensor)
        tick = self.add(
            TickStarted(at=self.at, sensor=sensor, cursor=cursor, fingerprint="f1", engine="engine-1")
        )
        self._open[tick] = sensor
        return tick

    def end_tick(
        self,
        tick: int,
        *keys: str | None,
        cursor: str | None = None,
        reason: str | None = None,
        logs: Sequence[str] = (),
        rejected: Sequence[str] = (),
        materialized: Sequence[str] = (),
    ) -> list[str]:
        """End a tick that asked for a run per key; return the ids of the runs it got."""
        at, sensor = self.at, self._open.pop(tick)
        events: list[AnyEvent] = [
            TickLogged(at=at, tick=tick, sensor=sensor, level="INFO", message=line) for line in logs
        ]
        events += [AssetMaterialized(at=at, asset=asset, tick=tick) for asset in materialized]
        runs: list[str] = []
        for key in keys:
            offset = self.head + len(events)
            owner = self._owners.get((sensor, key)) if key else None
            if key and owner is not None:
                events.append(
                    RunKeyRepeated(at=at, tick=tick, sensor=sensor, run_key=key, owner=owner, job="j")
                )
                continue
            if key:
                self._owners[sensor, key] = offset
            runs.append(f"run-{offset}")
            events.append(
                RunRequested(
                    at=at, run=runs[-1], job="j", tick=tick, sensor=sensor, run_key=key, given_tags={"a": "b"}
                )
            )
        events += [
            RequestRejected(at=at, tick=tick, sensor=sensor, index=len(keys) + place, why=why)
            for place, why in enumerate(rejected)
        ]
        if cursor is not None:
            before = self._cursors.get(sensor)
            events.append(CursorUpdated(at=at, tick=tick, sensor=sensor, before=before, after=cursor))
            self._cursors[sensor] = cursor
        events.append(self._end(tick, sensor, len(keys) - len(runs), len(runs), keys, reason, rejected))
        self.add(*events)
        return runs

    def _end(
        self,
        tick: int,
        sensor: str,
        repeated: int,
        requested: int,
        keys: Sequence[str | None],
        reason: str | None,
        rejected: Sequence[str],
    ) -> AnyEvent:
        at, last = self.at, next((key for key in reversed(keys) if key), None)
        if rejected:
            return TickFailed(at=at, tick=tick, sensor=sensor, error=rejected[0], duration=0.25)
        if requested:
            return TickCompleted(
                at=at,
                tick=tick,
                sensor=sensor,
                duration=0.25,
                requested=requested,
                repeated=repeated,
                last_run_key=last,
            )
        return TickSkipped(
            at=at,
            tick=tick,
            sensor=sensor,
            reason=reason,
            duration=0.25,
            repeated=repeated,
            last_run_key=last,
        )

    def end_of_skipped(self, tick: int) -> TickSkipped:
        """Return the end of a tick that asked for nothing, to be appended with more of its outcome."""
        return TickSkipped(at=self.at, tick=tick, sensor=self._open.pop(tick), reason=None, duration=0.25)

    def fail_tick(self, tick: int, error: str = "ValueError: no") -> int:
        sensor = self._open.pop(tick)
        return self.add(
            TickFailed(
                at=self.at, tick=tick, sensor=sensor, error=error, duration=0.25, traceback="Traceback\n…"
            )
        )

    def reset_cursor(self, sensor: str, cursor: str | None) -> int:
        before, self._cursors[sensor] = self._cursors.get(sensor), cursor
        return self.add(CursorReset(at=self.at, sensor=sensor, actor="ann@host", before=before, after=cursor))

    def stop(self, sensor: str) -> int:
        return self.add(SensorStopped(at=self.at, sensor=sensor, actor="ann@host"))

    def release(self, sensor: str, *keys: str) -> int:
        for key in keys:
            self._owners.pop((sensor, key), None)
        return self.add(RunKeysReleased(at=self.at, sensor=sensor, actor="ann@host", run_keys=list(keys)))

    def import_history(
        self,
        sensor: str,
        *keys: str,
        origins: Sequence[int] = (),
        cursor: str | None = None,
        status: StoredStatus = "DECLARED_IN_CODE",
        source: str = "dagster:1",
    ) -> int:
        """Import a sensor with run keys that nobody owns, and with ticks that were skipped; return the offset of the first event."""
        at, cause, before = self.at, self.head, self._cursors.get(sensor)
        new = [key for key in keys if (sensor, key) not in self._owners]
        self._cursors[sensor] = cursor
        self._owners.update({(sensor, key): cause + 2 + place for place, key in enumerate(new)})
        return self.add(
            HistoryImported(
                at=at,
                source=source,
                where="there",
                actor="ann@host",
                location=None,
                sensors=1,
                run_keys=len(new),
                ticks=len(origins),
            ),
            SensorImported(
                at=at,
                cause=cause,
                source=source,
                sensor=sensor,
                location="__repository__@files.py",
                before=before,
                after=cursor,
                status=status,
                last_run_key=None,
            ),
            *(
                RunKeyImported(
                    at=at,
                    cause=cause,
                    source=source,
                    sensor=sensor,
                    run_key=key,
                    run=f"there-{cause}-{key}",
                    job="j",
                    status="FAILURE",
                    requested_at=at - 3_600_000_000,
                    origin_tick=7,
                )
                for key in new
            ),
            *(
                TickImported(
                    at=at,
                    cause=cause,
                    source=source,
                    origin=origin,
                    sensor=sensor,
                    started_at=at - 3_600_000_000 + origin,
                    ended_at=at - 3_600_000_000 + origin + 250_000,
                    status="SKIPPED",
                    reason="nothing new",
                    cursor=cursor,
                )
                for origin in origins
            ),
        )

    def limit(self, name: str, max_runs: int | None) -> int:
        return self.add(
            ConcurrencyLimitSet(at=self.at, limit=name, max_runs=max_runs, actor="ann@host", reason="load")
        )

    def change_partitions(self, name: str, *, add: Sequence[str] = (), delete: Sequence[str] = ()) -> int:
        """Change dynamic partitions as an operator would who tells of no key that stays as it is."""
        keys = self._partitions.setdefault(name, {})
        deleted = [key for key in delete if key in keys]
        for key in deleted:
            del keys[key]
        added = [key for key in add if key not in keys]
        keys.update(dict.fromkeys(added))
        return self.add(
            DynamicPartitionsChanged(
                at=self.at, partitions=name, added=added, deleted=deleted, actor="ann@host"
            )
        )

    def launch(self, run: str) -> int:
        return self.add(RunLaunched(at=self.at, run=run, cause=0, launcher="local"))

    def start_run(self, run: str) -> int:
        self.launch(run)
        return self.add(RunStarted(at=self.at, run=run, cause=0, where="host, pid 7", host="host", pid=7))

    def log_step(self, run: str, message: str, step: str | None = "s") -> int:
        return self.add(StepLogged(at=self.at, run=run, step=step, level="INFO", message=message))

    def materialize(self, asset: str, partition: str | None = None, run: str | None = None) -> int:
        return self.add(AssetMaterialized(at=self.at, asset=asset, partition_key=partition, run=run))

    def observe(self, asset: str, partition: str | None = None) -> int:
        return self.add(AssetObserved(at=self.at, asset=asset, partition_key=partition))

    def cancel(self, run: str) -> int:
        return self.add(RunCanceled(at=self.at, run=run, cause=0, reason="enough"))

    def succeed(self, run: str) -> int:
        return self.add(RunSucceeded(at=self.at, run=run, cause=0))

    def fail(self, run: str, error: str = "ValueError: no") -> int:
        return self.add(
            RunFailed(at=self.at, run=run, cause=0, error=error, step="s", traceback="Traceback\n…")
        )
