"""Measures how quickly a home's log is read and folded, in a process of its own.

python rebuild_run.py HOME            passes over the log, each with fresh read models
python rebuild_run.py HOME rows       the same events as one row each, beside
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from children import peak, show

from ticktrail.adapters.cyclic_gc import without_cyclic_gc
from ticktrail.adapters.folding import fold
from ticktrail.adapters.home import Home
from ticktrail.adapters.run_key_index import MappedRunKeyIndex
from ticktrail.core.events import AnyEvent, AssetMaterialized, AssetObserved
from ticktrail.core.frames import START, EncodedFrame, decode_frame
from ticktrail.core.log import EventLog
from ticktrail.projections.assets import Assets
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.fold import Folded
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.positions import AssetPositions, StatusPositions
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.runs import Runs
from ticktrail.projections.sensor_states import SensorStates
from ticktrail.projections.ticks import Ticks

#: Rows of one page when events are read one row each.
PAGE = 500


def stored(file: Path) -> list[EncodedFrame]:
    """Return the frames as they are stored, nothing decoded."""
    database = sqlite3.connect(file)
    rows = database.execute(
        "SELECT originator_version, topic, state FROM ticktrail_events ORDER BY originator_version"
    )
    return [EncodedFrame(number=number, topic=topic, state=state) for number, topic, state in rows]


def decode_all(frames: list[EncodedFrame]) -> int:
    """Decode the frames, look at each event, and return how many there are."""
    count, place = 0, START
    for encoded in frames:
        frame, place = decode_frame(encoded, partition="main", after=place)
        for _ in frame.events:
            count += 1
    return count


def read_all(log: EventLog) -> int:
    """Read the log, every event decoded, and return how many there are."""
    return sum(len(frame.events) for frame in log.read())


def timed(what: str, work: Callable[[], int]) -> None:
    """Show the events a second of *work*, which returns how many it went through."""
    with without_cyclic_gc():
        begin = time.perf_counter()
        events = work()
        took = time.perf_counter() - begin
    show(what=what, events=events, rate=events / took)


def passes(path: Path) -> None:
    """Go over the log with more and more read models."""
    home = Home.open(path, create=False)
    frames = stored(path / "log.sqlite")
    show(what="size", events=home.log().head(), frames=len(frames), bytes=sum(len(f.state) for f in frames))
    timed("decoding alone", lambda: decode_all(frames))
    frames.clear()
    log = home.log()
    timed("reading and decoding", lambda: read_all(log))
    timed("+ sensor states", lambda: fold(log, SensorStates()))
    with tempfile.TemporaryDirectory(dir=path) as folder:
        timed("+ run keys", lambda: fold(log, *_states_and_keys(Path(folder) / "one")))
        begun = [*_states_and_keys(Path(folder) / "two"), Outbox(), DynamicPartitions()]
        timed("+ open runs, partitions (an engine)", lambda: fold(log, *begun))
        whole = [*_states_and_keys(Path(folder) / "three"), *_read_models()]
        timed("+ ticks, runs, assets (all read models)", lambda: fold(log, *whole))
    show(what="peak", bytes=peak())


def _states_and_keys(file: Path) -> list[Folded]:
    return [SensorStates(), RunKeys(MappedRunKeyIndex(file))]


def _read_models() -> list[Folded]:
    positions = (AssetPositions(AssetMaterialized), AssetPositions(AssetObserved), StatusPositions())
    return [Outbox(), DynamicPartitions(), Ticks(), Runs(), Assets(), *positions]


def rows(path: Path) -> None:
    """Store the same events as one row each, and go over these."""
    file = path / "rows.sqlite"
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, state BLOB NOT NULL)")
    encoder = msgspec.msgpack.Encoder()
    log = Home.open(path, create=False).log()
    events = ((encoder.encode(event),) for frame in log.read() for event in frame.events)
    database.executemany("INSERT INTO events (state) VALUES (?)", events)
    database.commit()
    timed("one row per event: reading and decoding", lambda: sum(len(page) for _, page in _pages(database)))
    timed("one row per event: + sensor states", lambda: _fold_rows(database, SensorStates()))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    show(what="rows", bytes=file.stat().st_size)


def _pages(database: sqlite3.Connection) -> Iterator[tuple[int, list[AnyEvent]]]:
    decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(AnyEvent)
    cursor = database.execute("SELECT state FROM events ORDER BY id")
    first = 0
    while page := cursor.fetchmany(PAGE):
        yield first, [decoder.decode(state) for (state,) in page]
        first += len(page)


def _fold_rows(database: sqlite3.Connection, states: SensorStates) -> int:
    for first, page in _pages(database):
        states.apply(first, page)
    return states.checkpoint


if __name__ == "__main__":
    (rows if sys.argv[2:] else passes)(Path(sys.argv[1]))
