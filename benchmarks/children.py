"""Processes that measure: each prints its figures as JSON objects, one per line."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class ChildFailed(Exception):
    """A measuring process ended badly; the text has the end of what it said."""


def measure(
    script: str, *arguments: Any, python: Path | str = sys.executable, killed: bool = False
) -> list[dict[str, Any]]:
    """Run a script of this folder and return what it printed.

    Args:
        killed: It is to end by killing itself.
    """
    command = [str(python), str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != (-signal.SIGKILL if killed else 0):
        raise ChildFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def timed(command: Sequence[str]) -> tuple[float, float]:
    """Run a command; return its wall seconds and the most megabytes that it had resident."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ChildFailed(f"{' '.join(command)} ended with {process.returncode}:\n{said[-3000:]}")
    return seconds, usage.ru_maxrss / 1000


def show(**figures: Any) -> None:
    """Print one record, from within a measuring process."""
    print(json.dumps(figures), flush=True)


def resident(process: int | str = "self") -> dict[str, int]:
    """Return the bytes that a process has resident: of its own, and of mapped files."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    own, of_files = (int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile"))
    return {"own": own, "files": of_files}


def peak() -> int:
    """Return the most bytes that this process has ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
