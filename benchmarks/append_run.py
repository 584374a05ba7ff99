"""Measures durable appends of events in growing batches, one way in a process of its own.

python append_run.py WAY STORE SECONDS BATCHES...

Ways: "ticktrail" on a log at STORE (a path or a postgresql:// URL); "rows", a table with a row per
event; "aggregates" of the eventsourcing library; "disk", what the disk itself does, STORE a folder.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from children import show
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.events import AnyEvent, TickSkipped, TickStarted

#: Puts events into the store, durable when it returns.
Append = Callable[[list[AnyEvent]], None]


def ticks(count: int, first: int = 0) -> list[AnyEvent]:
    """Return the starts and the ends of ticks that ask for nothing, in turn."""
    events: list[AnyEvent] = []
    for tick in range(first, first + count, 2):
        at, sensor = 1_767_225_600_000_000 + tick * 1_000, f"s{tick % 1000:04}"
        events.append(TickStarted(at=at, sensor=sensor, cursor=None, fingerprint="0" * 32, engine="bench"))
        events.append(TickSkipped(at=at, tick=tick, sensor=sensor, reason="nothing new", duration=0.0012))
    return events[:count]


@contextmanager
def ours(store: str) -> Iterator[Append]:
    """Append through the log, one append per batch."""
    log = open_event_log(store)
    head = log.head()

    def append(events: list[AnyEvent]) -> None:
        nonlocal head
        log.append(events, expected=head, recorded_at=time.time_ns() // 1000, writer="bench")
        head += len(events)

    yield append
    log.close()


@contextmanager
def rows(store: str) -> Iterator[Append]:
    """Insert a row per event, one transaction per batch."""
    encode = msgspec.msgpack.Encoder().encode

    if store.startswith("postgresql"):
        import psycopg

        with psycopg.connect(store) as connection:
            connection.execute("CREATE TABLE plain_rows (id BIGSERIAL PRIMARY KEY, state BYTEA NOT NULL)")
            connection.commit()

            def insert(events: list[AnyEvent]) -> None:
                encoded = [(encode(item),) for item in events]
                with connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO plain_rows (state) VALUES (%s)", encoded)
                connection.commit()

            yield insert
        return
    database = sqlite3.connect(store, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, state BLOB NOT NULL)")

    def append(events: list[AnyEvent]) -> None:
        encoded = [(encode(item),) for item in events]
        database.execute("BEGIN")
        database.executemany("INSERT INTO events (state) VALUES (?)", encoded)
        database.execute("COMMIT")

    yield append
    database.close()


class Sensor(Aggregate):
    """A sensor as the library's documentation would have it written."""

    def __init__(self) -> None:
        self.ticks = 0

    @event("TickStarted")
    def start(self, sensor: str, cursor: str | None, fingerprint: str, engine: str) -> None:
        self.engine = engine

    @event("TickSkipped")
    def skip(self, tick: int, reason: str, duration: float) -> None:
        self.ticks += 1


class Sensors(Application[Any]):
    """Saves sensors."""


@contextmanager
def aggregates(store: str) -> Iterator[Append]:
    """Trigger events of one aggregate, saved once per batch; with everything as the library has it."""
    sensor = Sensor()
    tick = 0
    application = Sensors(env=_environment(store))
    application.save(sensor)

    def append(events: list[AnyEvent]) -> None:
        nonlocal tick
        for item in events:
            tick += 1
            if isinstance(item, TickStarted):
                sensor.start(sensor="s0000", cursor=None, fingerprint="0" * 32, engine="bench")
            else:
                sensor.skip(tick=tick, reason="nothing new", duration=0.0012)
        application.save(sensor)

    yield append
    begin = time.perf_counter()
    found: Sensor = application.repository.get(sensor.id)
    show(what="reading", events=found.version, rate=found.version / (time.perf_counter() - begin))
    application.close()


def _environment(store: str) -> dict[str, str]:
    if not store.startswith("postgresql"):
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": store}
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(store)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", 5432)),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password") or "none"),
    }


@contextmanager
def disk(store: str) -> Iterator[Append]:
    """Write the bytes of the events, encoded once, and `fdatasync` a file that has its size."""
    descriptor = os.open(Path(store) / "disk", os.O_RDWR | os.O_CREAT)
    block, size = 1 << 20, 512 << 20
    begin = time.perf_counter()
    for at in range(0, size, block):
        os.pwrite(descriptor, os.urandom(1024) * 1024, at)
    os.fdatasync(descriptor)
    show(what="sequential", megabytes=size / 1e6 / (time.perf_counter() - begin))
    each = len(msgspec.msgpack.encode(ticks(1000))) // 1000
    position = 0

    def append(events: list[AnyEvent]) -> None:
        nonlocal position
        length = len(events) * each
        position = 0 if position + length > size else position
        os.pwrite(descriptor, bytes(length), position)
        position += length
        os.fdatasync(descriptor)

    yield append
    os.close(descriptor)


WAYS = {"ticktrail": ours, "rows": rows, "aggregates": aggregates, "disk": disk}


def main() -> None:
    way, store, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    with WAYS[way](store) as append:
        for batch in map(int, sys.argv[4:]):
            append(ticks(batch))
            spent, calls, longest = 0.0, 0, 0.0
            while spent < seconds:
                events = ticks(batch, calls * batch)
                begin = time.perf_counter()
                append(events)
                took = time.perf_counter() - begin
                spent, calls, longest = spent + took, calls + 1, max(longest, took)
            rate = calls * batch / spent
            show(what="append", batch=batch, rate=rate, per_second=calls / spent, longest_ms=longest * 1e3)


main()
