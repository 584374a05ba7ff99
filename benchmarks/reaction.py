"""How long after a sensor is due does its tick start?"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from surroundings import logged, quantile, run_quietly, skipping_sensors, temporary_folder

from ticktrail.core.events import TickStarted


def one(sensors: int, *, interval: float, seconds: float) -> list[float]:
    """Return, in milliseconds, each tick's delay against the previous tick's start plus the interval."""
    starts: dict[str, list[float]] = defaultdict(list)
    with temporary_folder() as folder:
        run_quietly(folder, skipping_sensors(sensors, interval=interval), seconds)
        for event in logged(folder):
            if isinstance(event, TickStarted):
                starts[event.sensor].append(event.at / 1e3)
    return [after - before - interval * 1e3 for times in starts.values() for before, after in pairwise(times)]


def run(*, rounds: int) -> dict[str, Any]:
    """Measure few and many sensors, all due at the same moment: the worst case."""
    rows = []
    for sensors in (1, 10, 100, 1000):
        delays = [delay for _ in range(rounds) for delay in one(sensors, interval=0.5, seconds=6)]
        rows.append(
            {
                "sensors": sensors,
                "ticks": len(delays),
                "p50": round(quantile(delays, 0.5), 2),
                "p99": round(quantile(delays, 0.99), 2),
                "max": round(max(delays), 2),
            }
        )
    return {"question": __doc__, "unit": "ms", "rows": rows}
