"""How long do the same questions take over Dagster's own tick table, and how many bytes does a tick take there?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from children import measure as child
from environments import Environments
from plot import short
from report import Figures, Headline, Section, number, only, times
from scale import Scale
from surroundings import temporary_folder


def measure(scale: Scale, environments: Environments) -> Figures:
    """Ask Dagster's tick table, and a home with as many ticks of the same kinds."""
    python = environments.dagster()
    if not python:
        return {"dagster": [], "ticktrail": []}
    ticks, seconds = scale.pick((4_000, 10), (30_000, 30), (1_000_000, 600))
    with temporary_folder() as folder:
        dagster = child("dagster_questions.py", folder / "dagster", ticks, seconds, python=python)
    [made] = only(dagster, what="table")
    with temporary_folder() as folder:
        home = folder / "home"
        child("tick_log.py", home, made["ticks"], "skipping")
        sealed = child("questions_run.py", "seal", home)
        asked = child("questions_run.py", "ask", home, 3)
    return {"dagster": dagster, "ticktrail": [*sealed, *asked]}


@dataclass(frozen=True)
class _Pair:
    """A question's seconds here and in Dagster's table."""

    question: str
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours


def tell(figures: Figures) -> Section:
    """Say which questions are quicker here, which there, and what a tick costs."""
    if not figures["dagster"]:
        return Section(sentences=["Dagster was left out."], method="")
    [made] = only(figures["dagster"], what="table")
    [sealed] = only(figures["ticktrail"], what="sealing")
    ticks, pairs = made["ticks"], list(_pairs(figures))
    ours, theirs = (sealed["log_bytes"] + sealed["history_bytes"]) / ticks, made["bytes"] / ticks
    return Section(
        sentences=[
            *_sentences(pairs, ticks),
            (
                f"Its Python API reads {_rate(figures, 'get_ticks')} ticks a second, and "
                f"{_rate(figures, 'get_tick_summaries')} if their status and start are enough."
            ),
            (
                f"A tick that skips or fails takes {number(ours)} bytes here, log and history, and {number(theirs)} in "
                f"Dagster's table, {times(theirs / ours)} as many."
            ),
        ],
        method=(
            "200 sensors; 98 % of the ticks skip for one of four reasons, 2 % fail. Some thousand of Dagster's are written "
            "through its instance, and copied in its table with other times. SQLite asks it, the file mapped into memory, by "
            "columns and indexes where there are any, and by its JSON functions; all answers are checked against what was "
            "written. Ours is asked in DuckDB, over a home with as many ticks; skip rates and durations by sensor come from "
            "sums that it keeps, the latter with percentiles, which SQLite has none of. Each is the median of three after one that is not counted, in one process. The "
            "Python API reads the ticks of ten sensors."
        ),
        tables={f"Over {short(ticks)} ticks": [_line(pair) for pair in pairs]},
        headlines=[*_headlines(pairs, ticks), _bytes(ours, theirs)],
        weaknesses=list(_weaknesses(pairs, ticks)),
    )


def _pairs(figures: Figures) -> Iterator[_Pair]:
    for row in only(figures["dagster"], what="sql"):
        [ours] = only(figures["ticktrail"], question=row["question"])
        yield _Pair(row["question"], ours["seconds"], row["seconds"])


def _sentences(pairs: list[_Pair], ticks: int) -> Iterator[str]:
    won = sorted((pair for pair in pairs if pair.ratio >= 1), key=lambda pair: pair.ratio)
    lost = sorted((pair for pair in pairs if pair.ratio < 1), key=lambda pair: pair.ratio)
    if won:
        yield (
            f"Over {short(ticks)} ticks {len(won)} of {len(pairs)} questions are answered faster here than by SQL over Dagster's "
            f"table, {times(won[0].ratio)} ({won[0].question}) to {times(won[-1].ratio)} ({won[-1].question})."
        )
    if lost:
        names = "; ".join(f"{pair.question}, {_ms(pair.ours)} to {_ms(pair.theirs)}" for pair in lost)
        yield f"The table is the faster one for: {names}."


def _rate(figures: Figures, way: str) -> str:
    [row] = only(figures["dagster"], what="api", way=way)
    return number(row["ticks"] / row["seconds"])


def _line(pair: _Pair) -> dict[str, Any]:
    return {
        "question": pair.question,
        "ticktrail": _ms(pair.ours),
        "Dagster's table, in SQL": _ms(pair.theirs),
        "ratio": times(pair.ratio),
    }


def _headlines(pairs: list[_Pair], ticks: int) -> Iterator[Headline]:
    """Yield a question that reads all ticks, and one that picks some."""
    for pair in pairs:
        if pair.question in ("skip rate by sensor and day", "last ten ticks of a sensor"):
            what = f"{pair.question}, of {short(ticks)} ticks"
            yield Headline(what, pair.ours * 1e3, "Dagster's tick table", pair.theirs * 1e3, "ms", True)


def _bytes(ours: float, theirs: float) -> Headline:
    what = "a tick that skips or fails, on disk"
    return Headline(what, ours, "Dagster's tick table", theirs, "bytes", smaller_is_better=True)


def _weaknesses(pairs: list[_Pair], ticks: int) -> Iterator[str]:
    for pair in pairs:
        if pair.ratio < 1:
            where = f"{pair.question.capitalize()}, of {short(ticks)} ticks"
            yield f"{where}: {_ms(pair.ours)}, and {_ms(pair.theirs)} by SQL over Dagster's table."


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1e3)} ms"
