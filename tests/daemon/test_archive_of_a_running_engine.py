"""Archiving the log of an engine that runs, ticks and starts runs meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from harness.daemon import Daemon

SENSORS = """
@dg.op
def load():
    pass

@dg.job
def load_files():
    load()

@every(0.1, job=load_files)
def counting(context):
    count = int(context.cursor or 0) + 1
    context.update_cursor(str(count))
    return dg.RunRequest(run_key=str(count)) if count % 3 == 0 else dg.SkipReason("not yet")

defs = dg.Definitions(jobs=[load_files], sensors=[counting])
"""


def ticktrail(engine: Daemon, *arguments: str) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "ticktrail", *arguments, "--json", "--home", str(engine.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_engine_goes_on_while_its_log_is_archived_and_all_invariants_hold(tmp_path: Path) -> None:
    engine = Daemon(tmp_path, SENSORS).start()
    archived = 0
    for runs in (3, 8, 13):
        engine.wait_for("RunSucceeded", runs)
        archived += int(str(ticktrail(engine, "archive", "--older-than", "0s")[0]["frames"]))
    assert engine.stop() == 0

    assert archived > 40
    assert ticktrail(engine, "verify")[-1]["violations"] == 0
    ticks = [str(record["status"]) for record in ticktrail(engine, "tick", "list", "--limit", "1000")]
    assert len(ticks) >= 39 and set(ticks) <= {"SKIPPED", "SUCCESS", "INTERRUPTED"}
    again = Daemon(tmp_path, SENSORS).start()
    again.wait_for("RunSucceeded")
    assert again.stop() == 0
    assert ticktrail(engine, "verify")[-1]["violations"] == 0
