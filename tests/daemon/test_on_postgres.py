"""The engine, its workers and the command line on one log in PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from harness.daemon import Daemon

pytestmark = pytest.mark.external_service

DEFINITIONS = """
@dg.op
def leave_a_trace():
    note("traces", "once")

@dg.job
def traced():
    leave_a_trace()

@every(0.1, job=traced)
def asking():
    return dg.RunRequest(run_key="k")

defs = dg.Definitions(jobs=[traced], sensors=[asking])
"""


@pytest.fixture
def database(postgres_url: str) -> str:
    """URL of an empty database."""
    name = f"d{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return postgres_url.replace("/postgres?", f"/{name}?")


def told(home: Path, *command: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "ticktrail", *command, "--home", str(home), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_run_is_asked_for_executed_once_and_survives_a_killed_engine(
    daemon: Callable[[str], Daemon], database: str
) -> None:
    engine = daemon(DEFINITIONS).start("--log", database)
    engine.wait_for("RunSucceeded")
    engine.wait_for("RunKeyRepeated")
    engine.kill()
    engine.start()
    engine.wait_for("RunKeyRepeated")

    assert engine.stop() == 0
    assert engine.wait_for_file("traces") == "once\n"
    assert [run["status"] for run in told(engine.home, "run", "list")] == ["SUCCESS"]
    assert told(engine.home, "verify")[-1]["violations"] == 0


def test_an_operators_action_reaches_the_running_engine(
    daemon: Callable[[str], Daemon], database: str
) -> None:
    engine = daemon(DEFINITIONS).start("--log", database)
    engine.wait_for("TickStarted")

    told(engine.home, "sensor", "stop", "asking", "--reason", "enough")

    assert engine.wait_for("SensorStopped")["reason"] == "enough"
