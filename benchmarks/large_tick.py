"""How long does the engine take to decide a tick of many keyed requests, half of them repeats, durably?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from surroundings import spread, temporary_folder

import ticktrail as dg
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.run_key_index import MappedRunKeyIndex
from ticktrail.adapters.system import SystemClock, new_run_id
from ticktrail.core.authoring.sensor_context import SensorEvaluationContext
from ticktrail.core.decision import FinishedTick
from ticktrail.core.engine import Engine
from ticktrail.core.engine_parts import EngineSensor, Ticket
from ticktrail.core.evaluation import evaluate
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates


@dg.op
def nothing() -> None:
    pass


@dg.job
def the_job() -> None:
    nothing()


def _definitions(requests: int) -> dg.Definitions:
    @dg.sensor(job=the_job, minimum_interval_seconds=0.001, default_status=dg.DefaultSensorStatus.RUNNING)
    def asking(context: dg.SensorEvaluationContext) -> Any:
        first_tick = context.cursor is None
        context.update_cursor("seen")
        for number in range(requests // 2 if first_tick else requests):
            yield dg.RunRequest(
                run_key=f"file-{number}", run_config={"ops": {"nothing": {"config": {"n": number}}}}
            )

    return dg.Definitions(jobs=[the_job], sensors=[asking])


def one(folder: Path, requests: int) -> tuple[float, float]:
    """Return seconds to evaluate, and seconds to decide and append durably, the tick with repeats."""
    definitions = _definitions(requests)
    log, index = open_event_log(folder / "log.sqlite"), MappedRunKeyIndex(folder / "run_keys")
    engine = Engine(
        log,
        states=SensorStates(),
        run_keys=index,
        run_key_fold=RunKeys(index),
        open_runs=Outbox(),
        partitions=DynamicPartitions(),
        sensors={
            "asking": EngineSensor(
                name="asking", kind="STANDARD", interval=0.001, default_status="RUNNING", fingerprint=""
            )
        },
        clock=SystemClock(),
        new_id=new_run_id,
        name="bench",
    )
    engine.open(where="here", release="0")
    times = (0.0, 0.0)
    for _ in range(2):
        time.sleep(0.002)
        [ticket] = engine.run_once().tickets
        times = _tick(engine, definitions, ticket)
    log.close()
    return times


def _tick(engine: Engine, definitions: dg.Definitions, ticket: Ticket) -> tuple[float, float]:
    sensor = definitions.get_sensor_def("asking")
    begin = time.perf_counter()
    context = SensorEvaluationContext(
        cursor=ticket.state.cursor, sensor_name="asking", definitions=definitions
    )
    evaluation = evaluate(sensor, context, definitions)
    evaluated = time.perf_counter()
    engine.finish(FinishedTick(tick=ticket.tick, sensor="asking", evaluation=evaluation, duration=0.0))
    engine.run_once(start_ticks=False)
    return evaluated - begin, time.perf_counter() - evaluated


def run(*, rounds: int) -> dict[str, Any]:
    """Measure ticks of growing size."""
    rows = []
    for requests in (100, 1_000, 10_000, 100_000):
        measured = []
        for _ in range(rounds):
            with temporary_folder() as folder:
                measured.append(one(folder, requests))
        rows.append(
            {
                "requests": requests,
                "evaluate": spread([evaluated for evaluated, _ in measured], 4),
                "decide and append": spread([decided for _, decided in measured], 4),
            }
        )
    return {"question": __doc__, "unit": "s", "rows": rows}
