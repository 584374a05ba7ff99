"""``ticktrail tick``: the history of evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter
from msgspec.structs import asdict

from ...core.errors import TickTrailError
from ...core.events import AnyEvent, RunKeyRepeated, TickImported, TickLogged, TickStarted
from ...core.log import EventLog
from ...core.sensor_state import TickStatus
from ...projections.runs import Runs
from ...projections.ticks import Tick, Ticks
from ..folding import fold
from .describe import as_record, details, style
from .options import COMMON, WHEN, Common, When
from .output import Output, status_text
from .reading import viewed
from .requested import requested_runs
from .tape import tape
from .text import UsageError, ago, cursor_text, local_time, moment, one_line, took

app = App(name="tick", help="List ticks, and show one with everything that belongs to it.")
app.command(tape)


@app.command(name="list")
def list_(
    name: Annotated[str | None, Parameter(help="Only ticks of this sensor.")] = None,
    /,
    *,
    status: Annotated[TickStatus | None, Parameter(help="Only ticks that ended so.")] = None,
    last: Annotated[
        str | None, Parameter(help="Only ticks started since: 30m, 24h, 7d, or an ISO time.")
    ] = None,
    limit: Annotated[int, Parameter(help="How many at the most, the latest ones.")] = 20,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """List ticks, the latest first."""
    if limit < 1:
        raise UsageError(f"--limit is {limit}: give 1 or more")
    home, out, since = common.open(), Output(json=common.json), None

    def wanted(tick: Tick) -> bool:
        return (
            (name is None or tick.sensor == name)
            and (status is None or tick.status == status)
            and (since is None or tick.started_at >= since)
        )

    ticks = Ticks(wanted=wanted, limit=limit)
    with viewed(home, when) as (log, now):
        since = None if last is None else moment(last, now)
        fold(log, ticks)
    rows = ticks.rows()
    if out.json:
        out.records(rows)
        return 0
    out.table(
        ["ID#", "SENSOR", "STARTED", "STATUS", "TOOK#", "CURSOR", "WHAT"],
        (_row(tick, now) for tick in rows),
        wide="WHAT",
    )
    if not rows:
        out.note("no such ticks")
    return 0


@app.command
def show(
    tick: Annotated[int, Parameter(name="ID", help="Id of the tick, as `tick list` shows it.")],
    /,
    *,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Show a tick: its log lines, requests, verdicts, cursor, runs and end."""
    home, out = common.open(), Output(json=common.json)
    ticks, runs = Ticks(wanted=lambda row: row.tick == tick), Runs()
    with viewed(home, when) as (log, now):
        _check_tick(log, tick)
        events: list[tuple[int, AnyEvent]] = []

        def note(offset: int, event: AnyEvent) -> None:
            if offset == tick or getattr(event, "tick", None) == tick:
                events.append((offset, event))

        # Nothing of a tick is before its start.
        ticks.checkpoint = runs.checkpoint = tick
        fold(log, ticks, runs, each=note)
        repeated = [event for _, event in events if isinstance(event, RunKeyRepeated)]
        requests = requested_runs(log, [event.owner for event in repeated])
    owners = {offset: request.run for offset, request in requests.items()}
    (row,) = ticks.rows()
    if out.json:
        out.record({**asdict(row), "events": [_record(*item, owners) for item in events]})
    else:
        _show(out, row, events, runs, owners, now)
    return 0


def _record(offset: int, event: AnyEvent, owners: Mapping[int, str]) -> dict[str, Any]:
    record = as_record(offset, event)
    return {**record, "owner_run": owners.get(event.owner)} if isinstance(event, RunKeyRepeated) else record


def _check_tick(log: EventLog, tick: int) -> None:
    """Make sure that there is a tick, evaluated here or imported."""
    if not isinstance(_event(log, tick), TickImported):
        started_tick(log, tick)


