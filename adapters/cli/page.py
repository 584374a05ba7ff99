"""Pages that open without a network and run no script: their looks, and the plots on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --panel: #f6f7f9; --ink: #1f2933; --faint: #5d6976; --line: #dfe3e8;
  --succeeded: #2f9e62; --skipped: #b7c0ca; --failed: #cf3a2e; --interrupted: #dd9a12; --requested: #2f6fde;
  --repeated: #a5c1f4; --unexplained: #cf3a2e; --stopped: #dd9a12; --engine-down: #98a2ad; --before: #9aa5b1;
  --after: #2f6fde; --did: #8ccfa9; --some: #f5d5d0; --many: #eb9d92; --most: #dc6154; --all: #b3261e;
  --added: #0b7a3e; --removed: #b3261e; --changed: #8a5c00 }
@media (prefers-color-scheme: dark) { :root { --ground: #13161b; --panel: #1b2027; --ink: #e4e8ed; --faint: #9aa6b3;
  --line: #2d353f; --succeeded: #45ad75; --skipped: #4d5865; --failed: #ec6056; --interrupted: #e3a63a;
  --requested: #6b9dfa; --repeated: #34528a; --unexplained: #ec6056; --stopped: #e3a63a; --engine-down: #66717d;
  --before: #66717d; --after: #6b9dfa; --did: #2c7550; --some: #4b3133; --many: #84403d; --most: #bb4c45; --all: #f4746a;
  --added: #5cc98d; --removed: #f4746a; --changed: #e3a63a } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1.5rem 1rem 3rem;
  background: var(--ground); color: var(--ink) }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere }
h2 { font-size: 1.05rem; margin: 0 0 .5rem } p { margin: .3rem 0 } .faint { color: var(--faint) }
section { margin-top: 1.75rem } code { font-size: .9em; overflow-wrap: anywhere }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 1rem; margin-top: 1.25rem }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; min-width: 0; margin: 0 }
.wide { grid-column: 1 / -1 }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: .6rem; margin: 1rem 0 0 }
.facts div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .5rem .7rem }
.facts dt { color: var(--faint); font-size: .8rem } .facts dd { margin: 0; font-size: 1.1rem; overflow-wrap: anywhere }
.plot { position: relative; margin: .2rem 0 0 } .plot svg { display: block; width: 100%; height: 9.5rem; border-bottom: 1px solid var(--faint) }
.plot .top { font-size: .75rem; color: var(--faint); border-bottom: 1px dashed var(--line) }
.axis { position: relative; display: flex; justify-content: space-between; gap: 1rem; font-size: .75rem; color: var(--faint); min-height: 1.2em }
.axis .at { position: absolute; transform: translateX(-50%); white-space: nowrap }
.hover rect { fill: transparent } .hover rect:hover { fill: var(--ink); fill-opacity: .09 }
.keys { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .8rem; color: var(--faint) }
.key::before { content: ""; display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .4em; background: var(--c) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .87rem }
td, th { text-align: left; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--faint); font-weight: 500; white-space: nowrap } th.number { width: 1% } .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
td .name { display: inline-block; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom } .still { white-space: nowrap }
svg.strip { display: block; width: 12rem; height: 1.3rem; background: var(--panel); border: 1px solid var(--line) }
.SUCCESS { color: var(--added) } .FAILURE, .removed { color: var(--removed) } .INTERRUPTED, .changed { color: var(--changed) }
.SKIPPED { color: var(--faint) } .added { color: var(--added) }
"""


class Series(NamedTuple):
    """One kind of what a plot counts.

    Attributes:
        name: For people; its colour is the style's variable of that name, with ``-`` for spaces.
        values: One for each bar, >= 0.
    """

    name: str
    values: Sequence[float]

    @property
    def colour(self) -> str:
        return f"var(--{self.name.replace(' ', '-')})"


def document(title: str, body: Iterable[str]) -> str:
    """Return a page. The title is text, the body is HTML."""
    title = escape(title)
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>",
            *body,
            "</body></html>\n",
        ]
    )


