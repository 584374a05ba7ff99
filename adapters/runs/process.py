"""Which process is meant: a process id alone is used again by the system."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from ...core.events import RunStarted
from ..system import SystemClock


def process_started(pid: int) -> int | None:
    """Return when process *pid* began, in clock ticks since boot; None if it is gone or unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command in parentheses may hold spaces; the fields after it are numbers but for the state.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def run_started(run: str, cause: int) -> RunStarted:
    """Return the event by which this process claims a run, now.

    Args:
        cause: Offset of the `RunRequested`.
    """
    pid, host = os.getpid(), socket.gethostname()
    return RunStarted(
        at=SystemClock().now(),
        run=run,
        cause=cause,
        where=f"process {pid} on {host}",
        host=host,
        pid=pid,
        process_started=process_started(pid),
    )


def is_alive(pid: int, started: int | None) -> bool:
    """Whether the process that had *pid* and began at *started* still runs."""
    if started is not None:
        return process_started(pid) == started
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def describe_exit(pid: int, status: int) -> str:
    """Say how a process ended.

    Args:
        status: As `os.waitpid` gives it.
    """
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"its process {pid} ended with exit code {code} before the run had ended"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    return f"its process {pid} was killed by signal {-code} ({name})"
