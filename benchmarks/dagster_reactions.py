"""Run by Dagster's own Python: its daemon over definitions.py in a folder; shows two lists of delays (ms)."""

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

from dagster import AssetKey, DagsterEventType, DagsterInstance, RunsFilter

with DagsterInstance.get():
    # Makes the storage: two processes that do it at once get into each other's way.
    pass

command = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-f", str(folder / "definitions.py")]
with open(folder / "daemon.log", "wb") as account:
    daemon = subprocess.Popen(command, stdout=account, stderr=account, start_new_session=True)

entered = folder / "entered"
deadline = time.monotonic() + 120
while not entered.exists() and time.monotonic() < deadline:
    time.sleep(0.5)
time.sleep(seconds)
# Before the runs: what is entered meanwhile is of runs that have failed meanwhile.
lines = entered.read_text().splitlines() if entered.exists() else []

with DagsterInstance.get() as instance:
    changes = instance.fetch_run_status_changes(DagsterEventType.RUN_FAILURE, limit=1000).records
    failed = {record.run_id: record.timestamp for record in changes}
    made = [
        (record.storage_id, record.timestamp)
        for record in instance.fetch_materializations(
            AssetKey("upstream"), limit=1000, ascending=True
        ).records
    ]
    requested = sorted(
        record.create_timestamp.timestamp()
        for record in instance.get_run_records(RunsFilter(job_name="downstream_job"))
    )
daemon.send_signal(signal.SIGTERM)
daemon.wait(timeout=60)
# Its code server outlives it, for as long as it has runs.
with contextlib.suppress(ProcessLookupError):
    os.killpg(daemon.pid, signal.SIGKILL)

reactions = [(float(at) - failed[run]) * 1e3 for run, at in (line.split() for line in lines)]
# Each request is for the newest materialization before it: several between two ticks count as the newest.
requests = []
for at in requested:
    before = [stamp for _, stamp in made if stamp <= at]
    if before:
        requests.append((at - before[-1]) * 1e3)
if not reactions or not requests:
    sys.exit((folder / "daemon.log").read_text()[-2000:])
show(reactions=reactions, requests=requests)
