"""What does it cost to be there: import, first tick, resident memory of an idle engine?"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from surroundings import engine, skipping_sensors, spread, temporary_folder


def import_time() -> float:
    """Return seconds of `python -c "import ticktrail"` beyond `python -c pass`."""
    return _command_time("import ticktrail") - _command_time("pass")


def first_tick() -> float:
    """Return seconds from the start of `ticktrail dev` to its first durable tick."""
    with temporary_folder() as folder:
        begin = time.perf_counter()
        with engine(folder, skipping_sensors(10, interval=30), "--json") as process:
            assert process.stdout is not None
            for line in process.stdout:
                if json.loads(line)["event"] == "TickStarted":
                    return time.perf_counter() - begin
    raise SystemExit("the engine ended before its first tick")


def idle_memory() -> float:
    """Return the resident megabytes of an engine with 10 sensors, after 5 quiet seconds."""
    with temporary_folder() as folder, engine(folder, skipping_sensors(10, interval=30)) as process:
        time.sleep(5)
        status = Path(f"/proc/{process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1000


def _command_time(code: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begin


def run(*, rounds: int) -> dict[str, Any]:
    """Measure each several times."""
    return {
        "question": __doc__,
        "rows": [
            {"what": "import ticktrail", "unit": "s", **spread([import_time() for _ in range(rounds * 3)])},
            {"what": "dev to first tick", "unit": "s", **spread([first_tick() for _ in range(rounds)])},
            {"what": "idle, 10 sensors", "unit": "MB", **spread([idle_memory() for _ in range(rounds)], 1)},
        ],
    }
