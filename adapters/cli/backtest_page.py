"""The report of a backtest as a page that opens without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

from .text import local_time

if TYPE_CHECKING:
    from ...core.replay import BacktestTick
    from ...core.replay.summary import Summary

_WIDTH, _HEIGHT = 960, 220
_OLD, _NEW = "#9aa5b1", "#2f6fde"

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1f2933 }
h1 { font-size: 1.4rem } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e4e7eb; vertical-align: top }
.added { color: #0b7a3e } .removed { color: #b3261e } .changed { color: #9a6700 }
code { font-size: .9em; overflow-wrap: anywhere } svg { width: 100%; height: auto }
.key::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .4em; background: var(--c) }
"""


def page(code: str, summaries: Mapping[str, Summary]) -> str:
    """Return the page, as HTML.

    Args:
        summaries: What the backtest came to, by the name of the sensor.
    """
    title = escape(f"Backtest of {', '.join(summaries)}: {code}")
    return "\n".join(
        [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
            *(line for sensor, summary in summaries.items() for line in _section(sensor, summary)),
            "</body></html>",
        ]
    )


def _section(sensor: str, summary: Summary) -> Iterator[str]:
    yield f"<h2>{escape(sensor)}</h2>"
    yield f"<p>{_totals(summary)}</p>"
    yield f"<p>{_key(_OLD, 'before')} &nbsp; {_key(_NEW, 'after')}</p>"
    yield _plot(summary)
    yield from _troubles(summary)
    yield "<h3>Ticks that ask for something else</h3>"
    yield "<table><tr><th>tick</th><th>started</th><th>run requests</th></tr>"
    yield from map(_row, summary.diverging)
    yield "</table>"


def _totals(summary: Summary) -> str:
    counts = ", ".join(f"{count:,} {change}" for change, count in summary.counts.items())
    return (
        f"{summary.ticks:,} ticks from {local_time(summary.start)} to {local_time(summary.end)}: "
        f"{sum(summary.old):,} run requests before, {sum(summary.new):,} after; {counts}."
    )


def _key(colour: str, name: str) -> str:
    return f'<span class="key" style="--c:{colour}">{name}</span>'


def _plot(summary: Summary) -> str:
    most = max(*summary.old, *summary.new, 1)
    width = _WIDTH / len(summary.old)
    bars = [
        f'<rect x="{number * width + shift * width / 2:.1f}" y="{_HEIGHT - count / most * (_HEIGHT - 20):.1f}" '
        f'width="{width / 2 - 1:.1f}" height="{count / most * (_HEIGHT - 20):.1f}" fill="{colour}">'
        f"<title>{count} {name}</title></rect>"
        for shift, (name, counts, colour) in enumerate(
            (("before", summary.old, _OLD), ("after", summary.new, _NEW))
        )
        for number, count in enumerate(counts)
        if count
    ]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 24}" role="img" aria-label="Run requests over time">'
        f'<text x="0" y="12" font-size="12">{most} run requests</text>{"".join(bars)}'
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}" stroke="#52606d"/>'
        f'<text x="0" y="{_HEIGHT + 18}" font-size="12">{local_time(summary.start)}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 18}" font-size="12" text-anchor="end">{local_time(summary.end)}</text></svg>'
    )


def _troubles(summary: Summary) -> Iterator[str]:
    if (first := summary.first_error) is not None:
        yield (
            f'<p class="removed">{summary.errors:,} ticks failed, the first is {first.tick}: '
            f"<code>{escape(first.error or '')}</code></p>"
        )
    for what, count in summary.missing.most_common(10):
        yield f"<p>Read in {count:,} ticks, and not on their tapes: <code>{escape(what)}</code></p>"
    for why, count in summary.not_evaluated.items():
        yield f"<p>{count:,} ticks left out: {escape(why)}</p>"


def _row(tick: BacktestTick) -> str:
    requests = "<br>".join(
        f'<span class="{request.change}">{request.change}</span> <code>{escape(request.run_key or "no run key")}</code>'
        for request in tick.requests
        if request.change != "unchanged"
    )
    return f"<tr><td>{tick.tick}</td><td>{local_time(tick.at)}</td><td>{requests}</td></tr>"
