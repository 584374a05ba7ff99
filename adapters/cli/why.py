"""``ticktrail why``: why a run exists."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from ...core.events import RunKeyImported, RunRequested, TapeRecorded
from ...core.log import EventLog
from ...core.tape.mentions import mentions
from ...core.tape.storing import MissingBlob, tape_of
from ...projections.milestones import Milestones
from ...projections.origins import MOST_STEPS, Origin, origins
from ...projections.run_search import RunSearch
from ...projections.runs import Run, Runs
from ..folding import fold
from ..system import SystemClock
from .describe import as_record, event_line
from .imported_run import show_imported
from .lookback import Lookback
from .options import COMMON, Common
from .origin_text import left_out, root, title, told
from .output import Output, status_text
from .reading import opened
from .run_id import RunId, checked, the_one
from .text import ago, between, local_time


def why(run: RunId, /, *, common: Common = COMMON) -> int:
    """Tell why a run exists: the request, its tick, the code, and so on back to the root."""
    out, search, milestones = Output(json=common.json), RunSearch(checked(run)), Milestones()
    with opened(common.open()) as log:
        fold(log, search, milestones)
        found, past = the_one(run, search.found()), Lookback(log)
        request = past.event(search.requests[found])
        if isinstance(request, RunKeyImported):
            return show_imported(out, search.requests[found], request, past)
        row = _row(log, search, found)
        assert isinstance(request, RunRequested)
        steps = origins(past, milestones, row.offset, request)
        seen = [_seen(past, step) for step in steps]
    if out.json:
        chain = [{**_record(step), "seen": lines} for step, lines in zip(steps, seen, strict=True)]
        out.record({**asdict(row), "chain": chain, "root": _root(steps)})
    else:
        _show(out, row, steps, seen)
    return 0


def _seen(past: Lookback, step: Origin) -> list[str]:
    """Return what of the tick's tape the run key of its request was made from."""
    run_key = None if step.request is None else step.request[1].run_key
    recorded = next((each for each in step.tick if isinstance(each[1], TapeRecorded)), None)
    if recorded is None or not run_key:
        return []
    offset, event = recorded
    assert isinstance(event, TapeRecorded)
    try:
        return list(mentions(tape_of(event, lambda digest: past.blob(digest, offset)), run_key))
    except MissingBlob as error:
        return [str(error)]


def _row(log: EventLog, search: RunSearch, run: str) -> Run:
    """Return the run as it stands, of which only its own events are folded in."""
    offset, runs = search.requests[run], Runs()
    request = Lookback(log).event(offset)
    assert isinstance(request, RunRequested)
    runs.take([(offset, request), *search.course(run)], search.checkpoint)
    row = runs.get(run)
    assert row is not None
    return row


def _root(steps: list[Origin]) -> str:
    if len(steps) == MOST_STEPS and len(steps[-1].causes) == 1:
        return f"further back than {MOST_STEPS} steps"
    return root(steps[-1])


def _record(step: Origin) -> dict[str, Any]:
    started = step.started
    code = None if started is None else started.fingerprint
    return {
        "title": title(step),
        "code": code,
        "code_is_current": None if code is None else step.defined is not None and step.replaced is None,
        "events": [{**as_record(offset, event), "note": note or None} for offset, event, note in told(step)],
    }


def _show(out: Output, row: Run, steps: list[Origin], seen: list[list[str]]) -> None:
    now = SystemClock().now()
    out.line(("run ", "bold"), (row.run, "bold"), " of ", (row.job, "bold"), "  ", status_text(row.status))
    out.facts(
        {
            "run key": row.run_key,
            "partition": row.partition_key,
            "requested": f"{local_time(row.requested_at)} ({ago(row.requested_at, now)})",
            "started": None if row.started_at is None else f"{local_time(row.started_at)} in {row.where}",
            "ended": None if row.ended_at is None else local_time(row.ended_at),
            "took": None if row.ended_at is None else between(row.started_at, row.ended_at),
            "error": row.error,
            "root": _root(steps),
        }
    )
    for number, step in enumerate(steps):
        out.section(("" if number == 0 else "because ") + title(step))
        for item in told(step):
            out.line(*event_line(*item))
        for line in seen[number]:
            out.line(("          it had read ", "dim"), line)
        if left_out(step):
            out.line(f"          {left_out(step)} more log lines: ticktrail tick show {step.tick[0][0]}")
