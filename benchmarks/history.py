"""Large logs, made quickly and always the same: what an engine with many sensors writes in months.

python history.py HOME EVENTS
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
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorDefined,
    TickCompleted,
    TickLogged,
    TickSkipped,
    TickStarted,
)
from ticktrail.core.log import EventLog

#: 2026-01-01 00:00:00 UTC, in microseconds.
BEGIN = 1_767_225_600_000_000

#: Ticks that start, and end, in one append.
TICKS = 250

#: Each so many-th tick asks for runs, and for how many.
ASKING, RUNS = 100, 1_000

WRITER = "engine:history"


class History:
    """Writes what an engine and its workers would, in appends of 250 ticks.

    Sensors take turns. Every tick has a start and an end; a third of them move a cursor, a fifth log
    a line, each hundredth asks for 1,000 keyed runs, all new. The runs of an append have started and
    ended in the next one, so that nothing is owed at the end; workers would append these one by one.
    Of all events about 60 % are of runs, 30 % requests, 10 % of ticks.

    Args:
        log: An empty log.
    """

    def __init__(self, log: EventLog, *, sensors: int = 1_000, seed: int = 7) -> None:
        self._log, self._random = log, random.Random(seed)
        self._sensors = [f"s{number:04}" for number in range(sensors)]
        self._cursors: dict[str, str | None] = dict.fromkeys(self._sensors)
        self._head, self._now, self._ticks = 0, BEGIN, 0
        self._keys = 0

    def write(self, events: int) -> int:
        """Append until the log has at least *events*, and return how many it has."""
        opening: list[AnyEvent] = [EngineStarted(at=self._at(), engine="history", where="here", release="0")]
        self._append(opening + [self._definition(sensor) for sensor in self._sensors])
        started: list[tuple[int, str]] = []
        owed: list[AnyEvent] = []
        while self._head < events or started or owed:
            ends: list[AnyEvent] = [event for tick, sensor in started for event in self._end(tick, sensor)]
            batch = owed + ends
            owed = list(self._runs(ends, self._head + len(owed)))
            started = []
            if self._head + len(batch) + len(owed) < events:
                for sensor in self._turn():
                    started.append((self._head + len(batch), sensor))
                    batch.append(self._start(sensor))
            self._append(batch)
        return self._head

    def _append(self, events: list[AnyEvent]) -> None:
        self._log.append(events, expected=self._head, recorded_at=self._now, writer=WRITER)
        self._head += len(events)

    def _at(self) -> int:
        self._now += 10_000
        return self._now

    def _turn(self) -> Iterator[str]:
        for _ in range(min(TICKS, len(self._sensors))):
            yield self._sensors[self._ticks % len(self._sensors)]
            self._ticks += 1

    def _definition(self, sensor: str) -> SensorDefined:
        return SensorDefined(
            at=self._at(),
            sensor=sensor,
            kind="STANDARD",
            interval=30.0,
            default_status="RUNNING",
            fingerprint="0" * 32,
        )

    def _start(self, sensor: str) -> TickStarted:
        cursor = self._cursors[sensor]
        return TickStarted(
            at=self._at(), sensor=sensor, cursor=cursor, fingerprint="0" * 32, engine="history"
        )

    def _end(self, tick: int, sensor: str) -> Iterator[AnyEvent]:
        duration = round(self._random.lognormvariate(-6, 1), 6)
        if self._random.random() < 0.2:
            line = f"looked at {self._random.randrange(10_000)} objects"
            yield TickLogged(at=self._at(), tick=tick, sensor=sensor, level="INFO", message=line)
        asks = self._random.random() < 1 / ASKING
        if asks:
            for _ in range(RUNS):
                yield self._request(tick, sensor)
        if asks or self._random.random() < 0.33:
            before, after = self._cursors[sensor], f"2026-01-01T00:00:{self._now % 10**9:09}"
            self._cursors[sensor] = after
            yield CursorUpdated(at=self._at(), tick=tick, sensor=sensor, before=before, after=after)
        if asks:
            key = run_key(self._keys - 1)
            yield TickCompleted(
                at=self._at(), tick=tick, sensor=sensor, duration=duration, requested=RUNS, last_run_key=key
            )
        else:
            yield TickSkipped(
                at=self._at(), tick=tick, sensor=sensor, reason="nothing new", duration=duration
            )

    def _request(self, tick: int, sensor: str) -> RunRequested:
        key = run_key(self._keys)
        self._keys += 1
        text = f"{self._random.getrandbits(128):032x}"
        return RunRequested(
            at=self._now,
            run=f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}",
            job="load_file",
            tick=tick,
            sensor=sensor,
            run_key=key,
            run_config={"ops": {"load": {"config": {"path": key}}}},
            given_tags={"dagster/sensor_name": sensor},
        )

    def _runs(self, events: list[AnyEvent], first_offset: int) -> Iterator[AnyEvent]:
        for offset, event in enumerate(events, first_offset):
            if isinstance(event, RunRequested):
                yield RunStarted(
                    at=self._at(), run=event.run, cause=offset, where="worker 77 on here", host="here", pid=77
                )
                yield RunSucceeded(at=self._at(), run=event.run, cause=offset)


def make_home(path: Path, events: int) -> int:
    """Make a home with a log of at least so many events, and return how many it has."""
    log = Home.open(path, create=True).log()
    try:
        return History(log).write(events)
    finally:
        log.close()


if __name__ == "__main__":
    print(make_home(Path(sys.argv[1]), int(sys.argv[2])), "events")
