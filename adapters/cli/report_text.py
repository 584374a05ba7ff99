"""The report of how sensors fared, in the terminal."""

from __future__ import annotations

from ...projections.history.health import ENDINGS, QUANTILES, REQUESTS, Health, Report, Said
from .output import Output, status_text
from .report_words import SHOWN, detected, gap_why, headline, percent, still_for
from .sparkline import sparkline, summed
from .text import ago, cursor_text, local_minute, one_line, rough, took

#: Characters of a line over time, of one in a table, and from which width of the terminal on tables have any.
_LONG, _SHORT, _WIDE = 60, 20, 125

#: Gaps, reasons and errors that are shown.
_SHOWN = 5


def write_report(report: Report, sensor: str | None, out: Output) -> None:
    """Write how all sensors fared, or in detail how one did."""
    whole = report.whole if sensor is None else report.sensors[0]
    if sensor is not None:
        out.line((sensor, "bold"), "  ", status_text(whole.last_status or "no ticks"))
    out.line(headline(report, sensor))
    if sensor is not None:
        _write_facts(whole, report.moment, out)
    if whole.ticks:
        _write_lines(whole, out)
    if sensor is None:
        _write_sensors(report, out)
    _write_gaps(whole, sensor, out)
    _write_said("commonest errors", whole.errors, out)
    _write_said("commonest skip reasons", whole.skip_reasons, out)


def _write_facts(whole: Health, now: int, out: Output) -> None:
    out.facts(
        {
            "last tick": ago(whole.last_started_at, now),
            "interval": None if whole.interval_seconds is None else took(whole.interval_seconds),
            **(_outcomes(whole) if whole.ticks else {}),
            "last failed": None if whole.last_failed_at is None else ago(whole.last_failed_at, now),
            "time to detect": None if whole.detection is None else detected(whole.detection),
            "cursor": _cursor(whole),
        }
    )


def _outcomes(whole: Health) -> dict[str, str]:
    return {
        "skipped": percent(whole.skip_rate),
        "failed": percent(whole.failure_rate),
        "took": _quantiles(whole),
        "runs requested": f"{whole.total('requested'):,}",
        "repeated": f"{whole.total('repeated'):,} ({percent(whole.dedup_rate)} of the requests)",
    }


def _quantiles(whole: Health) -> str:
    return ", ".join(f"{name} {took(whole.duration(quantile))}" for name, quantile in QUANTILES.items())


def _cursor(whole: Health) -> str:
    if whole.cursor is None:
        return "none"
    return f"{cursor_text(whole.cursor.cursor, 60)} for {took(whole.cursor.seconds)}, by {whole.cursor.changed_by}"


def _write_lines(whole: Health, out: Output) -> None:
    lines = (("ticks", ENDINGS, "cyan"), ("failed", ("failed",), "red"), ("requests", REQUESTS, "green"))
    for name, counted, style in lines:
        counts = whole.over_time(*counted)
        out.line(
            (f"{name:<9} ", "dim"),
            (f"{sparkline(summed(counts, _LONG)):<{_LONG}}", style),
            f" {sum(counts):>12,}",
        )


def _write_sensors(report: Report, out: Output) -> None:
    if not report.sensors:
        out.note("no sensors: no engine has loaded any")
        return
    out.section("sensors, the worst first")
    wide = out.results.width >= _WIDE
    headers = [
        "SENSOR",
        "LAST",
        "TICKS#",
        "FAILED#",
        "SKIPPED#",
        "P50/P95/P99#",
        "RUNS#",
        "REPEAT#",
        "GAP#",
        "CURSOR#",
    ]
    shown = report.sensors[:SHOWN]
    rows = ([*_row(health), *([_line(health)] if wide else [])] for health in shown)
    out.table([*headers, *(["FAILED OVER TIME"] if wide else [])], rows, wide="SENSOR")
    if more := report.sensor_count - len(shown):
        out.note(f"{more:,} more sensors fare better: ask for one with `ticktrail report SENSOR`")


def _row(health: Health) -> list[str]:
    return [
        health.sensor or "",
        health.last_status or "-",
        f"{health.ticks:,}",
        percent(health.failure_rate),
        percent(health.skip_rate),
        _spread(health),
        f"{health.total('requested'):,}",
        percent(health.dedup_rate),
        rough(health.gaps[0].seconds) if health.gaps else "-",
        "-" if health.cursor is None else rough(health.cursor.seconds),
    ]


def _line(health: Health) -> str:
    return sparkline(summed(health.counts["failed"], _SHORT))


def _spread(health: Health) -> str:
    """Return the quantiles of the durations in one unit."""
    values = [health.duration(quantile) for quantile in QUANTILES.values()]
    if values[-1] is None:
        return "-"
    unit, name = (1e3, "ms") if values[-1] < 0.9995 else (1.0, "s")
    return "/".join(f"{value * unit:.3g}" for value in values if value is not None) + f" {name}"


def _write_gaps(whole: Health, sensor: str | None, out: Output) -> None:
    if not whole.gaps:
        return
    out.section("silence" if whole.gap_count == 1 else f"longest of {whole.gap_count:,} silences")
    for gap in whole.gaps[:_SHOWN]:
        name = "" if sensor is not None else f"{one_line(gap.sensor, 30)}  "
        out.line(
            f"{took(gap.seconds):>9}  ",
            (f"{local_minute(gap.began_at)} → {still_for(gap):<16}  ", "dim"),
            name,
            f"{gap_why(gap)} (every {took(gap.interval_seconds)})",
        )


def _write_said(title: str, said: list[Said], out: Output) -> None:
    if said:
        out.section(title)
    for one in said[:_SHOWN]:
        out.line((f"{one.ticks:>9,}  ", "dim"), one_line(one.text, 200))
