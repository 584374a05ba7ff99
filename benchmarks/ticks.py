"""How many durable ticks a second does one engine process keep up with, by how many sensors there are?"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from children import measure as child
from environments import Environments
from plot import Line, lines, short
from report import Figures, Headline, Row, Section, number, only
from scale import Scale
from surroundings import logged, run_quietly, skipping_sensors, temporary_folder

from ticktrail.core.events import TickSkipped

#: Seconds after the first tick that are not counted: threads start, the file grows to its size.
WARM_UP = 2.0

OURS, DAEMON, LOOP = "ticktrail", "Dagster's daemon", "Dagster's iteration, in process, no waiting"


def measure(scale: Scale, environments: Environments) -> Figures:
    """Let always-skipping sensors tick as often as each engine can."""
    rows: list[dict[str, Any]] = []
    python = environments.dagster()
    rounds, seconds = scale.pick((1, 0.5), (1, 3.0), (5, 5.0))
    theirs = {DAEMON: scale.pick(6.0, 11.0, 120.0), LOOP: scale.pick(3.0, 5.0, 30.0)}
    sizes = scale.pick([5], [1, 50, 500], [1, 50, 500])
    # One look at 500 sensors takes Dagster a minute: the short form has that of the daemon alone.
    sizes_of = {DAEMON: scale.pick(sizes, [1, 500], sizes), LOOP: scale.pick(sizes, [50], sizes)}
    for sensors in sizes:
        measured = [ours(sensors, seconds) for _ in range(rounds)]
        rows.append(
            {
                "engine": OURS,
                "sensors": sensors,
                "rate": statistics.median(measured),
                "least": min(measured),
                "most": max(measured),
            }
        )
        for engine, script in ((DAEMON, "dagster_daemon.py"), (LOOP, "dagster_loop.py")):
            if python is not None and sensors in sizes_of[engine]:
                rows.append(
                    {
                        "engine": engine,
                        "sensors": sensors,
                        "rate": _dagsters(python, script, sensors, theirs[engine]),
                    }
                )
    return {"ticks": rows}


def ours(sensors: int, seconds: float, *options: str) -> float:
    """Return durable ticks a second of `ticktrail dev`, sensors at an interval of 1 ms.

    Args:
        options: More of them for the command.
    """
    with temporary_folder() as folder:
        run_quietly(folder, skipping_sensors(sensors, interval=0.001), seconds + WARM_UP + 1, *options)
        ends = [event.at / 1e6 for event in logged(folder) if isinstance(event, TickSkipped)]
    begin = min(ends) + WARM_UP
    return sum(begin <= end < begin + seconds for end in ends) / seconds


def _dagsters(python: Path, script: str, sensors: int, seconds: float) -> float:
    with temporary_folder() as folder:
        (folder / "definitions.py").write_text(skipping_sensors(sensors, interval=1, library="dagster"))
        [figures] = child(script, folder, seconds, python=python)
    return float(figures["rate"])


def tell(figures: Figures) -> Section:
    """Say how far each engine gets."""
    rows = figures["ticks"]
    few, many = (edge(only(rows, engine=OURS), key=lambda row: int(row["sensors"])) for edge in (min, max))
    return Section(
        sentences=[
            (
                f"One process keeps up with {number(many['rate'])} durable ticks a second of {many['sensors']} sensors; "
                f"{few['sensors']} alone ticks {number(few['rate'])} times a second, since its next tick starts when the "
                "disk has confirmed the last one."
            ),
        ],
        method=(
            "`ticktrail dev` as users run it, log on SQLite, sensors at an interval of 1 ms; ends of ticks are counted "
            f"in the log, the first {WARM_UP:g} s left out. Dagster's daemon is `dagster-daemon run` on its SQLite "
            "storage, definitions in a code server of its own (gRPC), sensors at its smallest interval, 1 s; it looks "
            "every 5 s which sensors are due. Its iteration in process is what the daemon calls then, called back to "
            "back instead, with no code server and 8 threads: the most that its code can do."
        ),
        plots={
            "ticks": lines(
                "Ticks a second of always-skipping sensors",
                "sensors",
                "ticks/s",
                [_line(engine, rows) for engine in dict.fromkeys(row["engine"] for row in rows)],
            )
        },
        tables={"Ticks a second": list(_table(rows))},
        headlines=list(_headlines(rows, int(many["sensors"]))),
        weaknesses=[
            (
                f"{few['sensors']} sensor alone cannot go beyond {number(few['rate'])} ticks a second: each of its ticks "
                "waits for the disk twice."
            )
        ],
    )


def _line(engine: str, rows: Any) -> Line:
    points = [(row["sensors"], row["rate"]) for row in only(rows, engine=engine)]
    label = {LOOP: "its iteration, no waiting"}.get(engine, engine)
    return Line(label, points, ours=engine == OURS)


def _table(rows: Any) -> Iterator[Row]:
    engines = [engine for engine in dict.fromkeys(row["engine"] for row in rows) if engine != OURS]
    for sensors in dict.fromkeys(row["sensors"] for row in rows):
        [ours] = only(rows, engine=OURS, sensors=sensors)
        spread = f"{number(ours['rate'])} ({number(ours['least'])} to {number(ours['most'])})"
        rates = {row["engine"]: row["rate"] for row in only(rows, sensors=sensors)}
        yield {"sensors": sensors, OURS: spread, **{engine: rates.get(engine) for engine in engines}}


def _headlines(rows: Any, sensors: int) -> Iterator[Headline]:
    [ours] = only(rows, engine=OURS, sensors=sensors)
    for engine in (DAEMON, LOOP):
        for theirs in only(rows, engine=engine, sensors=sensors):
            yield Headline(
                f"ticks, {short(sensors)} always-skipping sensors",
                ours["rate"],
                engine,
                theirs["rate"],
                "ticks/s",
            )
