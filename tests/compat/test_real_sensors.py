"""Sensor files as people write them for Dagster, but for the import line, run end to end with real runs."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness.daemon import Daemon
from harness.s3_server import s3_server
from ticktrail.core.events import (
    AssetMaterialized,
    DynamicPartitionsChanged,
    RequestRejected,
    RunFailed,
    RunRequested,
    SensorReacted,
    TickFailed,
)

Make = Callable[[str], Daemon]

SENSORS = Path(__file__).parent / "sensors"


@pytest.fixture
def engine_of(tmp_path: Path) -> Iterator[Make]:
    """Make an engine of one of the files, in a folder of its own."""
    made: list[Daemon] = []

    def make(name: str) -> Daemon:
        shutil.copy(SENSORS / f"{name}.py", tmp_path)
        made.append(Daemon(tmp_path, module=name))
        return made[-1]

    yield make
    for one in made:
        one.close()


def write(engine: Daemon, name: str, text: str = "a\nb\n") -> None:
    """Write a file that the sensors look for."""
    file = engine.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def lines(engine: Daemon, name: str) -> list[str]:
    """The lines that runs have left in a file."""
    file = engine.folder / name
    return file.read_text().splitlines() if file.exists() else []


def keys(engine: Daemon, sensor: str) -> list[str | None]:
    return [event.run_key for event in engine.events(RunRequested) if event.sensor == sensor]


def ended_well(engine: Daemon) -> bool:
    """Stop the engine; whether nothing failed and every invariant holds."""
    assert engine.stop() == 0
    assert engine.violations() == []
    return engine.events(RunFailed, TickFailed, RequestRejected) == []


def test_file_drop(engine_of: Make) -> None:
    engine = engine_of("file_drop")
    write(engine, "inbox/north.csv")
    engine.start().wait_for("RunSucceeded")
    write(engine, "inbox/south.csv", "a\nb\nc\n")
    engine.wait_for("RunSucceeded", 2)
    engine.wait_for("RunKeyRepeated", run_key="south.csv")

    assert ended_well(engine)
    assert keys(engine, "new_files") == ["north.csv", "south.csv"]
    assert [event.metadata for event in engine.events(AssetMaterialized)] == [
        {"file": "north.csv", "rows": 2},
        {"file": "south.csv", "rows": 3},
    ]


def test_asset_after_asset(engine_of: Make) -> None:
    engine = engine_of("asset_after_asset")
    write(engine, "batches/first")
    engine.start().wait_for("RunRequested", sensor="orders_made")
    write(engine, "batches/second")
    write(engine, "batches/third")
    engine.wait_for("RunRequested", 3, sensor="orders_made")
    engine.wait_for("RunSucceeded", 6)

    assert ended_well(engine)
    made = [event for event in engine.events(AssetMaterialized) if event.asset == "orders"]
    assert keys(engine, "orders_made") == [event.run for event in made]
    assert sorted(lines(engine, "invoiced")) == ["first", "second", "third"]


def test_daily_partition_per_file(engine_of: Make) -> None:
    engine = engine_of("daily_files")
    write(engine, "inbox/2024-01-05.csv")
    write(engine, "inbox/2024-01-31.csv", "a\n")
    write(engine, "inbox/2024-02-30.csv")
    engine.start().wait_for("RunSucceeded", 2)
    engine.stop()

    assert engine.violations() == []
    made = {event.partition_key: event.metadata["rows"] for event in engine.events(AssetMaterialized)}
    assert made == {"2024-01-05": 2, "2024-01-31": 1}
    assert {event.run_key for event in engine.events(RequestRejected)} == {"2024-02-30.csv"}
    assert "2024-02-30" in engine.events(RequestRejected)[0].why


def test_dynamic_partition_per_customer(engine_of: Make) -> None:
    engine = engine_of("customer_partitions")
    write(engine, "customers/ann/1.csv")
    engine.start().wait_for("RunSucceeded")
    write(engine, "customers/bob/1.csv")
    write(engine, "customers/ann/2.csv")
    engine.wait_for("RunSucceeded", 3)
    shutil.rmtree(engine.folder / "customers" / "ann")
    engine.wait_for("DynamicPartitionsChanged", deleted=["ann"])

    assert ended_well(engine)
    changes = [(event.added, event.deleted) for event in engine.events(DynamicPartitionsChanged)]
    assert changes == [(["ann"], []), (["bob"], []), ([], ["ann"])]
    made = sorted(
        (event.partition_key, event.metadata["files"]) for event in engine.events(AssetMaterialized)
    )
    assert made == [("ann", 1), ("ann", 2), ("bob", 1)]


def test_cross_job_success_sensor_and_two_assets(engine_of: Make) -> None:
    engine = engine_of("cross_job")
    write(engine, "begin/left_job")
    engine.start().wait_for("RunRequested", sensor="after_left")
    engine.wait_for("RunSucceeded", 2)
    assert keys(engine, "both") == []
    write(engine, "begin/right_job")
    engine.wait_for("RunRequested", sensor="both")
    engine.wait_for("RunSucceeded", 4)

    assert ended_well(engine)
    [left] = [event.run for event in engine.events(RunRequested) if event.job == "left_job"]
    assert lines(engine, "published") == [left]
    assert lines(engine, "joined") == ["joined"]


class Chat(BaseHTTPRequestHandler):
    """A chat's webhook, which is out of order at first."""

    posts: ClassVar[list[str]] = []
    answers: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.posts.append(text)
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Chat]]:
    Chat.posts, Chat.answers = [], [500]
    server = HTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CHAT_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    yield Chat
    server.shutdown()
    server.server_close()


