"""Long random histories with every kind of event, in appends of every size."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from hashlib import blake2b
from itertools import count
from random import Random

from story import Story
from ticktrail.core.events import (
    AnyEvent,
    BlobStored,
    EngineStarted,
    EngineStopped,
    EvaluationDiscarded,
    RequestsPutOff,
    SensorQuarantined,
    SensorReacted,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    TapeRecorded,
    TickInterrupted,
)

SENSORS, PARTITIONS, ASSETS = ("a", "b", "c", "d"), ("p", "q"), ("x", "y", "z")


class History:
    """A story that goes on by random steps.

    Attributes:
        story: What was told so far.
    """

    def __init__(self, seed: int) -> None:
        self.story = Story()
        self._random = Random(seed)
        self._open: dict[str, int] = {}
        self._runs: list[str] = []
        self._started: list[str] = []
        self._steps = [
            *[self._tick] * 12,
            *[self._run] * 8,
            *[self._asset] * 3,
            self._switch,
            self._cursor,
            self._release,
            self._limit,
            self._partitions,
            self._definitions,
            self._engine,
            self._import,
        ]
        self._origins = count(1)

    def tell(self, events: int) -> Story:
        """Go on until there are as many events; return the story."""
        while self.story.head < events:
            self._random.choice(self._steps)()
        return self.story

    def appends(self) -> Iterator[list[AnyEvent]]:
        """Yield the events in appends from 1 to 300 of them, so that some are packed and some are not."""
        events, begin = self.story.events, 0
        while begin < len(events):
            size = self._random.choice([*[1] * 8, *[2] * 6, *[5] * 4, 30, 100, 300])
            yield events[begin : begin + size]
            begin += size

    # --- ticks ---------------------------------------------------------------------------------

    def _tick(self) -> None:
        sensor = self._random.choice(SENSORS)
        tick = self._open.pop(sensor, None)
        if tick is None:
            self._open[sensor] = self.story.start_tick(sensor)
        else:
            self._random.choice([*[self._end] * 5, self._fail, self._interrupt, self._react])(sensor, tick)

    def _end(self, sensor: str, tick: int) -> None:
        pick = self._random
        keys = [pick.choice([None, str(pick.randrange(100))]) for _ in range(pick.choice([0, 0, 1, 2, 5]))]
        self._runs += self.story.end_tick(
            tick,
            *keys,
            cursor=pick.choice([None, "", f"cursor {tick}"]),
            reason=pick.choice([None, "nothing new"]),
            logs=["looking"] * pick.choice([0, 0, 2]),
            rejected=pick.choice([(), (), (), ("bad config",)]),
            materialized=pick.choice([(), (), ("x", "y")]),
        )

    def _fail(self, sensor: str, tick: int) -> None:
        self.story.fail_tick(tick)
        if self._random.random() < 0.3:
            at, error = self.story.at, "ValueError: no"
            self.story.add(SensorQuarantined(at=at, sensor=sensor, tick=tick, failures=3, error=error))

    def _interrupt(self, sensor: str, tick: int) -> None:
        self.story.add(TickInterrupted(at=self.story.at, tick=tick, sensor=sensor, reason="killed"))
        self.story.add(
            EvaluationDiscarded(at=self.story.at, tick=tick, sensor=sensor, duration=1.5, outcome="a skip")
        )

    def _react(self, sensor: str, tick: int) -> None:
        at = self.story.at
        self.story.add(
            SensorReacted(at=at, tick=tick, sensor=sensor, cause=0),
            BlobStored(
                at=at, tick=tick, sensor=sensor, digest=_digest(at), content=zlib.compress(str(at).encode())
            ),
            TapeRecorded(at=at, tick=tick, sensor=sensor, stored={"files": _digest(at)}),
            RequestsPutOff(at=at, tick=tick, sensor=sensor, count=2, limit=1, why="per tick", again_at=at),
            self.story.end_of_skipped(tick),
        )

    # --- runs and assets -----------------------------------------------------------------------

    def _run(self) -> None:
        pick, story = self._random, self.story
        if self._started and pick.random() < 0.6:
            run = pick.choice(self._started)
            if pick.random() < 0.5:
                story.log_step(run, "working")
            else:
                self._started.remove(run)
                pick.choice([story.succeed, story.fail])(run)
        elif self._runs:
            run = self._runs.pop(pick.randrange(len(self._runs)))
            if pick.random() < 0.2:
                story.cancel(run)
            else:
                story.start_run(run)
                self._started.append(run)

    def _asset(self) -> None:
        tell = self._random.choice([self.story.materialize, self.story.observe])
        tell(self._random.choice(ASSETS), self._random.choice([None, "1", "2"]))

    # --- everybody else ------------------------------------------------------------------------

    def _switch(self) -> None:
        kinds: list[type[SensorStarted | SensorStopped | SensorStatusReset]] = [
            SensorStarted,
            SensorStopped,
            SensorStatusReset,
        ]
        kind, sensor = self._random.choice(kinds), self._random.choice(SENSORS)
        self.story.add(kind(at=self.story.at, sensor=sensor, actor="ann@host", reason="trial"))

    def _cursor(self) -> None:
        self.story.reset_cursor(self._random.choice(SENSORS), self._random.choice([None, "", "r"]))

    def _release(self) -> None:
        self.story.release(self._random.choice(SENSORS), *map(str, self._random.sample(range(100), 10)))

    def _limit(self) -> None:
        self.story.limit(self._random.choice(["runs", "job:j", "tag:a"]), self._random.choice([None, 0, 3]))

    def _partitions(self) -> None:
        keys = [str(key) for key in range(30)]
        add, delete = self._random.sample(keys, 3), self._random.sample(keys, 2)
        self.story.change_partitions(self._random.choice(PARTITIONS), add=add, delete=delete)

    def _definitions(self) -> None:
        sensor = self._random.choice(SENSORS)
        if self._random.random() < 0.3:
            self.story.add(SensorRetired(at=self.story.at, sensor=sensor))
        else:
            self.story.define(sensor, self._random.choice(["RUNNING", "STOPPED"]))

    def _import(self) -> None:
        keys = map(str, self._random.sample(range(100), self._random.choice([0, 3, 100])))
        self.story.import_history(
            self._random.choice(SENSORS),
            *keys,
            origins=[next(self._origins) for _ in range(self._random.choice([0, 2, 70]))],
            cursor=self._random.choice([None, "", "there"]),
            status=self._random.choice(["RUNNING", "STOPPED", "DECLARED_IN_CODE"]),
        )

    def _engine(self) -> None:
        self.story.add(EngineStopped(at=self.story.at, engine="engine-1", reason="SIGTERM"))
        self.story.add(EngineStarted(at=self.story.at, engine="engine-1", where="host", release="0.1.0"))


def _digest(at: int) -> bytes:
    return blake2b(str(at).encode(), digest_size=16).digest()
