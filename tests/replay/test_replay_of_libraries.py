"""Sensors that read by libraries and through resources: their ticks are replayed when all of that is gone."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
import requests

import ticktrail as dg
from harness.engine import EngineHarness
from harness.http_server import http_server
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.events import BlobStored, TapeRecorded
from ticktrail.core.replay import replay
from ticktrail.core.tape.storing import content_of
from ticktrail.projections.past_ticks import past_ticks


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@dg.op
def load() -> None:
    pass


@dg.job
def load_job() -> None:
    load()


class Api(dg.ConfigurableResource):
    """Asks an API by one library or the other, with a secret."""

    place: str
    token: str

    def get(self, path: str) -> str:
        headers = {"Authorization": f"Bearer {self.token}"}
        with requests.Session() as session:
            first = session.get(f"{self.place}/{path}", headers=headers).text
        with httpx.Client(headers=headers) as client:
            return f"{first}, {client.get(f'{self.place}/{path}').text}"


class Orders(dg.ConfigurableResource):
    """A database whose connection is made for each tick."""

    path: str
    _connection: Any = None

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        self._connection = sqlite3.connect(self.path)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self._connection.close()

    def after(self, last: int) -> Iterator[int]:
        for (order,) in self._connection.execute("SELECT id FROM orders WHERE id > ? ORDER BY id", (last,)):
            yield int(order)


def test_ticks_are_equal_when_the_server_and_the_database_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when requests' connections, or connections to SQLite, were not recorded."""
    monkeypatch.setenv("API_TOKEN", "hunter2")
    database = tmp_path / "orders.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")

    @dg.sensor(job=load_job, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=1)
    def new_orders(context: dg.SensorEvaluationContext, orders: Orders, api: Api) -> Any:
        last = int(context.cursor or 0)
        for order in orders.after(last):
            yield dg.RunRequest(run_key=str(order), tags={"said": api.get(f"order/{order}")})
            last = order
        context.update_cursor(str(last))

    with ExitStack() as running:
        place, got = running.enter_context(http_server())
        api = Api(place=place, token=dg.EnvVar("API_TOKEN"))
        engine = EngineHarness(
            new_orders,
            jobs=[load_job],
            record=True,
            resources={"orders": Orders(path=str(database)), "api": api},
        )
        for beat in range(5):
            with closing(sqlite3.connect(database)) as connection, connection:
                connection.execute("INSERT INTO orders VALUES (?)", (beat + 1,))
            engine.beat(1)
    database.unlink()
    monkeypatch.delenv("API_TOKEN")

    replays = [replay(past, new_orders, engine.definitions) for past in past_ticks(engine.log, "new_orders")]
    assert len(engine.requests()) == 5 and len(got) == 10
    assert [tape.uncovered for tape in engine.of(TapeRecorded)] == [[]] * 5
    assert [each.verdict for each in replays] == ["equal"] * 5, replays
    assert not database.exists()
    assert not any(b"hunter2" in content_of(blob) for blob in engine.of(BlobStored))


def test_a_tick_that_reads_by_duckdb_is_partial_and_a_replay_reads_nothing(tmp_path: Path) -> None:
    """Seen to fail: its tape was called complete, and the replay read the file as it was by then."""
    (orders := tmp_path / "orders.csv").write_text("id\n1\n")

    @dg.sensor(job=load_job, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=1)
    def new_orders(context: dg.SensorEvaluationContext) -> Any:
        for (order,) in duckdb.execute("SELECT id FROM read_csv(?)", [str(orders)]).fetchall():
            yield dg.RunRequest(run_key=str(order))

    engine = EngineHarness(new_orders, jobs=[load_job], record=True)
    engine.beat(1)
    orders.write_text("id\n2\n")

    (past,) = past_ticks(engine.log, "new_orders")
    replayed = replay(past, new_orders, engine.definitions)
    assert [request.run_key for request in engine.requests()] == ["1"]
    assert (replayed.verdict, list(replayed.why)) == ("partial", ["duckdb execute"])
