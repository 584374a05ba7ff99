"""SVG plots: lines and bars on logarithmic axes, labelled where they end, for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

#: Tones that stand out from white and from near-black alike.
_INK, _GRID = "#77808a", "#8c959f"
OURS = "#2f81f7"
_OTHERS = ("#d9731a", "#2da44e", "#a96ff5", "#e5534b", "#12a3a8", "#c2609b", "#8c7b00")

#: Peers that are in several plots look the same in all of them.
_PEERS = {
    "Dagster": "#12a3a8",
    "SQLite": "#e5534b",
    "LMDB": "#2da44e",
    "RocksDB": "#a96ff5",
    "Python": "#d9731a",
}

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 78, 190, 44, 52
_LINE_HEIGHT = 15


@dataclass(frozen=True)
class Line:
    """One line: its name, and its points as (x, y), both above 0.

    Attributes:
        of: Lines of the same have the same colour.
    """

    name: str
    points: Sequence[tuple[float, float]]
    ours: bool = False
    dashed: bool = False
    of: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, and what is written at its end."""

    name: str
    value: float
    label: str
    ours: bool = False


def short(number: float) -> str:
    """Return a number as people write it on an axis: 1.5k, 20M, 0.03."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{float(f'{number / size:.3g}'):g}{suffix}"
    return f"{float(f'{number:.3g}'):g}"


def lines(title: str, x: str, y: str, drawn: Sequence[Line]) -> str:
    """Return a plot of lines over two logarithmic axes.

    Args:
        x, y: What the axes show, with the unit.
    """
    drawn = [line for line in drawn if line.points]
    height = 400
    across = _Axis([p[0] for line in drawn for p in line.points], _LEFT, _WIDTH - _RIGHT, whole=False)
    up = _Axis([p[1] for line in drawn for p in line.points], height - _BOTTOM, _TOP, whole=True)
    marks = [*_frame(across, up, height, x, y)]
    ends = []
    for line, colour in zip(drawn, _colours(drawn), strict=True):
        points = [(across.at(at), up.at(value)) for at, value in sorted(line.points)]
        marks += _polyline(points, colour, width=3 if line.ours else 1.8, dashed=line.dashed)
        ends.append((points[-1], line, colour))
    marks += _end_labels(ends, height)
    return _svg(title, height, marks)


def _colours(drawn: Sequence[Line]) -> Iterator[str]:
    """Yield each line's colour."""
    peers = [_PEERS.get(line.name.split()[0].removesuffix("'s")) for line in drawn]
    free = iter([colour for colour in _OTHERS * 2 if colour not in peers])
    given: dict[str, str] = {}
    for line, known in zip(drawn, peers, strict=True):
        of = line.of or line.name
        if of not in given:
            given[of] = OURS if line.ours else known or next(free)
        yield given[of]


def bars(title: str, unit: str, drawn: Sequence[Bar]) -> str:
    """Return a plot of horizontal bars on a logarithmic axis, in the order given."""
    # About the width of bold letters of that size.
    left, step = 24 + round(7.3 * max(len(bar.name) for bar in drawn)), 26
    height = _TOP + step * len(drawn) + _BOTTOM
    across = _Axis([bar.value for bar in drawn], left, _WIDTH - 110, whole=True)
    marks = []
    for tick in across.ticks:
        at = across.at(tick)
        marks.append(_stroke(at, _TOP, at, height - _BOTTOM))
        marks.append(_text(at, height - _BOTTOM + 18, short(tick), anchor="middle"))
    marks.append(_text((left + _WIDTH - 110) / 2, height - 12, unit, anchor="middle"))
    for place, bar in enumerate(drawn):
        top, end = _TOP + place * step, across.at(bar.value)
        colour = OURS if bar.ours else _GRID
        marks.append(
            f'<rect x="{left}" y="{top + 4}" width="{end - left:.1f}" height="{step - 9}" fill="{colour}"/>'
        )
        marks.append(_text(left - 8, top + 17, bar.name, anchor="end", bold=bar.ours))
        marks.append(_text(end + 6, top + 17, bar.label, bold=bar.ours))
    return _svg(title, height, marks)