def test_message_on_failure(engine_of: Make, chat: type[Chat]) -> None:
    engine = engine_of("failure_alert").start()
    engine.wait_for("SensorReacted", 3)
    assert engine.stop() == 0

    assert engine.violations() == []
    failed = [event.run for event in engine.events(RunFailed)]
    reactions = engine.events(SensorReacted)
    assert [event.run for event in reactions] == failed
    assert [event.error is None for event in reactions] == [False, True, True]
    assert "500" in reactions[0].error
    assert len(chat.posts) == 2
    assert all(text.startswith("ship_orders failed at ship: ValueError: order ") for text in chat.posts)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.external_service)])
def orders(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Make the table of orders; returns what adds rows to it."""
    create = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, changed INTEGER)"
    if request.param == "sqlite":
        address = str(tmp_path / "orders.db")
        table: Any = sqlite3.connect(address, isolation_level=None)
        table.execute(create)
        insert = "INSERT INTO orders VALUES (?, ?, ?)"
    else:
        import psycopg

        address = request.getfixturevalue("postgres_url")
        table = psycopg.connect(address, autocommit=True)
        table.execute("DROP TABLE IF EXISTS orders")
        table.execute(create)
        insert = "INSERT INTO orders VALUES (%s, %s, %s)"
    request.addfinalizer(table.close)
    monkeypatch.setenv("ORDERS_ADDRESS", address)

    def add(*rows: tuple[int, str, int]) -> None:
        for row in rows:
            table.execute(insert, row)

    return add


def test_database_watermark(engine_of: Make, orders: Callable[..., None]) -> None:
    orders((1, "ann", 10), (2, "bob", 20))
    engine = engine_of("watermark").start()
    engine.wait_for("RunSucceeded", 2)

    engine.kill()
    orders((3, "cid", 20), (4, "dan", 30))
    engine.start().wait_for("RunSucceeded", 2)

    assert ended_well(engine)
    assert sorted(lines(engine, "handled")) == ["1 ann", "2 bob", "3 cid", "4 dan"]
    assert keys(engine, "changed_rows") == ["1 10", "2 20", "3 20", "4 30"]


@pytest.fixture
def bucket(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server with the bucket ``landing``; returns its address."""
    with s3_server(tmp_path_factory.mktemp("bucket")) as address:
        monkeypatch.setenv("BUCKET_ENDPOINT", address)
        yield address


@pytest.mark.external_service
def test_bucket_listing_through_a_resource(engine_of: Make, bucket: str) -> None:
    from obstore.store import S3Store

    store = S3Store(
        "landing",
        endpoint=bucket,
        region="us-east-1",
        skip_signature=True,
        client_options={"allow_http": True},
    )
    store.put("incoming/north.csv", b"north")
    store.put("elsewhere/no.csv", b"no")
    engine = engine_of("bucket_listing").start()
    engine.wait_for("RunSucceeded")
    store.put("incoming/south.csv", b"south")
    engine.wait_for("RunSucceeded", 2)
    engine.wait_for("RunKeyRepeated")

    assert ended_well(engine)
    assert [event.metadata for event in engine.events(AssetMaterialized)] == [
        {"key": "incoming/north.csv", "text": "north"},
        {"key": "incoming/south.csv", "text": "south"},
    ]
