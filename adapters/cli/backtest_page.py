"""The report of a backtest as a page that opens without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

from .page import Series, bars, between, document, keys, panel, table
from .text import local_minute, local_time

if TYPE_CHECKING:
    from ...core.replay import BacktestTick
    from ...core.replay.summary import Summary


def page(code: str, summaries: Mapping[str, Summary]) -> str:
    """Return the page, as HTML.

    Args:
        summaries: What the backtest came to, by the name of the sensor.
    """
    title = f"Backtest of {', '.join(summaries)}: {code}"
    return document(title, (line for item in summaries.items() for line in _of_sensor(*item)))


def _of_sensor(sensor: str, summary: Summary) -> Iterator[str]:
    yield f'<h2>{escape(sensor)}</h2><p class="faint">{_totals(summary)}</p>'
    yield from _troubles(summary)
    if any(summary.old) or any(summary.new):
        yield f'<div class="panels">{_plot(summary)}</div>'
    yield "<section><h3>Ticks that ask for something else</h3>"
    if summary.diverging:
        yield table(["tick#", "started", "run requests"], map(_row, summary.diverging))
    if summary.diverged != len(summary.diverging):
        yield f'<p class="faint">{summary.diverged - len(summary.diverging):,} more are not shown.</p>'
    if not summary.diverged:
        yield "<p>None: every tick asks for the same.</p>"
    yield "</section>"


def _totals(summary: Summary) -> str:
    if not summary.ticks:
        return "No tick was evaluated."
    counts = ", ".join(f"{count:,} {change}" for change, count in summary.counts.items())
    return (
        f"{summary.ticks:,} ticks from {local_minute(summary.start)} to {local_minute(summary.end)}: "
        f"{sum(summary.old):,} run requests before, {sum(summary.new):,} after"
        + (f"; {counts}." if counts else ".")
    )


def _plot(summary: Summary) -> str:
    before, after = Series("before", summary.old), Series("after", summary.new)
    most = max(*summary.old, *summary.new)
    length = (summary.end - summary.start) / len(summary.old)
    titles = [
        f"{local_minute(int(summary.start + place * length))}: {old:,} before, {new:,} after"
        for place, (old, new) in enumerate(zip(summary.old, summary.new, strict=True))
    ]
    axis = between(local_minute(summary.start), local_minute(summary.end))
    plots = (
        bars(f"Run requests over time, {one.name}", f"{one.name}, up to {most:,}", [one], titles, axis, most)
        for one in (before, after)
    )
    return panel("Run requests over time", keys([before, after]), *plots)


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


def _row(tick: BacktestTick) -> list[str]:
    requests = "<br>".join(
        f'<span class="{request.change}">{request.change}</span> <code>{escape(request.run_key or "no run key")}</code>'
        for request in tick.requests
        if request.change != "unchanged"
    )
    return [str(tick.tick), f'<span class="still">{local_time(tick.at)}</span>', requests]
