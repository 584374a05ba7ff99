"""The report of how sensors fared as a page that opens without a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from math import floor, log10

from ...projections.history.health import BINS, ENDINGS, QUANTILES, REQUESTS, WHYS, Gap, Health, Report, Said
from ...projections.history.stored import BUCKET
from .page import Series, bars, between, document, facts, keys, panel, strip, table, ticks
from .report_words import SHOWN, gap_why, headline, percent, still_for
from .text import cursor_text, local_minute, one_line, rough, took

#: Bars of the durations' plot to a factor of ten.
_PER_DECADE = 10

#: From which share of failed ticks on a part of a strip has which colour, see `page`.
_FAILING = ((0.75, "all"), (0.25, "most"), (0.05, "many"), (0.0, "some"))


def page(report: Report, sensor: str | None) -> str:
    """Return the page, as HTML, about one sensor or all."""
    title = "Sensor health" if sensor is None else f"Health of {sensor}"
    return document(title, _body(report, sensor))


def _body(report: Report, sensor: str | None) -> Iterator[str]:
    whole = report.sensors[0] if sensor is not None else report.whole
    yield f'<p class="faint">{escape(headline(report, sensor))}</p>'
    yield facts(_facts(whole))
    if whole.ticks:
        yield f'<div class="panels">{_endings(report, whole)}{_durations(whole)}{_requests(report, whole)}{_silence(report)}</div>'
    if sensor is None and report.sensors:
        yield from _sensors(report)
    yield f'<div class="panels">{"".join(_lists(whole, sensor))}</div>'


def _facts(whole: Health) -> Iterator[tuple[str, str]]:
    if whole.sensor is not None:
        yield "last status", whole.last_status or "none"
        yield "last tick", "never" if whole.silent_for is None else f"{rough(whole.silent_for)} ago"
    yield "ticks", f"{whole.ticks:,}"
    if whole.ticks:
        yield from _outcomes(whole)
    yield "silences", f"{whole.gap_count:,}"
    if whole.detection is not None:
        yield "runs detected", f"{whole.detection.runs:,}"
        yield "detect, p50", took(whole.detection.p50)
        yield "detect, p95", took(whole.detection.p95)
    if whole.cursor is not None:
        yield "cursor", cursor_text(whole.cursor.cursor, 40)
        yield "cursor age", rough(whole.cursor.seconds)
        yield "cursor set by", whole.cursor.changed_by


def _outcomes(whole: Health) -> Iterator[tuple[str, str]]:
    yield "failed", percent(whole.failure_rate)
    yield "skipped", percent(whole.skip_rate)
    for name, quantile in QUANTILES.items():
        yield f"took, {name}", took(whole.duration(quantile))
    yield "requested", f"{whole.total('requested'):,}"
    yield "repeated", f"{whole.total('repeated'):,}"
    yield "dedup rate", percent(whole.dedup_rate)


# --- plots ------------------------------------------------------------------------------------


def _endings(report: Report, whole: Health) -> str:
    order = ("failed", "interrupted", "succeeded", "skipped")
    return _over_time(report, whole, "Ticks", order, list(order))


def _requests(report: Report, whole: Health) -> str:
    return _over_time(report, whole, "Run requests", REQUESTS, ["requested", "repeated"])


def _over_time(report: Report, whole: Health, title: str, names: Iterable[str], shown: list[str]) -> str:
    series = [Series(name, whole.counts[name]) for name in names]
    most = max(whole.over_time(*shown))
    titles = [
        f"{label}: " + ", ".join(f"{whole.counts[name][place]:,} {name}" for name in shown)
        for place, label in enumerate(_starts(report))
    ]
    part = took((report.end - report.start) / BINS / 1e6)
    if not most:
        return panel(title, '<p class="faint">None in this time.</p>')
    top = f"up to {most:,} in {part}"
    return panel(
        title, keys(series), bars(f"{title} over time", top, series, titles, _time_axis(report), most)
    )


def _silence(report: Report) -> str:
    series = [Series(why, report.silent[why]) for why in WHYS]
    shares = [sum(values) for values in zip(*report.silent.values(), strict=True)]
    titles = [
        f"{label}: silent {percent(share)} of the time"
        for label, share in zip(_starts(report), shares, strict=True)
    ]
    if not any(shares):
        return panel("Silence", '<p class="faint">No gap of more than twice the interval.</p>')
    full = max(*shares, 1.0) if max(shares) > 0.2 else max(shares)
    top = f"up to {percent(full)} of the sensors' time"
    return panel(
        "Silence", keys(series), bars("Silence over time", top, series, titles, _time_axis(report), full)
    )


def _durations(whole: Health) -> str:
    counts = Counter[int]()
    for bucket, count in whole.durations.items():
        counts[floor((bucket + 0.5) * log10(BUCKET) * _PER_DECADE)] += count
    if not counts:
        return panel("How long ticks took", '<p class="faint">None in this time.</p>')
    first, last = min(counts) - 1, max(counts) + 2
    places = range(first, last)
    titles = [f"{_span(place)}: {counts[place]:,} ticks" for place in places]
    most = max(counts.values())
    decades = range(-(-first // _PER_DECADE), (last - 1) // _PER_DECADE + 1)
    axis = ticks(((place * _PER_DECADE - first) / len(places), _power(place)) for place in decades)
    series = [Series("requested", [counts[place] for place in places])]
    plot = bars("Ticks by how long they took", f"up to {most:,} ticks", series, titles, axis, most)
    return panel(
        "How long ticks took", '<div class="keys">logarithmic: ten bars to a factor of ten</div>', plot
    )


def _span(place: int) -> str:
    return f"{took(10 ** (place / _PER_DECADE))} to {took(10 ** ((place + 1) / _PER_DECADE))}"


def _power(exponent: int) -> str:
    unit, name = (0, "s") if exponent >= 0 else (-3, "ms") if exponent >= -3 else (-6, "µs")
    return f"{10 ** (exponent - unit):,.0f} {name}"


def _starts(report: Report) -> list[str]:
    length = (report.end - report.start) / BINS
    return [local_minute(int(report.start + place * length)) for place in range(BINS)]


def _time_axis(report: Report) -> str:
    return between(local_minute(report.start), local_minute(report.end))


# --- tables -----------------------------------------------------------------------------------


def _sensors(report: Report) -> Iterator[str]:
    shown = report.sensors[:SHOWN]
    yield '<section id="sensors"><h2>Sensors, the worst first</h2>'
    yield f'<div class="keys">{"".join(_strip_keys())}</div>{_sensor_table(shown)}'
    if more := report.sensor_count - len(shown):
        yield f'<p class="faint">{more:,} more sensors fare better: ask for one with <code>ticktrail report SENSOR</code>.</p>'
    yield "</section>"


def _strip_keys() -> Iterator[str]:
    names = (
        "requested runs",
        "skipped",
        "failed: up to 5 %",
        "25 %",
        "75 %",
        "more",
        "interrupted",
        "no ticks",
    )
    colours = ("did", "skipped", "some", "many", "most", "all", "interrupted", "panel")
    for name, colour in zip(names, colours, strict=True):
        yield f'<span class="key" style="--c:var(--{colour})">{name}</span>'


def _sensor_table(sensors: list[Health]) -> str:
    headers = [
        *("sensor", "over time", "last tick", "ticks#", "failed#", "skipped#", "p50#", "p95#", "p99#"),
        *("requested#", "repeated#", "silences#", "longest#", "cursor age#", "detect p50#"),
    ]
    rows = [_sensor_row(health) for health in sensors]
    # A column that nobody has anything in is left out.
    kept = [place for place in range(len(headers)) if not rows or any(row[place] != "-" for row in rows)]
    return table(
        [headers[place] for place in kept], ([row[place] for place in kept] for row in rows), about="Sensors"
    )


def _sensor_row(health: Health) -> list[str]:
    status = health.last_status or "-"
    longest = health.gaps[0].seconds if health.gaps else None
    return [
        _name(health.sensor or ""),
        strip("Outcomes over time", _colours(health)),
        f'<span class="{status}">{status}</span>' if health.last_status else "-",
        f"{health.ticks:,}",
        percent(health.failure_rate),
        percent(health.skip_rate),
        *(took(health.duration(quantile)) for quantile in QUANTILES.values()),
        f"{health.total('requested'):,}",
        f"{health.total('repeated'):,}",
        f"{health.gap_count:,}",
        "-" if longest is None else rough(longest),
        "-" if health.cursor is None else rough(health.cursor.seconds),
        took(None if health.detection is None else health.detection.p50),
    ]


def _name(sensor: str) -> str:
    return f'<span class="name" title="{escape(sensor)}">{escape(sensor)}</span>'


def _colours(health: Health) -> list[str | None]:
    return [_colour(*counts) for counts in zip(*(health.counts[name] for name in ENDINGS), strict=True)]


def _colour(succeeded: int, skipped: int, failed: int, interrupted: int) -> str | None:
    if failed:
        share = failed / (succeeded + skipped + failed + interrupted)
        return next(colour for least, colour in _FAILING if share > least)
    if interrupted:
        return "interrupted"
    if succeeded:
        return "did"
    return "skipped" if skipped else None


def _lists(whole: Health, sensor: str | None) -> Iterator[str]:
    if whole.gaps:
        yield panel("Longest silences", _gap_table(whole.gaps, sensor), wide=True)
    if whole.errors:
        yield panel("Commonest errors", _said_table(whole.errors))
    if whole.skip_reasons:
        yield panel("Commonest skip reasons", _said_table(whole.skip_reasons))


def _gap_table(gaps: list[Gap], sensor: str | None) -> str:
    headers = ["length#", "from", "to", "interval#", "why"]
    rows = [
        [
            took(gap.seconds),
            f'<span class="still">{local_minute(gap.began_at)}</span>',
            f'<span class="still">{still_for(gap)}</span>',
            took(gap.interval_seconds),
            f'<span class="still">{escape(gap_why(gap))}</span>',
        ]
        for gap in gaps
    ]
    if sensor is None:
        headers.insert(0, "sensor")
        for gap, row in zip(gaps, rows, strict=True):
            row.insert(0, _name(gap.sensor))
    return table(headers, rows)


def _said_table(said: list[Said]) -> str:
    return table(
        ["ticks#", "what"],
        ([f"{one.ticks:,}", f"<code>{escape(one_line(one.text, 300))}</code>"] for one in said),
    )