def started_tick(log: EventLog, tick: int) -> TickStarted:
    """Return the start of a tick.

    Raises:
        TickTrailError: No tick began at that offset; it says which event is there.
    """
    event = _event(log, tick)
    if isinstance(event, TickStarted):
        return event
    if isinstance(event, TickImported):
        raise TickTrailError(
            f"tick {tick} was imported from {event.source}, tick {event.origin} there: what it began with is not known"
        )
    if event is not None:
        of = getattr(event, "tick", None)
        hint = f", of tick {of}: try `ticktrail tick show {of}`" if of is not None else ""
        raise TickTrailError(f"there is no tick {tick}: offset {tick} is a {type(event).__name__}{hint}")
    raise TickTrailError(
        f"there is no tick {tick}: the log has {log.head()} events, see `ticktrail tick list`"
    )


def _event(log: EventLog, offset: int) -> AnyEvent | None:
    frames = log.read(offset, offset + 1) if offset >= 0 else ()
    return next((frame.events[0] for frame in frames), None)


def _row(tick: Tick, now: int) -> list[str]:
    return [
        str(tick.tick),
        tick.sensor,
        ago(tick.started_at, now),
        tick.status,
        took(tick.duration),
        cursor_text(tick.cursor_after, 18),
        _what(tick),
    ]


def _what(tick: Tick) -> str:
    runs = f"{tick.requested} run{'' if tick.requested == 1 else 's'}" if tick.requested else None
    repeated = (
        f"{tick.repeated} run key{'' if tick.repeated == 1 else 's'} already used" if tick.repeated else None
    )
    events = f"{tick.reacted} event{'' if tick.reacted == 1 else 's'} reacted to" if tick.reacted else None
    parts = (tick.error, tick.skip_reason, events, runs, repeated)
    return one_line(", ".join(part for part in parts if part), 200)


def _show(
    out: Output,
    tick: Tick,
    events: list[tuple[int, AnyEvent]],
    runs: Runs,
    owners: Mapping[int, str],
    now: int,
) -> None:
    out.line(
        ("tick ", "bold"),
        (str(tick.tick), "bold"),
        " of ",
        (tick.sensor, "bold"),
        "  ",
        status_text(tick.status),
    )
    out.facts(
        {
            "scheduled for": None if tick.scheduled_for is None else local_time(tick.scheduled_for),
            "started": f"{local_time(tick.started_at)} ({ago(tick.started_at, now)})",
            "ended": None if tick.ended_at is None else local_time(tick.ended_at),
            "took": None if tick.duration is None else took(tick.duration),
            "engine": tick.engine if tick.origin is None else None,
            "imported from": None if tick.origin is None else f"{tick.engine}, tick {tick.origin} there",
            "cursor before": cursor_text(tick.cursor_before) if tick.origin is None else None,
            "cursor after": cursor_text(tick.cursor_after),
            "skip reason": tick.skip_reason,
            "error": tick.error,
        }
    )
    _section(
        out, "log", ((offset, event) for offset, event in events if isinstance(event, TickLogged)), owners
    )
    _section(out, "events", ((o, e) for o, e in events if not isinstance(e, TickLogged)), owners)
    if tick.runs:
        out.section("runs")
        for run_id in tick.runs:
            run = runs.get(run_id)
            if run is None:
                out.line(run_id)
            else:
                out.line(f"{run.run}  {run.job}  ", status_text(run.status), f"  {one_line(run.error, 200)}")
    if tick.traceback:
        out.section("traceback")
        out.line(tick.traceback.rstrip())


def _section(
    out: Output, title: str, events: Iterator[tuple[int, AnyEvent]], owners: Mapping[int, str]
) -> None:
    for place, (offset, event) in enumerate(events):
        if place == 0:
            out.section(title)
        kind, what = type(event).__name__, details(event)
        if isinstance(event, RunKeyRepeated) and event.owner in owners:
            what += f", by run {owners[event.owner]}"
        out.line((f"{offset:>8}  {local_time(event.at)}  ", "dim"), (f"{kind:<16} ", style(event)), what)
