"""How long after a sensor is due does its tick start, is its outcome on disk, does the run start that it asks for?"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from environments import Environments
from plot import Line, lines
from report import Figures, Row, Section, number, only
from scale import Scale
from surroundings import engine, quantile, temporary_folder

STARTED, DURABLE, RUNS = "due → tick started", "due → outcome durable", "due → run started"

INTERVAL = 0.5


def definitions(sensors: int) -> str:
    """Return a file of sensors that are all due at once; the first asks for a run at each tick."""
    return f"""
import ticktrail as dg

ON = dict(minimum_interval_seconds={INTERVAL}, default_status=dg.DefaultSensorStatus.RUNNING)

@dg.op
def nothing():
    pass

@dg.job
def the_job():
    nothing()

@dg.sensor(job=the_job, **ON)
def asking(context):
    count = int(context.cursor or 0) + 1
    context.update_cursor(str(count))
    return dg.RunRequest(run_key=str(count))

def skipping(number):
    @dg.sensor(name=f"s{{number:04}}", **ON)
    def always_skips():
        return dg.SkipReason("nothing to do")
    return always_skips

defs = dg.Definitions(jobs=[the_job], sensors=[asking, *(skipping(number) for number in range({sensors - 1}))])
"""


def measure(scale: Scale, environments: Environments) -> Figures:
    """Watch engines with growing numbers of sensors."""
    seconds = scale.pick(2.0, 4.0, 30.0)
    return {
        "delays": [
            row
            for sensors in scale.pick([2], [1, 10, 100, 1_000], [1, 10, 100, 1_000])
            for row in _one(sensors, seconds)
        ]
    }


def _one(sensors: int, seconds: float) -> Iterator[dict[str, Any]]:
    told: list[tuple[float, dict[str, Any]]] = []
    with temporary_folder() as folder, engine(folder, definitions(sensors), "--json") as process:
        stdout = process.stdout
        assert stdout is not None

        def listen() -> None:
            for line in iter(stdout.readline, ""):
                told.append((time.time() * 1e3, json.loads(line)))

        threading.Thread(target=listen, daemon=True).start()
        time.sleep(seconds + 1)
        seen = list(told)
    for what, delays in _delays(seen).items():
        yield {
            "sensors": sensors,
            "what": what,
            "count": len(delays),
            "p50": quantile(delays, 0.5),
            "p99": quantile(delays, 0.99),
            "max": max(delays),
        }


def _delays(told: Sequence[tuple[float, dict[str, Any]]]) -> dict[str, list[float]]:
    """Return milliseconds by what they are from and to; a tick is due an interval after the last one's start."""
    starts: dict[str, list[float]] = defaultdict(list)
    due_of: dict[int, float] = {}
    tick_of: dict[str, int] = {}
    delays: dict[str, list[float]] = {STARTED: [], DURABLE: [], RUNS: []}
    for arrived, event in told:
        at = event.get("at", 0) / 1e3
        if event["event"] == "TickStarted":
            if starts[event["sensor"]]:
                due_of[event["offset"]] = starts[event["sensor"]][-1] + INTERVAL * 1e3
            starts[event["sensor"]].append(at)
        elif event["event"] in ("TickCompleted", "TickSkipped") and event["tick"] in due_of:
            delays[DURABLE].append(arrived - due_of[event["tick"]])
        elif event["event"] == "RunRequested":
            tick_of[event["run"]] = event["tick"]
        elif event["event"] == "RunStarted" and tick_of.get(event["run"]) in due_of:
            delays[RUNS].append(at - due_of[tick_of[event["run"]]])
    for times in starts.values():
        delays[STARTED] += (after - before - INTERVAL * 1e3 for before, after in pairwise(times))
    return delays


def tell(figures: Figures) -> Section:
    """Say how soon each step is there."""
    rows = figures["delays"]
    few, many = (edge(int(row["sensors"]) for row in rows) for edge in (min, max))
    usual = {row["what"]: row for row in only(rows, sensors=few)}
    crowd = {row["what"]: row for row in only(rows, sensors=many)}
    return Section(
        sentences=[
            (
                f"With {few} sensor{'s' if few > 1 else ''}, half of the ticks start within {number(usual[STARTED]['p50'])} ms "
                f"of being due, are decided and on disk after {number(usual[DURABLE]['p50'])} ms, and the run that is asked "
                f"for starts in its worker after {number(usual[RUNS]['p50'])} ms."
            ),
            (
                f"With {many:,} sensors due at the same moment it is {number(crowd[STARTED]['p50'])}, "
                f"{number(crowd[DURABLE]['p50'])} and {number(crowd[RUNS]['p50'])} ms, and 99 of 100 within "
                f"{number(crowd[STARTED]['p99'])}, {number(crowd[DURABLE]['p99'])} and {number(crowd[RUNS]['p99'])} ms."
            ),
        ],
        method=(
            f"`ticktrail dev --json` with its workers, all sensors due at once every {INTERVAL:g} s, one of which asks for "
            "a run each time. A tick is due an interval after its sensor's last one started. An outcome counts as durable "
            "when its line has arrived at the process that reads the account, which is a little after it is; the other "
            "moments are those in the log."
        ),
        plots={
            "latency": lines(
                "Delay, half of all ticks, and 99 of 100 (dashed)",
                "sensors due at once",
                "ms",
                [_line(rows, what, share) for what in (STARTED, DURABLE, RUNS) for share in ("p50", "p99")],
            )
        },
        tables={"Milliseconds": [_row(row) for row in rows]},
        weaknesses=[
            (
                f"With {many:,} sensors due at once, the slowest run started {number(crowd[RUNS]['max'])} ms after its "
                "sensor was due."
            )
        ],
    )


def _line(rows: Any, what: str, share: str) -> Line:
    points = [(row["sensors"], max(row[share], 0.01)) for row in only(rows, what=what)]
    name = what.removeprefix("due → ")
    return Line(f"{name}, {share}", points, dashed=share == "p99", ours=what == STARTED, of=name)


def _row(row: Row) -> Row:
    return {**row, **{name: float(row[name]) for name in ("p50", "p99", "max")}}
