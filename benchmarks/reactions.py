"""How long after a run has failed does the failure sensor react, and after an asset is made is the next run requested?"""

from __future__ import annotations

from pathlib import Path

from children import measure as child
from environments import Environments
from plot import Bar, bars
from report import Figures, Headline, Section, number, only
from scale import Scale
from surroundings import logged, quantile, run_quietly, temporary_folder

from ticktrail.core.events import AssetMaterialized, RunFailed, RunRequested

OURS, DAEMON = "ticktrail", "Dagster's daemon"
RUN, ASSET = "run failed → function entered", "asset made → run requested"


def definitions(folder: Path, *, interval: float, library: str = "ticktrail") -> str:
    """Return a definitions file of a job that fails, one that makes an asset, and sensors that react to each."""
    return f"""
import time
import {library} as dg

ON = dict(default_status=dg.DefaultSensorStatus.RUNNING)

@dg.op
def fail():
    raise ValueError("no")

@dg.job
def failing_job():
    fail()

@dg.asset
def upstream():
    return None

@dg.asset(deps=[upstream])
def downstream():
    return None

upstream_job = dg.define_asset_job("upstream_job", [upstream])
downstream_job = dg.define_asset_job("downstream_job", [downstream])

@dg.sensor(jobs=[failing_job, upstream_job], minimum_interval_seconds={interval!r}, **ON)
def asker(context):
    count = int(context.cursor or 0) + 1
    context.update_cursor(str(count))
    yield dg.RunRequest(run_key=f"f{{count}}", job_name="failing_job")
    yield dg.RunRequest(run_key=f"a{{count}}", job_name="upstream_job")

@dg.run_failure_sensor(monitored_jobs=[failing_job], {"minimum_interval_seconds=1, " if library == "dagster" else ""}**ON)
def on_failure(context: dg.RunFailureSensorContext):
    with open({str(folder / "entered")!r}, "a") as entered:
        entered.write(f"{{context.dagster_run.run_id}} {{time.time()}}\\n")

@dg.asset_sensor(dg.AssetKey("upstream"), job=downstream_job, {"minimum_interval_seconds=1, " if library == "dagster" else ""}**ON)
def on_asset(context, entry):
    return dg.RunRequest(run_key=context.cursor)

defs = dg.Definitions(
    assets=[upstream, downstream],
    jobs=[failing_job, upstream_job, downstream_job],
    sensors=[asker, on_failure, on_asset],
)
"""


def ours(seconds: float) -> tuple[list[float], list[float]]:
    """Return the delays in milliseconds: of entering the failure sensor's function, of requesting the next run."""
    with temporary_folder() as folder:
        run_quietly(folder, definitions(folder, interval=0.5), seconds)
        failed, made, requested = dict[str, int](), list[int](), list[int]()
        for event in logged(folder):
            if isinstance(event, RunFailed):
                failed[event.run] = event.at
            elif isinstance(event, AssetMaterialized) and event.asset == "upstream":
                made.append(event.at)
            elif isinstance(event, RunRequested) and event.sensor == "on_asset":
                requested.append(event.at)
        entered = (line.split() for line in (folder / "entered").read_text().splitlines())
        reactions = [float(at) * 1e3 - failed[run] / 1e3 for run, at in entered]
        return reactions, [(after - before) / 1e3 for before, after in zip(made, requested, strict=False)]


def theirs(python: Path, seconds: float) -> tuple[list[float], list[float]]:
    """Return the same of Dagster's daemon."""
    with temporary_folder() as folder:
        (folder / "definitions.py").write_text(definitions(folder, interval=5, library="dagster"))
        [delays] = child("dagster_reactions.py", folder, seconds, python=python)
    return delays["reactions"], delays["requests"]


def measure(scale: Scale, environments: Environments) -> Figures:
    """Measure both engines over runs that really fail and assets that are really made."""
    measured = {OURS: ours(scale.pick(4, 12, 60))}
    if (python := environments.dagster()) is not None:
        measured[DAEMON] = theirs(python, scale.pick(5, 25, 180))
    rows = [
        {
            "engine": engine,
            "what": what,
            "count": len(values),
            "p50": quantile(values, 0.5),
            "p90": quantile(values, 0.9),
            "max": max(values),
        }
        for engine, delays in measured.items()
        for what, values in zip((RUN, ASSET), delays, strict=True)
    ]
    return {"delays": rows}


def tell(figures: Figures) -> Section:
    """Say how soon each engine reacts."""
    rows = figures["delays"]
    [run], [asset] = (only(rows, engine=OURS, what=what) for what in (RUN, ASSET))
    return Section(
        sentences=[
            (
                f"Half of the time the failure sensor's function is entered {number(run['p50'])} ms after the run has failed, "
                f"and the next run is requested {number(asset['p50'])} ms after the asset was made; 9 of 10 within "
                f"{number(run['p90'])} and {number(asset['p90'])} ms."
            )
        ],
        method=(
            "Both engines as users run them, over runs that really fail and assets that are really made, asked for by a "
            "sensor at an interval of 0.5 s (ours) and 5 s (Dagster's daemon, whose beat is 5 s)."
        ),
        plots={
            "reactions": bars(
                "Half of all reactions are faster than",
                "ms",
                [
                    Bar(
                        f"{row['what']}, {'Dagster' if row['engine'] == DAEMON else OURS}",
                        row["p50"],
                        f"{number(row['p50'])} ms",
                        row["engine"] == OURS,
                    )
                    for row in rows
                ],
            )
        },
        tables={"Milliseconds": rows},
        headlines=[
            Headline(row["what"], mine["p50"], DAEMON, row["p50"], "ms", smaller_is_better=True)
            for row in only(rows, engine=DAEMON)
            for mine in only(rows, engine=OURS, what=row["what"])
        ],
    )
