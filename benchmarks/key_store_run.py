"""Measures one key store in a process of its own.

python key_store_run.py STORE FOLDER fill  KEYS LIMIT SECONDS   new keys, then batches of all sorts; then saved
python key_store_run.py STORE FOLDER kill  KEYS                 some more keys, then kill -9 of itself
python key_store_run.py STORE FOLDER open  KEYS FROM            how long opening takes, and the first batches
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from children import resident, show
from files import disk_bytes
from key_stores import STORES, KeyStore
from key_stream import KeyStream

BATCH = 10_000
BATCHES = (1, 100, 10_000, 100_000)
REPEATS = (0.0, 0.5, 1.0)


def warm_up(name: str) -> None:
    """Have a store do something somewhere else, so that its libraries are loaded."""
    with tempfile.TemporaryDirectory() as folder:
        store = STORES[name](Path(folder))
        store.add(KeyStream().new(1_000))
        store.close()


def fill(folder: Path, name: str, keys: int, limit: float, seconds: float) -> None:
    """Fill the store with new keys, for *limit* seconds at most, then measure batches."""
    warm_up(name)
    before = resident()
    store, stream = STORES[name](folder), KeyStream()
    spent, longest = 0.0, 0.0
    for batch in stream.fill(keys, BATCH):
        took = _add(store, batch, len(batch))
        spent, longest = spent + took, max(longest, took)
        if spent > limit:
            break
    after = resident()
    filled, fill_rate = stream.held, stream.held / spent
    held = stream.held
    for size in (size for size in BATCHES if size <= held):
        for repeats in REPEATS:
            show(
                what="batches",
                held=held,
                batch=size,
                repeats=repeats,
                **_rate(store, stream, size, repeats, seconds),
            )
    store.save()
    show(
        what="fill",
        held=filled,
        rate=fill_rate,
        longest_ms=longest * 1e3,
        memory=(after["own"] - before["own"]) / filled,
        mapped=(after["files"] - before["files"]) / filled,
        disk=disk_bytes(folder) / stream.held,
    )
    store.close()
    show(what="left", keys=stream.held)


def _rate(store: KeyStore, stream: KeyStream, size: int, repeats: float, seconds: float) -> dict[str, float]:
    """Return keys a second of batches of that size, measured for so long."""
    spent, longest, keys, calls = 0.0, 0.0, 0, 0
    # Few enough keys that the store is about as large at the end as at the beginning.
    while not calls or (spent < seconds and keys < stream.held / 50):
        batch, new = stream.mixed(size, repeats)
        took = _add(store, batch, new if repeats < 1 else None)
        spent, longest, keys, calls = spent + took, max(longest, took), keys + size, calls + 1
    return {"rate": keys / spent, "longest_ms": longest * 1e3}


def _add(store: KeyStore, batch: list[str], new: int | None) -> float:
    """Return the seconds that the store takes; it has to find the right number of new keys."""
    begin = time.perf_counter()
    found = store.add(batch)
    took = time.perf_counter() - begin
    if new is not None and found != new:
        raise SystemExit(f"{found} of {len(batch)} keys are new to the store, it should be {new}")
    return took


def kill(folder: Path, name: str, keys: int) -> None:
    """Add keys to what is there, and die."""
    store, stream = STORES[name](folder), KeyStream(keys)
    for batch in stream.fill(BATCH * 5, BATCH):
        store.add(batch)
    os.kill(os.getpid(), signal.SIGKILL)


def opening(folder: Path, name: str, keys: int, first: int) -> None:
    """Open the store, then look for half old keys, and half new ones from that number on."""
    warm_up(name)
    begin = time.perf_counter()
    store = STORES[name](folder)
    opened = time.perf_counter() - begin
    stream = KeyStream(first)
    times, batch = list[float](), min(BATCH, keys)
    for _ in range(5):
        # Old ones from among those that were saved: what a kill lost does not count here.
        half = KeyStream(keys, seed=len(times)).mixed(batch // 2, 1.0)[0]
        times.append(_add(store, half + stream.new(batch // 2), None))
    show(what="open", open_ms=opened * 1e3, first_ms=times[0] * 1e3, rate=batch * 5 / sum(times))
    # So that the next opening finds a store that was left in good order.
    store.save()
    store.close()


if __name__ == "__main__":
    store_name, where, phase, count = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    if phase == "fill":
        fill(where, store_name, count, float(sys.argv[5]), float(sys.argv[6]))
    elif phase == "kill":
        kill(where, store_name, count)
    else:
        opening(where, store_name, count, int(sys.argv[5]))
