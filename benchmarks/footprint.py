"""What does it cost to be there: start, memory of an idle engine, bytes per tick, per run, per key?"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from children import measure as child
from children import resident
from environments import Environments
from files import disk_bytes
from latency import definitions as asking_definitions
from plot import Bar, bars, short
from report import Figures, Row, Section, cell, number, only
from scale import Scale
from surroundings import engine, logged, run_quietly, skipping_sensors, temporary_folder

from ticktrail.core.events import RunSucceeded, TickSkipped

IMPORT, FIRST, IDLE = "import ticktrail", "start to first tick", "idle engine"
PER_TICK, PER_RUN, PER_KEY = "disk per tick", "disk per run", "disk per run key"
MEMORY_PER_RUN = "engine's own memory per run that has ended"


def measure(scale: Scale, environments: Environments) -> Figures:
    """Measure each; times several times."""
    rounds = scale.pick(1, 3, 7)
    events, keys = scale.pick(2_000, 300_000, 3_000_000), scale.pick(20_000, 1_000_000, 10_000_000)
    return {
        "costs": [
            _cost(IMPORT, "", "s", *(_import_time() for _ in range(rounds * 3))),
            _cost(FIRST, "10 sensors", "s", *(_first_tick() for _ in range(rounds))),
            *(
                _cost(IDLE, f"{sensors:,} sensors", "MB", *_idle(sensors, scale.pick(1, 1, 3)))
                for sensors in (10, 1_000)
            ),
            *_per_tick(scale.pick(1.0, 4.0, 20.0)),
            *_per_run(scale.pick(3.0, 6.0, 30.0)),
            _per_key(keys),
            _memory_per_run(events),
        ]
    }


def _cost(what: str, where: str, unit: str, *values: float) -> dict[str, Any]:
    least, most = min(values), max(values)
    return {
        "what": what,
        "where": where,
        "unit": unit,
        "median": statistics.median(values),
        "least": least,
        "most": most,
    }


def _import_time() -> float:
    """Return seconds of `python -c "import ticktrail"` beyond `python -c pass`."""
    return _command_time("import ticktrail") - _command_time("pass")


def _command_time(code: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begin


def _first_tick() -> float:
    """Return seconds from the start of `ticktrail dev` to its first durable tick."""
    with temporary_folder() as folder:
        begin = time.perf_counter()
        with engine(folder, skipping_sensors(10, interval=30), "--json") as process:
            assert process.stdout is not None
            for line in process.stdout:
                if json.loads(line)["event"] == "TickStarted":
                    return time.perf_counter() - begin
    raise SystemExit("the engine ended before its first tick")


def _idle(sensors: int, rounds: int) -> Iterator[float]:
    """Yield the resident megabytes of an engine after 3 quiet seconds."""
    for _ in range(rounds):
        with temporary_folder() as folder, engine(folder, skipping_sensors(sensors, interval=300)) as process:
            time.sleep(3)
            yield sum(resident(process.pid).values()) / 1e6


def _per_tick(seconds: float) -> Iterator[dict[str, Any]]:
    """Yield bytes per skipping tick of a log that a real engine wrote, its write-ahead log put back."""
    for sensors in (1, 500):
        with temporary_folder() as folder:
            run_quietly(folder, skipping_sensors(sensors, interval=0.001), seconds + 1)
            ticks = sum(isinstance(event, TickSkipped) for event in logged(folder))
            yield _cost(
                PER_TICK,
                "1 sensor" if sensors == 1 else f"{sensors} sensors",
                "bytes",
                disk_bytes(folder / "home" / "log.sqlite") / ticks,
            )


def _per_run(seconds: float) -> Iterator[dict[str, Any]]:
    """Yield bytes per run that a real worker executed: of the log, and of the run's own folder."""
    with temporary_folder() as folder:
        run_quietly(folder, asking_definitions(1), seconds)
        runs = sum(isinstance(event, RunSucceeded) for event in logged(folder))
        files = disk_bytes(folder / "home" / "runs")
        yield _cost(
            PER_RUN, "log, its tick included", "bytes", disk_bytes(folder / "home" / "log.sqlite") / runs
        )
        yield _cost(PER_RUN, "its folder of what it printed", "bytes", files / runs)


