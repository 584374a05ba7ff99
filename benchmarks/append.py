"""How many events a second become durable, by how many are appended at once?"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from children import measure as child
from environments import Environments
from plot import Line, lines, short
from report import Figures, Headline, Row, Section, number, only, times
from scale import Scale
from surroundings import temporary_folder

OURS = "ticktrail"

NAMES = {
    OURS: OURS,
    "rows": "one SQLite row per event",
    "aggregates": "eventsourcing aggregates",
    "disk": "the disk alone",
}


def measure(scale: Scale, environments: Environments) -> Figures:
    """Append batches of growing size, each way in a process of its own."""
    batches = [1, 100] if scale is Scale.TINY else [1, 10, 100, 1_000, 10_000, 100_000]
    run = functools.partial(child, "append_run.py")
    rows: list[dict[str, Any]] = []
    with temporary_folder() as folder:
        for way in NAMES:
            store = folder if way == "disk" else folder / f"{way}.sqlite"
            # In the short form no more than aggregates do in a second.
            most = 10_000 if way == "aggregates" and scale is not Scale.FULL else batches[-1]
            sizes = [batch for batch in batches if batch <= most]
            rows += ({"way": way, **row} for row in run(way, store, scale.pick(0.05, 0.5, 4.0), *sizes))
    return {what: only(rows, what=what) for what in ("append", "sequential", "reading")}


def tell(figures: Figures) -> Section:
    """Say how far from the disk, and from plain ways, the log is."""
    rows = figures["append"]
    [one] = only(rows, way=OURS, batch=1)
    [sync] = only(rows, way="disk", batch=1)
    best = max(only(rows, way=OURS), key=lambda row: row["rate"])
    [sequential] = figures["sequential"]
    return Section(
        sentences=[
            (
                f"The disk confirms {number(sync['per_second'])} writes a second one by one, and an append of a single "
                f"event is confirmed {number(one['per_second'])} times a second; the log is fastest with "
                f"{best['batch']:,} events at once, {number(best['rate'])} a second."
            ),
            f"Written through without a stop, the disk takes {number(sequential['megabytes'])} MB a second.",
        ],
        method=(
            "Each way in a process of its own, on one thread. Ours is the log on SQLite, checksums and expected head "
            "included; one row per event has the events encoded alike, a transaction per batch, WAL and "
            "synchronous=FULL as well. Aggregates are those of the `eventsourcing` library with its own JSON, one "
            "aggregate saved once per batch. The disk alone writes the bytes of such events into a file that has "
            "its size already, and calls `fdatasync`. Events are made before the time is taken, but for the "
            "aggregates, which make their own."
        ),
        plots={
            "append": lines(
                "Durable events a second",
                "events in one append",
                "events/s",
                [_line(way, rows) for way in NAMES],
            )
        },
        tables={"Events a second": list(_table(rows))},
        headlines=[
            Headline(
                "durable events, each at its best size of append",
                best["rate"],
                NAMES[way],
                max(row["rate"] for row in only(rows, way=way)),
                "events/s",
            )
            for way in ("rows", "aggregates")
        ],
        weaknesses=list(_weaknesses(rows)),
    )


def _line(way: str, rows: Any) -> Line:
    points = [(row["batch"], row["rate"]) for row in only(rows, way=way)]
    return Line(NAMES[way], points, ours=way == OURS, dashed=way == "disk")


def _table(rows: Any) -> Iterator[Row]:
    for batch in dict.fromkeys(row["batch"] for row in rows):
        ways = {row["way"]: row for row in only(rows, batch=batch)}
        rates = {NAMES[way]: row["rate"] for way, row in ways.items()}
        yield {"events at once": batch, **rates, "ours, longest, ms": ways[OURS]["longest_ms"]}


def _weaknesses(rows: Any) -> Iterator[str]:
    for ours in only(rows, way=OURS):
        [plain] = only(rows, way="rows", batch=ours["batch"])
        if plain["rate"] > ours["rate"] * 1.05:
            at_once = "one by one" if ours["batch"] == 1 else f"{short(ours['batch'])} at once"
            faster = times(plain["rate"] / ours["rate"])
            yield f"Plain rows of a SQLite table are durable {faster} as fast as events appended {at_once}."
    [one] = only(rows, way=OURS, batch=1)
    [sync] = only(rows, way="disk", batch=1)
    yield f"An append of one event takes {times(sync['rate'] / one['rate'])} as long as the disk needs to confirm it."
