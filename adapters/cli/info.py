"""``ticktrail info``: where things are and what there is."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from pathlib import Path

import msgspec

from ...projections.assets import Assets
from ...projections.runs import Runs
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..home import Home
from .options import COMMON, Common
from .output import Output
from .reading import opened


def info(*, common: Common = COMMON) -> int:
    """Show where the home and the log are, whether an engine runs, and what the log holds."""
    home, out = common.open(), Output(json=common.json)
    states, runs, assets = SensorStates(), Runs(), Assets()
    with opened(home) as log:
        head = fold(log, states, runs, assets)
    engine = home.engine()
    statuses = Counter(run.status for run in runs)
    sensors = [states.get(name) for name in states.names()]
    running = sum(state.running for state in sensors)
    if out.json:
        out.record(
            {
                "release": version("ticktrail"),
                "home": str(home.path),
                "log": home.log_name,
                "events": head,
                "log_bytes": _size(home),
                "engine": None if engine is None else msgspec.structs.asdict(engine),
                "definitions": None if home.definitions is None else msgspec.structs.asdict(home.definitions),
                "sensors": len(sensors),
                "sensors_running": running,
                "runs": statuses,
                "assets": len(assets.names()),
            }
        )
        return 0
    size = _size(home)
    out.facts(
        {
            "ticktrail": version("ticktrail"),
            "home": str(home.path),
            "log": home.log_name,
            "events": f"{head}" + ("" if size is None else f" in {_bytes(size)}"),
            "engine": "not running" if engine is None else f"running: {engine}",
            "definitions": str(home.definitions or "none remembered"),
            "sensors": f"{len(sensors)}, {running} running",
            "runs": f"{len(runs)}"
            + "".join(f", {count} {status}" for status, count in sorted(statuses.items())),
            "assets": str(len(assets.names())),
        }
    )
    return 0


def _size(home: Home) -> int | None:
    """Return the bytes of the log's files, None if it lies on a server."""
    if "://" in home.log_url:
        return None
    files = (Path(home.log_url + suffix) for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _bytes(size: int) -> str:
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} GiB"
