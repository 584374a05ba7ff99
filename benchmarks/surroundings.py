"""What the benchmarks share: temporary homes, the engine as a process, and how figures are summed up."""

from __future__ import annotations

import os
import platform
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ticktrail.adapters.home import Home
from ticktrail.core.events import AnyEvent

SCRATCH = Path(__file__).resolve().parent.parent / "build" / "scratch"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards, on the disk of the checkout: the system's own may be in memory."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH, ignore_cleanup_errors=True) as name:
        yield Path(name)


def skipping_sensors(count: int, *, interval: float, library: str = "ticktrail") -> str:
    """Return a definitions file of sensors that always skip."""
    return f"""
import {library} as dg

def skipping(number):
    @dg.sensor(name=f"s{{number:04}}", minimum_interval_seconds={interval!r},
               default_status=dg.DefaultSensorStatus.RUNNING)
    def always_skips():
        return dg.SkipReason("nothing to do")
    return always_skips

defs = dg.Definitions(sensors=[skipping(number) for number in range({count})])
"""


def _dev(folder: Path, definitions: str, *options: str) -> list[str]:
    """Write the definitions, and return the command that runs the engine with them on the home in *folder*."""
    file, home = folder / "definitions.py", folder / "home"
    file.write_text(definitions)
    return [sys.executable, "-m", "ticktrail", "dev", "-f", str(file), "--home", str(home), *options]


@contextmanager
def engine(folder: Path, definitions: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `ticktrail dev` on the home in *folder*, made if it is not there, its account readable from stdout."""
    command = _dev(folder, definitions, *options)
    with open(folder / "notes", "w") as notes:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=notes, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        if process.returncode:
            raise SystemExit(
                f"the engine ended with {process.returncode}: {(folder / 'notes').read_text()[-2000:]}"
            )


def run_quietly(folder: Path, definitions: str, seconds: float, *options: str) -> None:
    """Run the engine on a new home for *seconds*, its account thrown away."""
    process = subprocess.Popen(_dev(folder, definitions, *options), stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGTERM)
    if process.wait(timeout=60) != 0:
        raise SystemExit(f"the engine ended with exit code {process.returncode}")


def logged(folder: Path) -> list[AnyEvent]:
    """Return all events of the home in *folder*."""
    log = Home.open(folder / "home", create=False).log()
    try:
        return [event for frame in log.read() for event in frame.events]
    finally:
        log.close()


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which *share* of them lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def machine() -> dict[str, Any]:
    """Say where the figures come from."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": described.stdout.strip() or "unknown",
        "processor": _named("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load before": round(os.getloadavg()[0], 2),
    }


def _named(file: str, name: str) -> str | None:
    """Return what the first line of that name says."""
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), None)
