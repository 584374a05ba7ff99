"""How long do the usual questions over the whole tick history take, and how many bytes does a tick take on disk?"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from children import measure as child
from children import timed
from environments import Environments
from plot import Bar, bars, short
from questions_run import AGGREGATES, LIVES, OWN, QUESTIONS, WINDOWED
from report import Figures, Row, Section, number, only
from scale import Scale
from surroundings import temporary_folder


def measure(scale: Scale, environments: Environments) -> Figures:
    """Make homes of growing size and ask them, warm and cold; ask Dagster's tick table the same."""
    homes: list[Row] = []
    warm: list[Row] = []
    cold: list[Row] = []
    for ticks in scale.pick([2_000], [100_000], [1_000_000, 10_000_000]):
        with temporary_folder() as folder:
            home = folder / "home"
            child("tick_log.py", home, ticks)
            [sealed] = child("questions_run.py", "seal", home)
            homes.append({"ticks": ticks, **sealed})
            asked = child("questions_run.py", "ask", home, scale.pick(1, 3, 5))
            warm += ({"ticks": ticks, **row} for row in asked)
            rounds = scale.pick(1, 1, 3)
            cold += ({"ticks": ticks, **row} for row in _cold(home, rounds, scale.pick(1, 2, 99)))
    with temporary_folder() as folder:
        ticks = scale.pick(20_000, 100_000, 1_000_000)
        child("tick_log.py", folder / "home", ticks, "skipping")
        [sealed] = child("questions_run.py", "seal", folder / "home")
    alike = (sealed["log_bytes"] + sealed["history_bytes"]) / ticks
    dagster: list[dict[str, Any]] = []
    if python := environments.dagster():
        rows, seconds = scale.pick((3_000, 1), (30_000, 10), (1_000_000, 300))
        with temporary_folder() as folder:
            dagster = child("dagster_questions.py", folder / "dagster", rows, seconds, python=python)
    return {"homes": homes, "warm": warm, "cold": cold, "alike": [{"bytes": alike}], "dagster": dagster}


def _cold(home: Path, rounds: int, most: int) -> list[Row]:
    """Ask some questions, each in whole processes of its own."""
    found: list[Row] = []
    for name, question in list(QUESTIONS.items())[:most]:
        command = [sys.executable, "-m", "ticktrail", "query", question, "--csv", "--home", str(home)]
        seconds = [timed(command)[0] for _ in range(rounds)]
        found.append({"question": name, "seconds": statistics.median(seconds)})
    return found


def tell(figures: Figures) -> Section:
    """Say how long it takes, and what a tick costs."""
    most = max(row["ticks"] for row in figures["homes"])
    [home] = only(figures["homes"], ticks=most)
    warm, cold = only(figures["warm"], ticks=most), only(figures["cold"], ticks=most)
    usual = [row["seconds"] for row in cold if row["question"] not in OWN]
    per_tick = (home["log_bytes"] + home["history_bytes"]) / most
    sentences = [
        (
            f"Over {short(most)} ticks of 200 sensors the usual aggregates take {_among(warm, AGGREGATES)}, gaps and silence "
            f"{_among(warm, WINDOWED)}, runs and run keys {_among(warm, LIVES)}; from a cold process, Python's start included, "
            f"{_ms(min(usual))} to {_ms(max(usual))}."
        ),
        (
            f"A tick takes {number(per_tick)} bytes on disk, all in: {number(home['log_bytes'] / most)} in the log, its requests "
            f"and runs included, and {number(home['history_bytes'] / most)} in the history."
        ),
    ]
    rows = [
        {
            "question": row["question"],
            "warm": _ms(row["seconds"]),
            "cold": next((_ms(c["seconds"]) for c in cold if c["question"] == row["question"]), ""),
            "Dagster's table": _dagster(figures["dagster"], row["question"]),
        }
        for row in warm
    ]
    if table := only(figures["dagster"], what="table"):
        [alike] = (row["bytes"] for row in figures["alike"])
        bytes_of_dagster = table[0]["bytes"] / table[0]["ticks"]
        sentences.append(
            f"A tick that skips or fails takes {number(alike)} bytes here, log and history, and {number(bytes_of_dagster)} in "
            f"Dagster's tick table, {number(bytes_of_dagster / alike)} times as many. Over {short(table[0]['ticks'])} of them the same questions in SQL take "
            f"{_range(only(figures['dagster'], what='sql'))}, and its Python API {_rate(figures['dagster'])} ticks a second."
        )
    return Section(
        sentences=sentences,
        method=(
            "Logs by `benchmarks/tick_log.py`: 90 % of the ticks skip, 2 % fail, 8 % ask for runs. Warm is the median of "
            "repeated questions in one process, each up to the head; cold is a whole `ticktrail query`. Some thousand ticks "
            "are written through Dagster's instance, skipping and failing ones; its table is then multiplied by SQL, and asked "
            "by SQLite's own JSON functions; its Python API reads the ticks of ten sensors."
        ),
        plots={
            "questions": bars(
                f"A question over {short(most)} ticks, warm",
                "ms",
                [Bar(row["question"], row["seconds"] * 1e3, _ms(row["seconds"]), ours=True) for row in warm],
            )
        },
        tables={
            f"{short(most)} ticks": rows,
            "Sealing": [
                {
                    "ticks": short(row["ticks"]),
                    "events": short(row["events"]),
                    "events/s": number(row["events"] / row["seconds"]) if row["events"] else "",
                    "log, bytes/tick": number(row["log_bytes"] / row["ticks"]),
                    "history, bytes/tick": number(row["history_bytes"] / row["ticks"]),
                }
                for row in figures["homes"]
            ],
        },
        weaknesses=[
            (
                f"{row['question'].capitalize()} take {_ms(row['seconds'])}, and {_ms(only(cold, question=row['question'])[0]['seconds'])} "
                "from a cold process: all ticks are sorted for it. The relations have what it is about: `since_previous`, `silence`."
            )
            for row in warm
            if row["question"] in OWN and only(cold, question=row["question"])
        ],
    )


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1e3)} ms"


def _range(rows: Sequence[Row]) -> str:
    seconds = [row["seconds"] for row in rows]
    return f"{_ms(min(seconds))} to {_ms(max(seconds))}"


def _among(rows: Sequence[Row], questions: Collection[str]) -> str:
    return _range([row for row in rows if row["question"] in questions])


def _rate(rows: Sequence[Row]) -> str:
    [api] = only(rows, what="api")
    return number(api["ticks"] / api["seconds"])


def _dagster(rows: Sequence[Row], question: str) -> str:
    found = [row for row in rows if row["what"] == "sql" and row["question"] == question]
    return f"{_ms(found[0]['seconds'])} for {short(found[0]['ticks'])}" if found else ""
