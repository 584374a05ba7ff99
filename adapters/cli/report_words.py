"""What a report says in words, in the terminal and on its page."""

from __future__ import annotations

from ...projections.history.health import Detection, Gap, Report
from .text import local_minute, took

#: Sensors with a row of their own, in the terminal and on the page: more would be too much to look at.
SHOWN = 300


def headline(report: Report, sensor: str | None) -> str:
    """Return what the report is about: how much, from when to when."""
    many = report.sensor_count
    who = "" if sensor is not None else f"{many:,} sensor{'' if many == 1 else 's'}, "
    if not report.whole.ticks:
        return f"{who}no ticks ended in this time (as of position {report.position:,})."
    return (
        f"{who}{report.whole.ticks:,} ticks from {local_minute(report.start)} to {local_minute(report.end)}, "
        f"as of position {report.position:,} ({local_minute(report.moment)})."
    )


def percent(share: float | None) -> str:
    """Return a share, 0 to 1, such as ``2.1 %``; ``-`` for None."""
    if share is None:
        return "-"
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{share:.1%}".replace(".0%", "%").replace("%", " %")


def gap_why(gap: Gap) -> str:
    """Return why a sensor was silent, and what it missed."""
    return f"{gap.why}; {gap.missed:,} tick{'' if gap.missed == 1 else 's'} missed"


def still_for(gap: Gap) -> str:
    """Return when a gap ended."""
    return "goes on" if gap.ended_at is None else local_minute(gap.ended_at)


def detected(detection: Detection) -> str:
    """Return how long after their sources runs were asked for."""
    return f"{took(detection.p50)}, p95 {took(detection.p95)} ({detection.runs:,} run{'' if detection.runs == 1 else 's'})"
