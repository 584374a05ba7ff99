"""What a benchmark says of its figures: a section of the page, and lines of its first table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: One figure with what it is a figure of: a row of the JSON file.
Row = Mapping[str, Any]

#: All rows of a benchmark, by the part of it that they come from.
Figures = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Headline:
    """One line of the summary: ours beside a peer's.

    Attributes:
        ours, theirs: Rates, or times if *smaller_is_better*.
        unit: Of both.
    """

    what: str
    ours: float
    peer: str
    theirs: float
    unit: str
    smaller_is_better: bool = False

    @property
    def ratio(self) -> float:
        """How many times better ours is; below 1 it is worse."""
        return self.theirs / self.ours if self.smaller_is_better else self.ours / self.theirs


@dataclass(frozen=True)
class Section:
    """What the page says of one benchmark.

    Attributes:
        sentences: What the figures say, made from them.
        plots: SVG text by file name without its ending.
        tables: Rows by caption.
        method: How it was measured.
        weaknesses: What is not yet good, made from the figures.
    """

    sentences: Sequence[str]
    method: str
    plots: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    headlines: Sequence[Headline] = ()
    weaknesses: Sequence[str] = ()


def number(value: float, digits: int = 3) -> str:
    """Return a figure as it stands in a text: as many digits as it is worth."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 or rounded == int(rounded) else f"{rounded:g}"


def times(ratio: float) -> str:
    """Return a ratio as "12x" or "0.4x"."""
    return f"{number(ratio, 2)}x"


def cell(value: Any) -> str:
    """Return a value as it stands in a table."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return number(value) if isinstance(value, float) else str(value)


def only(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Return the rows that have the wanted values."""
    return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


def pivot(rows: Iterable[Row], down: str, across: str, value: str) -> list[dict[str, Any]]:
    """Return one row for each value of *down*, with a column for each value of *across*."""
    table: dict[Any, dict[str, Any]] = {}
    columns: dict[str, None] = {}
    for row in rows:
        name = cell(row[across])
        columns[name] = None
        table.setdefault(row[down], {down: row[down]})[name] = row[value]
    return [{down: line[down], **{name: line.get(name) for name in columns}} for line in table.values()]
