"""Logs of many ticks, made quickly and always the same: what an engine with 200 sensors writes in years.

python tick_log.py HOME TICKS [skipping]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from key_stream import run_key

from ticktrail.adapters.home import Home
from ticktrail.core.events import (
    AnyEvent,
    CursorUpdated,
    EngineStarted,
    RunFailed,
    RunKeyRepeated,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorDefined,
    TickCompleted,
    TickFailed,
    TickSkipped,
    TickStarted,
)
from ticktrail.core.log import EventLog

#: 2024-01-01 00:00:00 UTC, in microseconds.
BEGIN = 1_704_067_200_000_000

#: Seconds between two ticks of a sensor.
INTERVAL = 30

WRITER = "engine:history"

_REASONS = ["nothing new", "no new files", "upstream is not ready", None]


class TickLog:
    """Writes what an engine and its launcher would: all sensors tick in turn, each thirty seconds.

    Of the ticks 90 % skip, 2 % fail and 8 % ask for up to three runs, of which a tenth repeats a key.
    Once in 500 turns the engine stands still for some minutes. The runs of a turn are launched, start
    and end in the next one. Each tick has about 2.9 events.

    Args:
        log: An empty log.
        skipping: No tick asks for runs: 98 % skip, 2 % fail.
    """

    def __init__(self, log: EventLog, *, sensors: int = 200, seed: int = 7, skipping: bool = False) -> None:
        self._log, self._random = log, random.Random(seed)
        self._skips = 0.98 if skipping else 0.9
        self._sensors = [f"sensor_{number:03}" for number in range(sensors)]
        self._cursors: dict[str, str | None] = dict.fromkeys(self._sensors)
        self._owners: dict[str, list[tuple[str, int]]] = {name: [] for name in self._sensors}
        self._head, self._now, self._keys = 0, BEGIN, 0
        self._owed: list[tuple[int, RunRequested]] = []

    def write(self, ticks: int) -> int:
        """Append so many ticks, whole turns of all sensors, and return how many events the log has."""
        opening: list[AnyEvent] = [EngineStarted(at=self._now, engine="history", where="here", release="0")]
        self._append(opening + [self._definition(sensor) for sensor in self._sensors])
        started: dict[str, int] = {}
        for turn in range(-(-ticks // len(self._sensors)) + 1):
            batch: list[AnyEvent] = list(self._runs())
            self._owed = []
            for sensor, tick in started.items():
                batch += self._end(tick, sensor, self._head + len(batch))
            last = turn * len(self._sensors) >= ticks
            started = {} if last else dict(self._starts(batch))
            self._append(batch + ([] if not last else list(self._runs())))
            self._now += INTERVAL * 1_000_000 * (1 if self._random.random() > 1 / 500 else 20)
        return self._head

    def _append(self, events: list[AnyEvent]) -> None:
        self._log.append(events, expected=self._head, recorded_at=self._now, writer=WRITER)
        self._head += len(events)

    def _at(self) -> int:
        self._now += self._random.randrange(200, 4_000)
        return self._now

    def _definition(self, sensor: str) -> SensorDefined:
        return SensorDefined(
            at=self._now,
            sensor=sensor,
            kind="STANDARD",
            interval=float(INTERVAL),
            default_status="RUNNING",
            fingerprint="0" * 32,
        )

    def _starts(self, batch: list[AnyEvent]) -> Iterator[tuple[str, int]]:
        for sensor in self._sensors:
            yield sensor, self._head + len(batch)
            batch.append(
                TickStarted(
                    at=self._at(),
                    sensor=sensor,
                    cursor=self._cursors[sensor],
                    fingerprint="0" * 32,
                    engine="history",
                )
            )

    def _end(self, tick: int, sensor: str, offset: int) -> list[AnyEvent]:
        duration, kind = round(self._random.lognormvariate(-6, 1), 6), self._random.random()
        if kind < self._skips:
            reason = _REASONS[min(3, int(kind / self._skips * 4))]
            return [TickSkipped(at=self._at(), tick=tick, sensor=sensor, reason=reason, duration=duration)]
        if kind < self._skips + 0.02:
            error = f"ConnectionError: the host at 10.0.0.{self._random.randrange(9)} does not answer"
            return [TickFailed(at=self._at(), tick=tick, sensor=sensor, error=error, duration=duration)]
        return list(self._asking(tick, sensor, offset, duration))

    def _asking(self, tick: int, sensor: str, offset: int, duration: float) -> Iterator[AnyEvent]:
        requested, repeated, key, at = 0, 0, None, self._at()
        owned = self._owners[sensor]
        for place in range(self._random.randrange(1, 4)):
            if owned and self._random.random() < 0.1:
                key, owner = self._random.choice(owned)
                repeated += 1
                yield RunKeyRepeated(at=at, tick=tick, sensor=sensor, run_key=key, owner=owner, job="load")
                continue
            key, requested = run_key(self._keys), requested + 1
            self._keys += 1
            request = self._request(at, tick, sensor, key)
            owned[:] = [*owned[-20:], (key, offset + place)]
            self._owed.append((offset + place, request))
            yield request
        before, after = self._cursors[sensor], f"{self._now / 1e6:.3f}"
        self._cursors[sensor] = after
        yield CursorUpdated(at=at, tick=tick, sensor=sensor, before=before, after=after)
        if not requested:
            yield TickSkipped(
                at=at,
                tick=tick,
                sensor=sensor,
                reason=None,
                duration=duration,
                repeated=repeated,
                last_run_key=key,
            )
            return
        yield TickCompleted(
            at=at,
            tick=tick,
            sensor=sensor,
            duration=duration,
            requested=requested,
            repeated=repeated,
            last_run_key=key,
        )

    def _request(self, at: int, tick: int, sensor: str, key: str) -> RunRequested:
        text = f"{self._random.getrandbits(128):032x}"
        return RunRequested(
            at=at,
            run=f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}",
            job="load",
            tick=tick,
            sensor=sensor,
            run_key=key,
            given_tags={"dagster/sensor_name": sensor},
        )

    def _runs(self) -> Iterator[AnyEvent]:
        for offset, request in self._owed:
            run, at = request.run, self._at()
            yield RunLaunched(at=at, run=run, cause=offset, launcher="local")
            yield RunStarted(at=at, run=run, cause=offset, where="worker 77", host="here", pid=77)
            if self._random.random() < 0.03:
                yield RunFailed(
                    at=self._at(), run=run, cause=offset, error="ValueError: no rows", step="load"
                )
            else:
                yield RunSucceeded(at=self._at(), run=run, cause=offset)


def make_home(path: Path, ticks: int, *, skipping: bool = False) -> int:
    """Make a home whose log has that many ticks, and return how many events that are."""
    log = Home.open(path, create=True).log()
    try:
        return TickLog(log, skipping=skipping).write(ticks)
    finally:
        log.close()


if __name__ == "__main__":
    print(make_home(Path(sys.argv[1]), int(sys.argv[2]), skipping=sys.argv[3:] == ["skipping"]), "events")
