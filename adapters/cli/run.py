"""``ticktrail run``: runs, their outcome and their logs."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from msgspec.structs import asdict

from ...core.errors import TickTrailError
from ...core.events import AnyEvent, RunStatus, SensorReacted, StepLogged
from ...core.log import EventLog
from ...projections.concurrency_limits import ConcurrencyLimits
from ...projections.fold import Folded
from ...projections.runs import Run, Runs
from ..folding import fold
from .cancel import cancel
from .describe import as_record, details, style
from .launch import launch
from .options import COMMON, WHEN, Common, When
from .output import Output, status_text
from .reading import viewed
from .run_id import SHORT, RunId, checked, the_one
from .text import UsageError, ago, between, local_time, one_line
from .waiting import Waiting

app = App(name="run", help="List, launch and cancel runs, and show their logs.")
app.command(launch)
app.command(cancel)


@app.command(name="list")
def list_(
    *,
    status: Annotated[RunStatus | None, Parameter(help="Only runs that stand so.")] = None,
    job: Annotated[str | None, Parameter(help="Only runs of this job.")] = None,
    limit: Annotated[int, Parameter(help="How many at the most, the latest ones.")] = 20,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """List runs, the latest requested first."""
    if limit < 1:
        raise UsageError(f"--limit is {limit}: give 1 or more")
    out, runs, limits = Output(json=common.json), Runs(), ConcurrencyLimits()
    with viewed(common.open(), when) as (log, now):
        fold(log, runs, limits)
    wanted = [run for run in runs if status in (None, run.status) and job in (None, run.job)]
    latest = wanted[: -limit - 1 : -1]
    if out.json:
        out.records(latest)
        return 0
    out.table(
        ["ID", "JOB", "STATUS", "REQUESTED", "TOOK#", "ASKED BY", "RUN KEY", "ERROR"],
        (_row(run, now) for run in latest),
        wide="RUN KEY" if not any(run.error for run in latest) else "ERROR",
    )
    if not latest:
        out.note("no such runs")
    for name, count in sorted(Waiting(runs, limits).counts().items()):
        held = "1 run waits" if count == 1 else f"{count} runs wait"
        out.note(f"{held} since the limit {name} is reached: `ticktrail limit list`")
    return 0


@app.command
def show(run: RunId, /, *, when: When = WHEN, common: Common = COMMON) -> int:
    """Show a run: who asked for it, its config and tags, its course and outcome."""
    out, limits = Output(json=common.json), ConcurrencyLimits()
    with viewed(common.open(), when) as (log, now):
        row, events, runs = _find(log, run, limits)
    if out.json:
        out.record({**asdict(row), "events": [as_record(*item) for item in events]})
        return 0
    held_by = Waiting(runs, limits).held_by(row)
    out.line(("run ", "bold"), (row.run, "bold"), " of ", (row.job, "bold"), "  ", status_text(row.status))
    out.facts(
        {
            "requested": f"{local_time(row.requested_at)} ({ago(row.requested_at, now)})",
            "asked by": f"tick {row.tick} of {row.sensor}" if row.sensor else row.actor,
            "run key": row.run_key,
            "partition": row.partition_key,
            "assets": ", ".join(row.asset_selection) if row.asset_selection else None,
            "config": _json(row.run_config) if row.run_config else None,
            "tags": ", ".join(f"{key}={value}" for key, value in sorted(row.tags.items())) or None,
            "waits": None if held_by is None else f"until the limit {held_by} has room",
            "started": None if row.started_at is None else f"{local_time(row.started_at)} in {row.where}",
            "ended": None if row.ended_at is None else local_time(row.ended_at),
            "took": None if row.ended_at is None else between(row.started_at, row.ended_at),
            "error": row.error,
            "logs": f"ticktrail run logs {row.run[:SHORT]}",
        }
    )
    out.section("events")
    for offset, event in events:
        if not (isinstance(event, StepLogged) and event.kind == "LOG"):
            _event_line(out, offset, event)
    if row.traceback:
        out.section("traceback")
        out.line(row.traceback.rstrip())
    return 0


@app.command
def logs(run: RunId, /, *, when: When = WHEN, common: Common = COMMON) -> int:
    """Show a run's log lines, then what its process wrote to standard output and error.

    What the process wrote has no times: of a run that had not ended by what --as-of says, it is left out.
    """
    home, out = common.open(), Output(json=common.json)
    with viewed(home, when) as view:
        row, events, _ = _find(view.log, run)
    lines = [line for _, event in events if (line := _log_line(event)) is not None]
    folder = home.run_folder(row.run)
    if out.json:
        out.records({"source": "log", **asdict(line)} for line in lines)
    else:
        for line in lines:
            out.line(
                (f"{local_time(line.at)}  {line.level:<8}", "dim"), f"{line.step or '':<16}  ", _said(line)
            )
    if when.as_of is not None and row.ended_at is None and folder.exists():
        out.note(f"run {row.run[:SHORT]} was {row.status}: what its process had written by then is not known")
        return 0
    for name in ("stdout", "stderr"):
        file = folder / name
        try:
            text = file.read_text(errors="replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise TickTrailError(f"{file} cannot be read: {error.strerror}") from error
        if out.json:
            out.records({"source": name, "message": line} for line in text.splitlines())
        elif text:
            out.section(name)
            out.line(text.rstrip("\n"))
    if not lines and not folder.exists() and not out.json:
        out.note(f"run {row.run[:SHORT]} is {row.status} and has no logs on this machine")
    return 0


def _find(log: EventLog, prefix: str, *others: Folded) -> tuple[Run, list[tuple[int, AnyEvent]], Runs]:
    """Return the one run whose id starts so, its events, and all runs; *others* are folded along.

    Raises:
        TickTrailError: There is none, or more than one.
    """
    runs = Runs()
    events: list[tuple[int, AnyEvent]] = []

    def note(offset: int, event: AnyEvent) -> None:
        if str(getattr(event, "run", None) or "").startswith(prefix):
            events.append((offset, event))

    checked(prefix)
    fold(log, runs, *others, each=note)
    run = runs.get(the_one(prefix, [run.run for run in runs.starting_with(prefix)]))
    assert run is not None
    own = [(offset, event) for offset, event in events if getattr(event, "run", None) == run.run]
    return run, own, runs


def _row(run: Run, now: int) -> list[str]:
    return [
        run.run[:SHORT],
        run.job,
        run.status,
        ago(run.requested_at, now),
        between(run.started_at, run.ended_at),
        one_line(run.sensor or run.actor, 24),
        one_line(run.run_key, 60) or "-",
        one_line(run.error, 200),
    ]


def _event_line(out: Output, offset: int, event: AnyEvent) -> None:
    kind = type(event).__name__
    out.line(
        (f"{offset:>8}  {local_time(event.at)}  ", "dim"), (f"{kind:<17} ", style(event)), details(event)
    )


def _log_line(event: AnyEvent) -> StepLogged | None:
    """Return the line of the run's log that *event* is, or that tells of it."""
    if isinstance(event, SensorReacted):
        how = "reacted to" if event.error is None else f"failed to react ({event.error}) to"
        message = f'Sensor "{event.sensor}" {how} event {event.cause} of run {event.run}.'
        return StepLogged(at=event.at, run=event.run or "", step=None, level="INFO", message=message)
    return event if isinstance(event, StepLogged) else None


def _said(line: StepLogged) -> str:
    return line.message if line.kind == "LOG" or line.message else line.kind.lower()


def _json(value: object) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()
