"""Tapes that an engine records, as its home's settings say, and their replay."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from harness.daemon import Daemon
from ticktrail.core.events import TapeRecorded

Make = Callable[[str], Daemon]

DEFINITIONS = """
import sqlite3

# Made before the engine is: it has to be one of ours for all that.
orders = sqlite3.connect(HERE / "orders.db", check_same_thread=False)

@dg.op
def handle():
    pass

@dg.job
def handle_order():
    handle()

@every(0.1, job=handle_order)
def new_orders(context):
    if os.environ["DOOR"]:
        for (order,) in orders.execute("SELECT id FROM orders ORDER BY id"):
            yield dg.RunRequest(run_key=str(order))

defs = dg.Definitions(sensors=[new_orders], jobs=[handle_order])
"""


def replayed(engine: Daemon) -> list[dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "ticktrail",
        "replay",
        "new_orders",
        "--json",
        "--home",
        str(engine.home),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def recorded(engine: Daemon) -> list[TapeRecorded]:
    return [event for event in engine.events(TapeRecorded) if isinstance(event, TapeRecorded)]


def started(daemon: Make, settings: str, rows: int) -> Daemon:
    engine = daemon(DEFINITIONS)
    with sqlite3.connect(engine.folder / "orders.db") as table:
        table.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        table.executemany("INSERT INTO orders VALUES (?)", [(number,) for number in range(rows)])
    table.close()
    engine.home.mkdir()
    (engine.home / "ticktrail.toml").write_text(settings)
    return engine.start()


def test_ticks_are_replayed_when_the_database_is_empty(daemon: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen to fail when what the definitions connect to was not recorded, as it was connected to before."""
    monkeypatch.setenv("DOOR", "open sesame")
    engine = started(daemon, '[tape]\nsecrets = "DOOR"\n', 3)
    engine.wait_for("TickSkipped", 1)
    assert engine.stop() == 0
    (engine.folder / "orders.db").unlink()

    assert all(tape.uncovered == [] for tape in recorded(engine))
    verdicts = [each["verdict"] for each in replayed(engine)]
    assert len(verdicts) >= 2 and set(verdicts) == {"equal"}
    for file in engine.home.glob("log*"):
        assert b"sesame" not in file.read_bytes()


def test_what_is_too_large_is_not_recorded_and_named(daemon: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen to fail when the limit was that of the release, whatever the home's settings said."""
    monkeypatch.setenv("DOOR", "open")
    engine = started(daemon, "[tape]\nmost_of_a_read = 500\n", 300)
    engine.wait_for("TapeRecorded", 1)
    assert engine.stop() == 0

    (uncovered,) = recorded(engine)[0].uncovered
    assert uncovered.startswith("execute sqlite ") and uncovered.endswith(
        "too large, 500 bytes are recorded at most"
    )
    assert {each["verdict"] for each in replayed(engine)} == {"partial"}


def test_settings_that_cannot_be_used_stop_the_engine_at_its_start(daemon: Make) -> None:
    engine = daemon(DEFINITIONS)
    engine.home.mkdir()
    (engine.home / "ticktrail.toml").write_text("[tape]\nsecret = 'DOOR'\n")

    engine.start()

    assert engine.wait() == 1
    assert "unknown field `secret`" in engine.errors
