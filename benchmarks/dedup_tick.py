"""How many keyed requests a second go the whole way: evaluated, looked up, decided on, durable, folded?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from children import measure as child
from environments import Environments
from plot import Line, lines, short
from report import Figures, Headline, Row, Section, number, only, pivot
from scale import Scale
from surroundings import temporary_folder


def measure(scale: Scale, environments: Environments) -> Figures:
    """Let engines tick whose index holds growing numbers of keys, each in a process of its own."""
    rows: list[dict[str, Any]] = []
    for held in scale.pick([100], [1_000_000], [1_000_000, 10_000_000, 50_000_000]):
        with temporary_folder() as folder:
            rows += child("tick_path_run.py", folder / "log.sqlite", folder, held, scale.pick(0.01, 0.5, 3.0))
    return {"ticks": rows, "dagster": list(_dagsters(scale, environments))}


def _dagsters(scale: Scale, environments: Environments) -> Iterator[dict[str, Any]]:
    if (python := environments.dagster()) is None:
        return
    for batch in scale.pick([2], [2, 20], [2, 20, 100]):
        with temporary_folder() as folder:
            yield from child(
                "dagster_keyed_ticks.py", folder, scale.pick(0.1, 2.0, 60.0), batch, python=python
            )


def tell(figures: Figures) -> Section:
    """Say what a tick costs, and which part of it is the sensor's own."""
    rows = figures["ticks"]
    held = max(row["held"] for row in rows)
    plain, with_config = only(rows, config=False), only(rows, config=True)
    best = max(only(plain, held=held), key=lambda row: row["rate"])
    halves = max(only(plain, held=held, repeats=0.5), key=lambda row: row["rate"])
    alone = only(plain, held=held, sensors=1)
    [single] = only(alone, batch=1, repeats=0.0)
    return Section(
        sentences=[
            (
                f"With {short(held)} keys held, {_requests(best)} go the whole way at {number(best['rate'])} keys a second, "
                f"and {_requests(halves)} at {number(halves['rate'])}; {halves['evaluate']:.0%} of that time is the "
                "evaluation: the sensor's own function, and making plain values of what it asks for."
            ),
            (
                f"One sensor that asks for one new key per tick is bound by the disk, which confirms two writes per "
                f"tick: {number(single['tick_ms'])} ms."
            ),
        ],
        method=(
            "An engine on SQLite without its threads, in a process of its own: each sensor's function yields "
            "requests, without run config as Dagster's do here, or with a run config of their own, which are looked up in the index on disk, decided on, appended "
            "durably, and folded into all that the engine keeps. The keys held before were claimed in the index "
            "without having been in the log. The time covers both of a tick's appends, its start and its end. Dagster's "
            "is the sensor iteration of its daemon, in process, on its SQLite storage, which also creates the runs and "
            "puts them into its queue, as the events that our log has do; none of them is taken from there."
        ),
        plots={
            "tick-path": lines(
                f"Keyed requests a second, whole way, {short(held)} keys held, one sensor",
                "keys in a tick",
                "keys/s",
                [
                    *(_by_batch(alone, repeats) for repeats in (0.0, 0.5, 1.0)),
                    _of_dagster(figures["dagster"]),
                ],
            )
        },
        tables={
            "Keys a second": pivot(list(_flat(plain)), "keys held, repeats", "shape", "rate"),
            "Keys a second, each request with a run config of its own": pivot(
                list(_flat(with_config)), "keys held, repeats", "shape", "rate"
            ),
        },
        headlines=list(_headlines(alone, figures["dagster"])),
        weaknesses=list(_weaknesses(with_config, held)),
    )


def _by_batch(rows: list[Row], repeats: float) -> Line:
    points = [(row["batch"], row["rate"]) for row in only(rows, repeats=repeats)]
    name = {0.0: "all of them new", 1.0: "all of them repeats"}.get(repeats, "half of them repeats")
    return Line(name, points, ours=repeats == 0.5)


def _of_dagster(rows: Any) -> Line:
    return Line("Dagster, half repeats", [(row["batch"], row["rate"]) for row in rows])


def _headlines(alone: list[Row], dagsters: Any) -> Iterator[Headline]:
    for theirs in sorted(dagsters, key=lambda row: int(row["batch"]))[-1:]:
        ours = min(only(alone, repeats=0.5), key=lambda row: abs(math.log(row["batch"] / theirs["batch"])))
        what = f"keyed requests, whole way, {ours['batch']} in a tick (it: {theirs['batch']}), half of them repeats"
        yield Headline(what, ours["rate"], "Dagster", theirs["rate"], "keys/s")


def _flat(rows: Any) -> Iterator[dict[str, Any]]:
    for row in rows:
        shape = f"{row['sensors']} x {row['batch']:,}"
        yield {**row, "keys held, repeats": f"{row['held']:,}, {row['repeats']:.0%}", "shape": shape}


def _requests(row: Row) -> str:
    repeats = f"{row['repeats']:.0%} of them repeats"
    sensors = "one sensor's" if row["sensors"] == 1 else f"{row['sensors']} sensors'"
    return f"{sensors} ticks of {row['batch']:,} requests, {repeats},"


def _weaknesses(rows: Any, held: int) -> Iterator[str]:
    largest = max(only(rows, held=held, repeats=0.0), key=lambda row: row["batch"])
    yield (
        f"A tick that asks for {largest['batch']:,} new runs, each with a run config of its own, takes {number(largest['tick_ms'] / 1e3)} s, "
        f"{largest['evaluate']:.0%} of it in the evaluation."
    )
