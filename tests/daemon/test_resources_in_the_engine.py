"""A sensor that watches a table through a resource, and the runs that read the rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from harness.daemon import Daemon
from ticktrail.core.events import RunRequested, RunSucceeded, TickFailed

Make = Callable[[str], Daemon]

DEFINITIONS = """
import sqlite3

class Orders(dg.ConfigurableResource):
    path: str
    password: str
    _connection = None

    def setup_for_execution(self, context):
        self._connection = sqlite3.connect(self.path)

    def teardown_after_execution(self, context):
        self._connection.close()
        note("closed", "sensor" if context.run is None else "run")

    def rows(self, sql, *values):
        return self._connection.execute(sql, values).fetchall()

class OrderConfig(dg.Config):
    order: int

@dg.op
def handle(config: OrderConfig, orders: Orders):
    [(name,)] = orders.rows("SELECT name FROM orders WHERE id = ?", config.order)
    note("handled", f"{config.order} {name}")

@dg.job
def handle_order():
    handle()

@every(0.1, job=handle_order)
def new_orders(context, orders: Orders):
    last = int(context.cursor or 0)
    for (order,) in orders.rows("SELECT id FROM orders WHERE id > ? ORDER BY id", last):
        yield dg.RunRequest(
            run_key=str(order), run_config=dg.RunConfig(ops={"handle": OrderConfig(order=order)})
        )
        context.update_cursor(str(order))

defs = dg.Definitions(
    sensors=[new_orders],
    jobs=[handle_order],
    resources={"orders": Orders(path=str(HERE / "orders.db"), password=dg.EnvVar("ORDERS_PASSWORD"))},
)
"""


def test_a_watermark_over_a_table_requests_one_run_per_row(
    daemon: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_PASSWORD", "open-sesame")
    engine = daemon(DEFINITIONS)
    table = sqlite3.connect(engine.folder / "orders.db", isolation_level=None)
    table.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
    table.execute("INSERT INTO orders VALUES (1, 'ann'), (2, 'bob')")

    engine.start()
    engine.wait_for("RunSucceeded", 2)
    table.execute("INSERT INTO orders VALUES (3, 'cid')")
    engine.wait_for("RunSucceeded", 3)
    assert engine.stop() == 0
    table.close()

    assert [event.run_key for event in engine.events(RunRequested) if isinstance(event, RunRequested)] == [
        "1",
        "2",
        "3",
    ]
    assert len(engine.events(RunSucceeded)) == 3
    assert engine.events(TickFailed) == []
    assert engine.violations() == []
    handled = (engine.folder / "handled").read_text().splitlines()
    assert sorted(handled) == ["1 ann", "2 bob", "3 cid"]
    closed = (engine.folder / "closed").read_text().splitlines()
    assert closed.count("run") == 3
    assert "sensor" in closed
    for file in engine.home.rglob("*"):
        assert not file.is_file() or b"open-sesame" not in file.read_bytes()