def panel(title: str, *content: str, wide: bool = False) -> str:
    """Return a titled box, beside others if it is not wide. The title is text, the content is HTML."""
    return f'<section class="panel{" wide" if wide else ""}"><h2>{escape(title)}</h2>{"".join(content)}</section>'


def facts(told: Iterable[tuple[str, str]]) -> str:
    """Return named values, each in a box of its own."""
    boxes = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in told)
    return f'<dl class="facts">{"".join(boxes)}</dl>'


def keys(series: Iterable[Series]) -> str:
    """Return which colour means what."""
    shown = (f'<span class="key" style="--c:{one.colour}">{escape(one.name)}</span>' for one in series)
    return f'<div class="keys">{"".join(shown)}</div>'


def bars(
    about: str, top: str, series: Sequence[Series], titles: Sequence[str], axis: str, full: float
) -> str:
    """Return a plot of bars that stand on each other, the first series at the bottom.

    Args:
        about: What is plotted, for those who do not see it.
        top: What the upper edge stands for.
        titles: What a bar tells under the pointer.
        axis: HTML below the plot, see `between` and `ticks`.
        full: The value at the upper edge, > 0.
    """
    count = len(titles)
    floors = [0.0] * count
    paths = "".join(
        f'<path fill="{one.colour}" d="{"".join(_stacked(one.values, floors, full))}"/>' for one in series
    )
    hover = "".join(
        f'<rect x="{place}" width="1" height="100"><title>{escape(title)}</title></rect>'
        for place, title in enumerate(titles)
    )
    return (
        f'<div class="plot"><div class="top">{escape(top)}</div>'
        f'<svg viewBox="0 0 {count} 100" preserveAspectRatio="none" role="img" aria-label="{escape(about)}">'
        f'{paths}<g class="hover">{hover}</g></svg></div>{axis}'
    )


def _stacked(values: Sequence[float], floors: list[float], full: float) -> Iterable[str]:
    """Yield the bars of one series, and raise the floors by them."""
    for place, value in enumerate(values):
        if value > 0:
            # What is there at all is seen.
            height = max(value / full * 100, 0.7)
            yield f"M{place + 0.06:.2f} {100 - floors[place]:.2f}h.88v-{height:.2f}h-.88z"
            floors[place] += height


def between(*labels: str) -> str:
    """Return an axis with labels from its start to its end."""
    return f'<div class="axis">{"".join(f"<span>{escape(label)}</span>" for label in labels)}</div>'


def ticks(labels: Iterable[tuple[float, str]]) -> str:
    """Return an axis with labels at their places, 0 to 1."""
    shown = (
        f'<span class="at" style="left:{place * 100:.2f}%">{escape(label)}</span>' for place, label in labels
    )
    return f'<div class="axis">{"".join(shown)}</div>'


def strip(about: str, colours: Sequence[str | None]) -> str:
    """Return a strip of colours, which are variables of the style; None is left open."""
    paths = "".join(
        f'<path stroke="var(--{colour})" d="{"".join(_runs(colours, colour))}"/>'
        for colour in dict.fromkeys(colours)
        if colour is not None
    )
    return (
        f'<svg class="strip" viewBox="0 0 {len(colours)} 1" preserveAspectRatio="none" shape-rendering="crispEdges" '
        f'role="img" aria-label="{escape(about)}">{paths}</svg>'
    )


def _runs(colours: Sequence[str | None], colour: str) -> Iterable[str]:
    start = None
    for place, one in enumerate([*colours, None]):
        if one == colour and start is None:
            start = place
        elif one != colour and start is not None:
            yield f"M{start} .5h{place - start}"
            start = None


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, about: str = "") -> str:
    """Return a table; a column whose header ends in ``#`` is aligned to the right. The cells are HTML."""
    classes = [' class="number"' if header.endswith("#") else "" for header in headers]
    head = "".join(
        f"<th{kind}>{escape(header.rstrip('#'))}</th>" for header, kind in zip(headers, classes, strict=True)
    )
    lines = "\n".join(
        f"<tr>{''.join(f'<td{kind}>{cell}</td>' for cell, kind in zip(row, classes, strict=True))}</tr>"
        for row in rows
    )
    label = f' aria-label="{escape(about)}"' if about else ""
    return f'<div class="scroll"><table{label}><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
