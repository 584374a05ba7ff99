"""Run by Dagster's own Python: its daemon over definitions.py in a folder; prints ticks a second."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
home = folder / "dagster_home"
home.mkdir()
(home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
os.environ["DAGSTER_HOME"] = str(home)
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"

command = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-f", str(folder / "definitions.py")]
with open(folder / "daemon.log", "wb") as account:
    daemon = subprocess.Popen(command, stdout=account, stderr=account)

from dagster import DagsterInstance
from dagster._core.storage.schedules.schema import JobTickTable
from sqlalchemy import select

with DagsterInstance.get() as instance:

    def ticks() -> list[float]:
        """Return when each finished tick started."""
        with instance.schedule_storage.connect() as connection:
            rows = connection.execute(select(JobTickTable.c.timestamp, JobTickTable.c.status)).fetchall()
        return [row[0].timestamp() for row in rows if row[1] != "STARTED"]

    deadline = time.monotonic() + 60
    while not ticks() and time.monotonic() < deadline:
        time.sleep(0.5)
    begin = time.monotonic()
    before = len(ticks())
    time.sleep(seconds)
    after, passed = len(ticks()), time.monotonic() - begin

daemon.send_signal(signal.SIGTERM)
daemon.wait(timeout=60)
if after == before:
    sys.exit((folder / "daemon.log").read_text()[-2000:])
print((after - before) / passed)
