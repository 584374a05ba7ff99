"""Measures whole ticks of an engine in a process of its own: evaluate, look up, decide, append, fold.

python tick_path_run.py LOG FOLDER HELD SECONDS

The index holds HELD run keys of the sensors before, as if earlier ticks had claimed them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from children import show
from key_stream import KeyStream, run_key

import ticktrail as dg
from ticktrail.adapters.cyclic_gc import collect_rarely
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.run_key_index import MappedRunKeyIndex
from ticktrail.adapters.system import SystemClock, new_run_ids
from ticktrail.core.authoring.sensor_context import SensorEvaluationContext
from ticktrail.core.decision import FinishedTick
from ticktrail.core.engine import Engine
from ticktrail.core.engine_parts import EngineSensor, Ticket
from ticktrail.core.evaluation import evaluate
from ticktrail.core.events import AnyEvent, RunCanceled, RunKeyRepeated, RunRequested
from ticktrail.core.run_keys import run_key_digests
from ticktrail.projections.blobs import Blobs
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates

#: Sensors that tick together, and keys that each asks for in a tick.
SHAPES = ((1, 1), (1, 100), (1, 10_000), (1, 100_000), (100, 100))
REPEATS = (0.0, 0.5, 1.0)

#: The size of tick that is measured once more with a run config in each request.
WITH_CONFIG = 10_000


@dg.op
def nothing() -> None:
    pass


@dg.job
def the_job() -> None:
    nothing()


class Bench:
    """An engine whose sensors ask for the keys that they are given."""

    def __init__(self, log: str, folder: Path, held: int) -> None:
        self._keys: dict[str, list[str]] = {}
        self._with_config = False
        self._index = MappedRunKeyIndex(folder / "run_keys.index")
        self._log = open_event_log(log)
        self._streams = {f"s{number}": KeyStream(held, seed=number) for number in range(100)}
        self._claim("s0", held)
        sensors = [self._sensor(name) for name in self._streams]
        self._definitions = dg.Definitions(jobs=[the_job], sensors=sensors)
        self._engine = self._opened(1)

    def _claim(self, sensor: str, held: int) -> None:
        for first in range(0, held, 10_000):
            numbers = range(first, min(first + 10_000, held))
            digests = run_key_digests(sensor, [run_key(number) for number in numbers])
            # By the log's first event: no tick takes that for a request of its own.
            self._index.claim(digests, [0] * len(digests))

    def _sensor(self, name: str) -> dg.SensorDefinition:
        @dg.sensor(name=name, job=the_job)
        def asking(context: dg.SensorEvaluationContext) -> Any:
            for key in self._keys[name]:
                if self._with_config:
                    config = {"ops": {"nothing": {"config": {"path": key}}}}
                    yield dg.RunRequest(run_key=key, run_config=config)
                else:
                    yield dg.RunRequest(run_key=key)

        return asking

    def _opened(self, sensors: int) -> Engine:
        engine = Engine(
            self._log,
            states=SensorStates(),
            run_keys=RunKeys(self._index),
            open_runs=Outbox(),
            partitions=DynamicPartitions(),
            blobs=Blobs(),
            sensors={
                name: EngineSensor(
                    name=name, kind="STANDARD", interval=1e-6, default_status="RUNNING", fingerprint=""
                )
                for name in list(self._streams)[:sensors]
            },
            clock=SystemClock(),
            new_ids=new_run_ids,
            name="bench",
        )
        engine.open(where="here", release="0")
        return engine

    def measure(
        self, sensors: int, keys: int, repeats: float, seconds: float, *, with_config: bool
    ) -> dict[str, Any]:
        """Let sensors tick for so long; return rates, and where the time went."""
        self._with_config = with_config
        if sensors > 1:
            for name in list(self._streams)[1:sensors]:
                if self._streams[name].held < 10 * keys:
                    self._claim(name, 10 * keys)
                    self._streams[name].held = 10 * keys
        self._engine.close("another measurement")
        self._engine = self._opened(sensors)
        evaluated, spent, ticks, decided = 0.0, 0.0, 0, list[RunRequested | RunKeyRepeated]()
        while not ticks or (spent < seconds and ticks * keys < 500_000):
            for name in list(self._streams)[:sensors]:
                self._keys[name] = self._streams[name].mixed(keys, repeats)[0]
            begin = time.perf_counter()
            step = self._engine.run_once()
            for ticket in step.tickets:
                at = time.perf_counter()
                self._engine.finish(self._evaluated(ticket))
                evaluated += time.perf_counter() - at
            ended = self._engine.run_once(start_ticks=False)
            spent += time.perf_counter() - begin
            ticks += len(step.tickets)
            decided += (
                event
                for _, news in ended.news
                for event in news
                if isinstance(event, RunRequested | RunKeyRepeated)
            )
        if len(decided) != ticks * keys:
            raise SystemExit(f"{ticks} ticks asked for {ticks * keys} runs, {len(decided)} were decided on")
        self._cancel([event.run for event in decided if isinstance(event, RunRequested)])
        return {
            "rate": len(decided) / spent,
            "tick_ms": spent / ticks * 1e3,
            "evaluate": evaluated / spent,
        }

    def _cancel(self, runs: list[str]) -> None:
        """End the runs, so that the next engine has none to launch."""
        now = SystemClock().now()
        events: list[AnyEvent] = [RunCanceled(at=now, run=run, cause=0, reason="measured") for run in runs]
        if events:
            self._log.append(events, expected=None, recorded_at=now, writer="bench")

    def _evaluated(self, ticket: Ticket) -> FinishedTick:
        name = ticket.sensor
        context = SensorEvaluationContext(
            cursor=ticket.state.cursor, sensor_name=name, definitions=self._definitions
        )
        evaluation = evaluate(self._definitions.get_sensor_def(name), context, self._definitions)
        return FinishedTick(tick=ticket.tick, sensor=name, evaluation=evaluation, duration=0.0)


def main() -> None:
    log, folder, held, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    # As the engine's process does.
    collect_rarely()
    bench = Bench(log, folder, held)
    for sensors, keys in (shape for shape in SHAPES if shape[1] <= held):
        for repeats in REPEATS:
            for with_config in (False, True) if keys == WITH_CONFIG else (False,):
                figures = bench.measure(sensors, keys, repeats, seconds, with_config=with_config)
                show(held=held, sensors=sensors, batch=keys, repeats=repeats, config=with_config, **figures)


main()
