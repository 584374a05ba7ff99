"""How many durable ticks a second does one engine process keep up with always-skipping sensors?"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from surroundings import logged, run_quietly, skipping_sensors, spread, temporary_folder

from ticktrail.core.events import TickSkipped

#: Seconds after the first tick that are not counted: threads start, the file grows to its size.
WARM_UP = 2.0


def ours(sensors: int, *, seconds: float) -> float:
    """Return durable ticks a second of `ticktrail dev` on SQLite, sensors at an interval of 1 ms."""
    with temporary_folder() as folder:
        run_quietly(folder, skipping_sensors(sensors, interval=0.001), seconds + WARM_UP + 1)
        ends = [event.at / 1e6 for event in logged(folder) if isinstance(event, TickSkipped)]
    begin = min(ends) + WARM_UP
    return sum(begin <= end < begin + seconds for end in ends) / seconds


def dagsters(python: Path, sensors: int, *, seconds: float) -> float:
    """Return ticks a second of Dagster's daemon, sensors at its smallest interval."""
    script = Path(__file__).with_name("dagster_daemon.py")
    with temporary_folder() as folder:
        (folder / "definitions.py").write_text(skipping_sensors(sensors, interval=1, library="dagster"))
        command = [str(python), str(script), str(folder), str(seconds)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def run(python: Path | None, *, rounds: int, full: bool) -> dict[str, Any]:
    """Measure both sides in turn."""
    rows = []
    for sensors in (1, 50, 500):
        row: dict[str, Any] = {
            "sensors": sensors,
            "ours": spread([ours(sensors, seconds=5) for _ in range(rounds)], 0),
        }
        if python is not None:
            row["dagster"] = round(dagsters(python, sensors, seconds=120 if full else 45), 2)
            row["ratio"] = round(row["ours"]["median"] / row["dagster"], 0) if row["dagster"] else None
        rows.append(row)
    return {"question": __doc__, "unit": "ticks/s", "rows": rows}
