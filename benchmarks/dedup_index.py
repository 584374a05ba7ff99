"""How many run keys a second can be told apart, by how many there are already?"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from children import measure as child
from environments import Environments
from files import make_cold
from key_stores import STORES
from plot import Bar, Line, bars, lines, short
from report import Figures, Headline, Row, Section, number, only, pivot, times
from scale import Scale
from surroundings import temporary_folder

#: The batch by which stores are compared: what a sensor finds that looks at a bucket.
BATCH, REPEATS = 10_000, 0.5

IN_MEMORY = "Python set"
OURS = "ticktrail"


def measure(scale: Scale, environments: Environments) -> Figures:
    """Fill each store to growing sizes, each in a process of its own."""
    sizes = scale.pick([20_000], [1_000_000], [1_000_000, 10_000_000, 50_000_000])
    # The short form grows ours alone: the peers would take most of its time.
    more = scale.pick([40_000], [10_000_000], [])
    limit, seconds = scale.pick((2.0, 0.01), (25.0, 0.2), (300.0, 2.0))
    rows: list[dict[str, Any]] = []
    for store in STORES:
        python = environments.stores() if store in ("LMDB", "RocksDB") else Path(sys.executable)
        for keys in [*sizes, *(more if store == OURS else [])]:
            if python is not None:
                longest = math.inf if store == OURS else limit
                rows += ({"store": store, **row} for row in _store(store, python, keys, longest, seconds))
    parts = {what: only(rows, what=what) for what in ("fill", "batches", "open")}
    if (python := environments.dagster()) is not None:
        theirs = _dagster(python, scale)
        parts |= {what: [*parts[what], *only(theirs, what=what)] for what in ("fill", "batches")}
    return parts


def _store(store: str, python: Path, keys: int, limit: float, seconds: float) -> Iterator[dict[str, Any]]:
    with temporary_folder() as folder:

        def run(*arguments: Any, killed: bool = False) -> list[dict[str, Any]]:
            return child("key_store_run.py", store, folder, *arguments, python=python, killed=killed)

        filled = run("fill", keys, limit, seconds)
        [left] = only(filled, what="left")
        yield from (dict(row) for row in filled if row["what"] != "left")
        if store == IN_MEMORY:
            return
        held = only(filled, what="fill")[0]["held"]
        known, unused = left["keys"], left["keys"] + 1_000_000
        for number_of_states, state in enumerate(("cold", "warm", "killed")):
            if state == "cold":
                make_cold(folder)
            if state == "killed":
                run("kill", unused + 500_000, killed=True)
            opened = run("open", known, unused + number_of_states * 100_000)
            yield from ({**row, "held": held, "state": state} for row in opened)


def _dagster(python: Path, scale: Scale) -> list[dict[str, Any]]:
    sizes = scale.pick([100], [1_000, 10_000, 30_000], [1_000, 10_000, 100_000, 1_000_000])
    with temporary_folder() as folder:
        rows = child("dagster_run_keys.py", folder, scale.pick(0.1, 1.0, 10.0), *sizes, python=python)
    return [{"store": "Dagster", **row} for row in rows]


def tell(figures: Figures) -> Section:
    """Say who is how fast, how large, and how quickly back."""
    like = [
        row
        for row in only(figures["batches"], repeats=REPEATS)
        if row["batch"] == (100 if row["store"] == "Dagster" else BATCH)
    ]
    names = list(dict.fromkeys(row["store"] for row in like))
    best = max(only(like, store=OURS), key=lambda row: row["held"])
    fills = figures["fill"]
    ours = max(only(fills, store=OURS), key=lambda row: row["held"])
    sentences = [
        (
            f"With {short(best['held'])} keys held, ticktrail's index tells {number(best['rate'])} keys a second apart "
            f"in batches of {BATCH:,}, half of them repeats; it takes {number(ours['disk'])} bytes of disk per key and "
            f"{number(max(ours['memory'], 0))} of the process's own memory, the file being mapped."
        ),
        (
            f"Filling it to {short(ours['held'])} keys goes at {number(ours['rate'])} keys a second; the longest that "
            f"one batch of 10,000 had to wait while it grew was {number(ours['longest_ms'])} ms."
        ),
    ]
    return Section(
        sentences=sentences,
        method=(
            "Each store runs in a process of its own, gets the same keys, hashes them to the same 16 bytes and is "
            "asked who owns them before the new ones are added; rates include the hashing. Libraries are loaded before anything is timed. Nothing is synced per "
            "batch: the log is what is durable, and all of these can be filled from it again. Dagster's look-up is "
            "`fetch_existing_runs` of its daemon, on its SQLite storage, without the runs being stored, which would "
            "be the other half of its work. Cold means: the files were synced and dropped from the system's cache "
            "(`posix_fadvise`, nobody having them open), then a new process opened them. Killed means: the process "
            "added 50,000 more keys and ended itself with `kill -9`; the page cache stays warm. RocksDB runs "
            "without its write-ahead log, so it loses some of these keys then."
        ),
        plots={
            "dedup-held": lines(
                "Keys told apart a second, half of them repeats",
                "keys held",
                "keys/s",
                [_line(name, like) for name in names],
            ),
            "dedup-batch": lines(
                f"By the size of the batch, {short(_common(like))} keys held, half of them repeats",
                "keys in a batch",
                "keys/s",
                [_by_batch(name, figures["batches"], _common(like)) for name in names if name != "Dagster"],
            ),
            "dedup-bytes": bars(
                "Bytes per key",
                "bytes of disk per key (the set: of memory)",
                [_bytes(name, fills) for name in names],
            ),
        },
        tables={
            "Keys a second, ours, by repeats and batch": _ours_by_batch(figures["batches"]),
            "Filling": [_filling(row) for row in fills if "rate" in row],
            "Opening, and the first batch of 10,000 after it": [_opening(row) for row in figures["open"]],
        },
        headlines=list(_headlines(like, names)),
        weaknesses=list(_weaknesses(figures, like)),
    )


def _common(like: list[Row]) -> int:
    """Return the greatest number of keys that ours was measured with beside another store."""
    ours: set[int] = {row["held"] for row in only(like, store=OURS)}
    others: set[int] = {row["held"] for row in like if row["store"] != OURS}
    return max(ours & others or ours)


def _line(name: str, rows: list[Row]) -> Line:
    points = [(row["held"], row["rate"]) for row in only(rows, store=name)]
    label = {"Dagster": "Dagster, batches of 100", IN_MEMORY: "Python set, in memory"}.get(name, name)
    return Line(label, points, ours=name == OURS, dashed=name == IN_MEMORY)


def _by_batch(name: str, rows: Any, held: int) -> Line:
    rows = only(rows, store=name, repeats=REPEATS, held=held)
    return Line(name, [(r["batch"], r["rate"]) for r in rows], ours=name == OURS, dashed=name == IN_MEMORY)


def _bytes(name: str, fills: Any) -> Bar:
    row = max(only(fills, store=name), key=lambda row: row["held"])
    size = row["memory"] if name == IN_MEMORY else row["disk"]
    return Bar(name, size, f"{number(size)} B at {short(row['held'])}", ours=name == OURS)


def _ours_by_batch(batches: Any) -> list[dict[str, Any]]:
    rows = [
        {"keys held, repeats": f"{row['held']:,}, {row['repeats']:.0%}", **row}
        for row in only(batches, store=OURS)
    ]
    return pivot(rows, "keys held, repeats", "batch", "rate")


def _filling(row: Row) -> dict[str, Any]:
    return {
        "store": row["store"],
        "keys": row["held"],
        "keys/s": row["rate"],
        "longest batch of 10,000, ms": row["longest_ms"],
        "disk, B/key": row["disk"],
        "own memory, B/key": max(row["memory"], 0.0),
        "mapped, B/key": max(row["mapped"], 0.0),
    }


def _opening(row: Row) -> dict[str, Any]:
    return {
        "store": row["store"],
        "keys": row["held"],
        "state": row["state"],
        "open, ms": row["open_ms"],
        "first batch, ms": row["first_ms"],
        "keys/s of the first 50,000": row["rate"],
    }


def _headlines(like: list[Row], names: list[str]) -> Iterator[Headline]:
    for name in names:
        if name == OURS:
            continue
        theirs = max(only(like, store=name), key=lambda row: row["held"])
        ours = min(only(like, store=OURS), key=lambda row: abs(row["held"] - theirs["held"]))
        held = f"{short(ours['held'])} keys held"
        beside = "" if ours["held"] == theirs["held"] else f" (it: {short(theirs['held'])})"
        yield Headline(f"run keys told apart, {held}{beside}", ours["rate"], name, theirs["rate"], "keys/s")


def _weaknesses(figures: Figures, like: list[Row]) -> Iterator[str]:
    held = _common(like)
    for batch in dict.fromkeys(row["batch"] for row in figures["batches"]):
        rows = only(figures["batches"], held=held, batch=batch, repeats=REPEATS)
        [ours] = only(rows, store=OURS)
        faster = [row for row in rows if row["rate"] > ours["rate"]]
        if faster:
            named = ", ".join(f"{row['store']} ({times(row['rate'] / ours['rate'])} ours)" for row in faster)
            keys = "one key" if batch == 1 else f"{batch:,} keys"
            yield f"Batches of {keys} at {short(held)} keys held are told apart faster by {named}."
    for row in only(figures["open"], store=OURS):
        others = [
            other
            for other in only(figures["open"], state=row["state"], held=row["held"])
            if other["store"] != OURS and other["open_ms"] < row["open_ms"]
        ]
        if others and row["open_ms"] > 100:
            quickest = min(others, key=lambda other: other["open_ms"])
            yield (
                f"Opening the index of {short(row['held'])} keys ({row['state']}) takes {number(row['open_ms'])} ms, "
                f"{quickest['store']} {number(quickest['open_ms'])} ms."
            )
    sizes = {row["store"]: row["disk"] for row in only(figures["fill"], held=held)}
    smaller = [name for name, size in sizes.items() if 0 < size < sizes[OURS]]
    if smaller:
        named = ", ".join(f"{name} {number(sizes[name])}" for name in smaller)
        yield f"The index takes {number(sizes[OURS])} bytes per key at {short(held)} keys; less is taken by {named}."
