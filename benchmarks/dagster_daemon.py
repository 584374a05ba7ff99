"""Run by Dagster's own Python: its daemon over definitions.py in a folder, which it loads in a code server (gRPC).

python dagster_daemon.py FOLDER SECONDS    shows finished ticks a second
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from children import show

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
home = folder / "dagster_home"
home.mkdir()
(home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
os.environ["DAGSTER_HOME"] = str(home)
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"

from dagster import DagsterInstance
from dagster._core.storage.schedules.schema import JobTickTable
from sqlalchemy import select

with DagsterInstance.get() as instance:
    # Only now, since two processes that make the storage at once get into each other's way.
    command = [
        str(Path(sys.executable).parent / "dagster-daemon"),
        "run",
        "-f",
        str(folder / "definitions.py"),
    ]
    with open(folder / "daemon.log", "wb") as account:
        daemon = subprocess.Popen(command, stdout=account, stderr=account, start_new_session=True)

    def ticks() -> int:
        """Return how many ticks have ended."""
        with instance.schedule_storage.connect() as connection:
            rows = connection.execute(select(JobTickTable.c.status)).fetchall()
        return sum(row[0] != "STARTED" for row in rows)

    deadline = time.monotonic() + 60
    while not ticks() and time.monotonic() < deadline:
        time.sleep(0.5)
    begin, before = time.monotonic(), ticks()
    time.sleep(seconds)
    after, passed = ticks(), time.monotonic() - begin

daemon.send_signal(signal.SIGTERM)
daemon.wait(timeout=60)
# Its code server outlives it, for as long as it has runs.
with contextlib.suppress(ProcessLookupError):
    os.killpg(daemon.pid, signal.SIGKILL)
if after == before:
    sys.exit((folder / "daemon.log").read_text()[-2000:])
show(what="daemon", rate=(after - before) / passed)
