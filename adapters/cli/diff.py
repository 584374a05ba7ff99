"""``ticktrail diff``: what changed from one moment to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from ...core.sensor_state import TickStatus
from ...projections.changes import Changes, SensorCourse
from ..past import log_until
from ..system import SystemClock
from .describe import as_record, details, style, subject
from .difference import Difference, SensorChange, compared, difference
from .options import COMMON, Common
from .output import Output
from .reading import opened, view_of
from .text import cursor_text, local_time, one_line

_OUTCOMES: tuple[TickStatus, ...] = ("SUCCESS", "SKIPPED", "FAILURE", "INTERRUPTED")

#: Run keys of a sensor that are shown at the most; there may be millions.
_KEYS_SHOWN = 20


def diff(
    a: Annotated[
        str,
        Parameter(
            name="A",
            help="The earlier moment: a position, which is a number of events; or 30m, 24h, 7d before now or an "
            "ISO time, local unless it says otherwise.",
        ),
    ],
    b: Annotated[
        str | None, Parameter(name="B", help="The later moment, likewise; the present if left out.")
    ] = None,
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Show what changed from one moment to another: sensors, cursors, ticks, runs, run keys, operators' actions.

    States are compared, so what was changed back is no change; ticks, runs and run keys are counted as they came.
    """
    out, now = Output(json=common.json), SystemClock().now()
    with opened(common.open()) as log:
        end = log_until(log, log.head()) if b is None else view_of(log, b, now).log
        found = difference(view_of(log, a, now).log, end)
    if out.json:
        _write_records(out, found)
    else:
        _show(out, found)
    return 0


# --- JSON ---------------------------------------------------------------------------------------


def _write_records(out: Output, found: Difference) -> None:
    begin, end = ({"position": position, "recorded_at": at} for position, at in (found.begin, found.end))
    out.record({"change": "span", "from": begin, "to": end, "events": found.end[0] - found.begin[0]})
    out.records(map(_sensor_record, found.sensors))
    changes = found.changes
    runs = {"requested": changes.requested, "started": changes.started, "ended": changes.ended}
    out.record({"change": "runs", **runs})
    out.records({"change": "action", **as_record(*action)} for action in changes.actions)


def _sensor_record(change: SensorChange) -> dict[str, Any]:
    course = change.course
    return {
        "change": "sensor",
        "sensor": change.name,
        "before": compared(change.before),
        "after": compared(change.after),
        "ticks": course.ticks,
        "requested": course.requested,
        "run_keys_claimed": course.claimed,
        "run_keys_released": course.released,
    }


# --- text ---------------------------------------------------------------------------------------


def _show(out: Output, found: Difference) -> None:
    events = found.end[0] - found.begin[0]
    out.line(
        f"from {_place(*found.begin)} to {_place(*found.end)}: {events} event{'' if events == 1 else 's'}"
    )
    _lines(out, "sensors", {change.name: _standing(change) for change in found.sensors})
    _lines(out, "cursors", {change.name: _cursors(change) for change in found.sensors})
    _show_ticks(out, found.sensors)
    _show_runs(out, found.changes)
    _lines(out, "run keys", {change.name: _run_keys(change.course) for change in found.sensors})
    _show_actions(out, found.changes)


def _place(position: int, at: int | None) -> str:
    return f"position {position}" + ("" if at is None else f" ({local_time(at)})")


def _lines(out: Output, title: str, told: Mapping[str, str | None]) -> None:
    """Write a section with a line for each name of which something is told."""
    lines = {name: text for name, text in told.items() if text is not None}
    if lines:
        out.section(title)
        out.facts(lines)


def _standing(change: SensorChange) -> str | None:
    before, after = change.before, change.after
    if before is None:
        return f"defined, {after.standing}"
    told = f"{before.standing} → {after.standing}" if before.standing != after.standing else None
    if before.fingerprint == after.fingerprint:
        return told
    code = f"code {before.fingerprint[:8] or 'unknown'} → {after.fingerprint[:8]}"
    return code if told is None else f"{told}, {code}"


def _cursors(change: SensorChange) -> str | None:
    before, after = None if change.before is None else change.before.cursor, change.after.cursor
    return None if before == after else f"{cursor_text(before, 60)} → {cursor_text(after, 60)}"


def _run_keys(course: SensorCourse) -> str | None:
    told = [
        f"{what} {len(keys)}: {one_line(', '.join(map(repr, keys[:_KEYS_SHOWN])), 80)}"
        + (" …" if len(keys) > _KEYS_SHOWN else "")
        for what, keys in (("claimed", course.claimed), ("released", course.released))
        if keys
    ]
    return "; ".join(told) or None


def _show_ticks(out: Output, sensors: list[SensorChange]) -> None:
    rows = [
        [
            change.name,
            *(str(course.ticks[outcome] or "-") for outcome in _OUTCOMES),
            str(course.requested or "-"),
        ]
        for change in sensors
        for course in [change.course]
        if course.ticks or course.requested
    ]
    if rows:
        out.section("ticks")
        out.table(["SENSOR", *(f"{outcome}#" for outcome in _OUTCOMES), "RUNS#"], rows, wide="SENSOR")


def _show_runs(out: Output, changes: Changes) -> None:
    counts = [("requested", changes.requested), ("started", changes.started), *sorted(changes.ended.items())]
    told = ", ".join(f"{count} {what}" for what, count in counts if count)
    if told:
        out.section("runs")
        out.line(told)


def _show_actions(out: Output, changes: Changes) -> None:
    if changes.actions:
        out.section("operators")
    for offset, event in changes.actions:
        out.line(
            (f"{offset:>8}  {local_time(event.at)}  ", "dim"),
            (f"{type(event).__name__:<24} ", style(event)),
            (f"{subject(event):<20}  ", "bold"),
            " ".join(details(event).splitlines()),
        )
