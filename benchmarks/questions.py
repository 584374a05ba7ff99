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
from questions_run import AGGREGATES, OF_RUNS, OWN, PICKING, QUESTIONS, WINDOWED
from report import Figures, Row, Section, number, only
from scale import Scale
from surroundings import temporary_folder


def measure(scale: Scale, environments: Environments) -> Figures:
    """Make homes of growing size and ask them, warm and cold."""
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
    return {"homes": homes, "warm": warm, "cold": cold}


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
    sentences = [
        (
            f"Over {short(most)} ticks of 200 sensors the usual aggregates take {_range(warm, AGGREGATES)}, gaps and silence "
            f"{_range(warm, WINDOWED)}, questions about runs {_range(warm, OF_RUNS)}, and those that pick a few ticks "
            f"{_range(warm, PICKING)}; from a cold process, Python's start included, {_range(cold, QUESTIONS.keys() - OWN)}."
        ),
        (
            f"A tick takes {number((home['log_bytes'] + home['history_bytes']) / most)} bytes on disk, all in: "
            f"{number(home['log_bytes'] / most)} in the log, its requests and runs included, and "
            f"{number(home['history_bytes'] / most)} in the history."
        ),
    ]
    return Section(
        sentences=sentences,
        method=(
            "Logs by `benchmarks/tick_log.py`: 90 % of the ticks skip, 2 % fail, 8 % ask for runs. Warm is the median of "
            "repeated questions in one process, each up to the head; cold is a whole `ticktrail query`. What each "
            "question is stands in `benchmarks/questions_run.py`."
        ),
        plots={
            "questions": bars(
                f"A question over {short(most)} ticks, warm",
                "ms",
                [Bar(row["question"], row["seconds"] * 1e3, _ms(row["seconds"]), ours=True) for row in warm],
            )
        },
        tables={
            "Questions": [_times(figures, row["question"], most) for row in warm],
            "Sealing": [_sealing(row) for row in figures["homes"]],
        },
        weaknesses=[
            f"{row['question'].capitalize()}, over {short(most)} ticks: {_ms(row['seconds'])}, as all are sorted for it; what it "
            "is about is in the relations, as `since_previous` and `silence`."
            for row in warm
            if row["question"] in OWN
        ],
    )


def _times(figures: Figures, question: str, most: int) -> dict[str, str]:
    warm = {
        f"warm, {short(row['ticks'])} ticks": _ms(row["seconds"])
        for row in only(figures["warm"], question=question)
    }
    cold = [_ms(row["seconds"]) for row in only(figures["cold"], question=question, ticks=most)]
    return {"question": question, **warm, f"cold, {short(most)} ticks": cold[0] if cold else "not asked"}


def _sealing(row: Row) -> dict[str, Any]:
    ticks, events = row["ticks"], row["events"]
    return {
        "ticks": short(ticks),
        "events": short(events),
        "events/s": number(events / row["seconds"]) if events else "",
        "log, bytes/tick": number(row["log_bytes"] / ticks),
        "history, bytes/tick": number(row["history_bytes"] / ticks),
    }


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1e3)} ms"


def _range(rows: Sequence[Row], questions: Collection[str]) -> str:
    seconds = [row["seconds"] for row in rows if row["question"] in questions]
    return f"{_ms(min(seconds))} to {_ms(max(seconds))}"
