"""The page of all figures: a summary, a section for each question, what is not yet good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import Headline, Row, Section, cell, number, times


@dataclass(frozen=True)
class Answer:
    """A benchmark's question, what its figures say, and where these come from.

    Attributes:
        measured: The date, the commit, the scale.
    """

    question: str
    section: Section
    measured: Mapping[str, Any]


def write(file: Path, answers: list[Answer], machine: Mapping[str, Any]) -> None:
    """Write the page, and its plots into the folder beside it that has its name."""
    folder = file.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    plots = {name: svg for answer in answers for name, svg in answer.section.plots.items()}
    for name, svg in plots.items():
        (folder / f"{name}.svg").write_text(svg)
    for stale in {plot for plot in folder.glob("*.svg") if plot.stem not in plots}:
        stale.unlink()
    file.write_text("\n".join(_page(answers, machine, folder.name)) + "\n")


def _page(answers: list[Answer], machine: Mapping[str, Any], folder: str) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield "Written by `make bench-full` from `benchmarks/results.json`; do not edit."
    yield f"Measured on {_machine(machine)}. Every section says when and at which commit; `make bench` measures a short"
    yield "form of all of it anew, with the peers installed in environments of their own, in about ten minutes."
    yield ""
    yield from _table([_headline(headline) for answer in answers for headline in answer.section.headlines])
    for answer in answers:
        yield from _answer(answer, folder)
    weaknesses = [weakness for answer in answers for weakness in answer.section.weaknesses]
    yield from ("", "## What is not yet good", "")
    yield from (f"- {weakness}" for weakness in weaknesses)


def _machine(machine: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in machine.items() if name not in ("date", "commit"))


def _headline(headline: Headline) -> Row:
    return {
        "what": headline.what,
        "ticktrail": f"{number(headline.ours)} {headline.unit}",
        "peer": f"{headline.peer}: {number(headline.theirs)} {headline.unit}",
        "ratio": times(headline.ratio) if headline.ratio >= 1 else f"**{times(headline.ratio)}**",
    }


def _answer(answer: Answer, folder: str) -> Iterator[str]:
    yield from ("", f"## {answer.question}", "")
    yield from answer.section.sentences
    for name in answer.section.plots:
        yield from ("", f"![{name}]({folder}/{name}.svg)")
    for caption, rows in answer.section.tables.items():
        if rows:
            yield from ("", f"{caption}:", "")
            yield from _table(rows)
    yield from ("", f"<sub>{answer.section.method} {_measured(answer.measured)}</sub>")


def _measured(measured: Mapping[str, Any]) -> str:
    form = "" if measured["scale"] == "full" else f", {measured['scale']} form"
    return f"Measured on {measured['date']} at commit {measured['commit']}{form}."


def _table(rows: Any) -> Iterator[str]:
    columns = list(rows[0]) if rows else []
    if columns:
        yield "| " + " | ".join(str(column) for column in columns) + " |"
        yield "|" + "|".join(" ---: " if _is_number(rows, column) else " --- " for column in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(cell(row.get(column)) for column in columns) + " |"


def _is_number(rows: Any, column: str) -> bool:
    return all(isinstance(row.get(column), int | float | None) for row in rows)