class _Axis:
    """Where values stand between two edges, by their logarithm; ticks at powers of ten.

    Args:
        whole: Go from a power of ten to a power of ten; otherwise only where one is near.
    """

    def __init__(self, values: Iterable[float], begin: float, end: float, *, whole: bool) -> None:
        logs = [math.log10(value) for value in values if value > 0] or [0.0]
        low, high = min(logs), max(logs)
        if whole or high - low < 0.5:
            low, high = float(math.floor(low)), float(math.ceil(high))
            low, high = (low - 1, high) if low == high else (low, high)
        low = math.floor(low) if low - math.floor(low) < 0.1 else low
        high = math.ceil(high) if math.ceil(high) - high < 0.1 else high
        self._low, self._scale, self._begin = low, (end - begin) / (high - low), begin
        exponents = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
        self.ticks = [10.0**exponent for exponent in exponents]

    def at(self, value: float) -> float:
        """Return the place of *value*; what is not above 0 stands at the beginning."""
        if value <= 0:
            return self._begin
        return self._begin + (math.log10(value) - self._low) * self._scale


def _frame(across: _Axis, up: _Axis, height: int, x: str, y: str) -> Iterable[str]:
    right = _WIDTH - _RIGHT
    for tick in up.ticks:
        yield _stroke(_LEFT, up.at(tick), right, up.at(tick))
        yield _text(_LEFT - 8, up.at(tick) + 4, short(tick), anchor="end")
    for tick in across.ticks:
        yield _stroke(across.at(tick), _TOP, across.at(tick), height - _BOTTOM)
        yield _text(across.at(tick), height - _BOTTOM + 18, short(tick), anchor="middle")
    yield _text((_LEFT + right) / 2, height - 12, x, anchor="middle")
    middle = (_TOP + height - _BOTTOM) / 2
    yield _text(16, middle, y, anchor="middle", turned=True)


def _polyline(points: list[tuple[float, float]], colour: str, *, width: float, dashed: bool) -> Iterable[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
    for x, y in points:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1}" fill="{colour}"/>'


def _end_labels(ends: list[tuple[tuple[float, float], Line, str]], height: int) -> Iterable[str]:
    """Name each line beside its last point; names that would overlap are pushed apart."""
    ordered = sorted(ends, key=lambda end: end[0][1])
    places = [point[1] + 4 for point, _, _ in ordered]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + _LINE_HEIGHT)
    if places and (excess := places[-1] - (height - _BOTTOM + 4)) > 0:
        places[-1] -= excess
        for number in range(len(places) - 2, -1, -1):
            places[number] = min(places[number], places[number + 1] - _LINE_HEIGHT)
    for (point, line, colour), place in zip(ordered, places, strict=True):
        begin = max(_WIDTH - _RIGHT, point[0]) + 22
        yield (
            f'<path d="M{point[0] + 6:.1f},{point[1]:.1f} L{begin - 4:.1f},{place - 4:.1f}" '
            f'stroke="{colour}" stroke-width="0.8" fill="none" opacity="0.6"/>'
        )
        yield _text(begin, place, line.name, bold=line.ours, colour=colour)


def _stroke(x1: float, y1: float, x2: float, y2: float) -> str:
    where = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {where} stroke="{_GRID}" stroke-width="0.7" opacity="0.45"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    bold: bool = False,
    turned: bool = False,
    colour: str = _INK,
    size: int = 12,
) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}{turn}>'
        f"{escape(text)}</text>"
    )


def _svg(title: str, height: int, marks: Iterable[str]) -> str:
    body = "\n".join([_text(12, 22, title, bold=True, size=14), *marks])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" '
        f'role="img" aria-label="{escape(title, quote=True)}">\n{body}\n</svg>\n'
    )
