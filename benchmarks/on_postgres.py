"""How fast is it all with the log in PostgreSQL?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from children import measure as child
from environments import Environments
from plot import Line, lines, short
from report import Figures, Headline, Row, Section, number, only, pivot, times
from scale import Scale
from surroundings import temporary_folder

OURS = "ticktrail"

WAYS = {OURS: OURS, "rows": "one row per event", "aggregates": "eventsourcing aggregates"}


def measure(scale: Scale, environments: Environments) -> Figures:
    """Append, tick and tell keys apart, each on a server of its own."""
    batches = scale.pick([1, 100], [1, 10, 100, 1_000], [1, 10, 100, 1_000, 10_000, 100_000])
    appended: list[dict[str, Any]] = []
    for way in WAYS:
        rows = _on_a_server("append_run.py", way, "{}", scale.pick(0.05, 0.5, 4.0), *batches)
        appended += ({"way": way, **row} for row in rows)
    with temporary_folder() as folder:
        held, seconds = scale.pick((100, 0.01), (20_000, 0.3), (1_000_000, 3.0))
        keyed = _on_a_server("tick_path_run.py", "{}", folder, held, seconds)
    ticks = [
        row
        for sensors in scale.pick([5], [1, 500], [1, 50, 500])
        for row in _on_a_server("postgres_ticks_run.py", "{}", sensors, scale.pick(0.5, 3.0, 20.0))
    ]
    plain = only(keyed, config=False)
    return {"append": only(appended, what="append"), "keyed": plain, "ticks": ticks}


def _on_a_server(script: str, *arguments: Any) -> list[dict[str, Any]]:
    return child("postgres_run.py", script, *arguments)


def tell(figures: Figures) -> Section:
    """Say how far it gets."""
    rows, ticks = figures["append"], figures["ticks"]
    [one] = only(rows, way=OURS, batch=1)
    best = max(only(rows, way=OURS), key=lambda row: row["rate"])
    many = max(ticks, key=lambda row: row["sensors"])
    keyed = max(figures["keyed"], key=lambda row: row["rate"])
    return Section(
        sentences=[
            (
                f"An append of one event is confirmed {number(one['rate'])} times a second, the most events a second are "
                f"{number(best['rate'])}, {best['batch']:,} at once."
            ),
            (
                f"An engine with {many['sensors']} always-skipping sensors keeps up with {number(many['rate'])} ticks a second; "
                f"at best {number(keyed['rate'])} keyed requests a second go the whole way."
            ),
        ],
        method=(
            "A PostgreSQL server on the same machine with its settings as they are, reached through a socket, new for each "
            "measurement. One row per event is psycopg's `executemany`, a transaction per batch; aggregates are those of the "
            "`eventsourcing` library on its own PostgreSQL recorder. The index of run keys is the mapped file beside, as "
            "with SQLite."
        ),
        plots={
            "postgres": lines(
                "Durable events a second in PostgreSQL",
                "events in one append",
                "events/s",
                [
                    Line(name, [(row["batch"], row["rate"]) for row in only(rows, way=way)], ours=way == OURS)
                    for way, name in WAYS.items()
                ],
            )
        },
        tables={
            "Events a second": pivot(
                [{**row, "way": WAYS[row["way"]], "events at once": row["batch"]} for row in rows],
                "events at once",
                "way",
                "rate",
            ),
            "Ticks a second of always-skipping sensors": [
                {"sensors": row["sensors"], "ticks/s": row["rate"]} for row in ticks
            ],
            "Keyed requests a second, whole way": pivot(
                list(_flat(figures["keyed"])), "repeats", "shape", "rate"
            ),
        },
        headlines=[
            Headline(
                "durable events in PostgreSQL, each at its best size of append",
                best["rate"],
                WAYS[way],
                max(row["rate"] for row in only(rows, way=way)),
                "events/s",
            )
            for way in ("rows", "aggregates")
        ],
        weaknesses=list(_weaknesses(rows)),
    )


def _flat(rows: Any) -> Iterator[Row]:
    for row in rows:
        yield {**row, "repeats": f"{row['repeats']:.0%}", "shape": f"{row['sensors']} x {row['batch']:,}"}


def _weaknesses(rows: Any) -> Iterator[str]:
    for ours in only(rows, way=OURS):
        for plain in only(rows, way="rows", batch=ours["batch"]):
            if plain["rate"] > ours["rate"] * 1.05:
                events = "one event" if ours["batch"] == 1 else f"{short(ours['batch'])} events"
                faster = times(plain["rate"] / ours["rate"])
                yield f"In PostgreSQL a plain row per event is {faster} as fast as an append of {events}."