def _per_key(keys: int) -> dict[str, Any]:
    with temporary_folder() as folder:
        [filled] = only(child("key_store_run.py", "ticktrail", folder, "fill", keys, 600, 0.0), what="fill")
    return _cost(PER_KEY, f"{short(filled['held'])} keys", "bytes", filled["disk"])


def _memory_per_run(events: int) -> dict[str, Any]:
    """Compare an engine on a long history with one that has none: the rest of the history costs memory too."""
    with temporary_folder() as folder:
        empty = _own_memory(folder)
    with temporary_folder() as folder:
        child("history.py", folder / "home", events)
        runs = sum(isinstance(event, RunSucceeded) for event in logged(folder))
        full = _own_memory(folder)
    return _cost(MEMORY_PER_RUN, f"{short(runs)} runs", "bytes", max(full - empty, 0) / runs)


def _own_memory(folder: Path) -> float:
    """Return the bytes of its own of an engine that has read its log and is quiet."""
    with engine(folder, skipping_sensors(1, interval=3600), "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(2)
        return float(resident(process.pid)["own"])


def tell(figures: Figures) -> Section:
    """Say what it costs."""
    rows = figures["costs"]
    costs = {(row["what"], row["where"]): row["median"] for row in rows}
    first, idle = costs[FIRST, "10 sensors"], costs[IDLE, "10 sensors"]
    ticks = {row["where"]: row["median"] for row in only(rows, what=PER_TICK)}
    runs = {row["where"]: row["median"] for row in only(rows, what=PER_RUN)}
    [memory], [key] = only(rows, what=MEMORY_PER_RUN), only(rows, what=PER_KEY)
    return Section(
        sentences=[
            (
                f"`ticktrail dev` ticks {number(first)} s after it was called and has {number(idle)} MB resident while idle; "
                f"a tick takes {number(min(ticks.values()))} to {number(max(ticks.values()))} bytes of disk, by how many share "
                "an append."
            ),
            (
                f"A run takes {number(sum(runs.values()))} bytes of disk, a run key {number(key['median'])}; of a run that has "
                f"ended the engine keeps {number(memory['median'])} bytes in memory."
            ),
        ],
        method=(
            "Real engines as users run them. Bytes of disk are blocks of the file system. Memory per run compares an "
            "engine on a log by `benchmarks/history.py` with one on an empty log; pages of mapped files, which the "
            "system takes back when it needs them, are not counted there; what reading the log has left unused in the "
            "process is."
        ),
        plots={
            "footprint": bars(
                "Bytes",
                "bytes",
                [
                    Bar(
                        _bar_name(row),
                        max(row["median"], 1),
                        f"{number(row['median'])} B",
                        ours=True,
                    )
                    for row in rows
                    if row["unit"] == "bytes"
                ],
            )
        },
        tables={"Costs": [_shown(row) for row in rows]},
        weaknesses=[
            (
                f"A tick that is alone in its append takes {number(max(ticks.values()))} bytes, one that shares it "
                f"{number(min(ticks.values()))}: pages and frames are not merged afterwards, and nothing is deleted."
            )
        ],
    )


def _bar_name(row: Row) -> str:
    what = {MEMORY_PER_RUN: "memory per ended run", PER_KEY: "disk per key"}.get(row["what"], row["what"])
    return f"{what}, {row['where']}"


def _shown(row: Row) -> Row:
    spread = "" if row["least"] == row["most"] else f"{cell(row['least'])} to {cell(row['most'])}"
    return {
        "what": row["what"],
        "where": row["where"],
        "median": f"{cell(row['median'])} {row['unit']}",
        "least to greatest": spread,
    }
