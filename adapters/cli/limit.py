"""``ticktrail limit``: how many runs may go on at once."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from cyclopts import App, Parameter

from ...core.events import AnyEvent, ConcurrencyLimitSet
from ...core.run_limits import check_limit, groups_of
from ...projections.concurrency_limits import ConcurrencyLimits
from ...projections.runs import Runs
from ..folding import fold
from ..identity import actor as current_actor
from .deciding import append_decided
from .options import COMMON, WHEN, Common, When
from .output import Output
from .reading import opened, viewed
from .text import UsageError, ago

app = App(name="limit", help="List, set and clear limits on how many runs go on at once.")

Limit = Annotated[
    str,
    Parameter(
        name="LIMIT",
        help="runs (all of them), job:NAME, tag:KEY, tag:KEY=VALUE, or tag:KEY=* (as many for each value).",
    ),
]
Reason = Annotated[str | None, Parameter(help="Why, for whoever reads the log later.")]
Actor = Annotated[str | None, Parameter(help="Who acts; the operating system's user@host by default.")]


@app.command(name="list")
def list_(*, when: When = WHEN, common: Common = COMMON) -> int:
    """List the limits, and how many runs go on and wait under each."""
    out, limits, runs = Output(json=common.json), ConcurrencyLimits(), Runs()
    with viewed(common.open(), when) as (log, now):
        fold(log, limits, runs)
    names, going_on, waiting = limits.max_runs(), Counter[str](), Counter[str]()
    for run in runs.unfinished():
        counted = waiting if run.status == "QUEUED" else going_on
        counted.update({name for name, _ in groups_of(run.job, run.tags, names)})
    events = sorted(limits.all().items())
    if out.json:
        for name, event in events:
            told = {"limit": name, "max_runs": event.max_runs, "actor": event.actor, "reason": event.reason}
            out.record({**told, "at": event.at, "going_on": going_on[name], "waiting": waiting[name]})
        return 0
    out.table(
        ["LIMIT", "MAX RUNS#", "GOING ON#", "WAITING#", "SET", "BY", "REASON"],
        (
            [
                name,
                str(event.max_runs),
                str(going_on[name]),
                str(waiting[name]),
                ago(event.at, now),
                event.actor,
                event.reason or "-",
            ]
            for name, event in events
        ),
        wide="REASON",
    )
    if not events:
        out.note("no limits are set: `ticktrail dev` starts as many runs at a time as its --max-runs says")
    return 0


@app.command(name="set")
def set_(
    limit: Limit,
    max_runs: Annotated[int, Parameter(name="MAX_RUNS", help="How many runs, 0 or more.")],
    /,
    *,
    reason: Reason = None,
    actor: Actor = None,
    common: Common = COMMON,
) -> int:
    """Set a limit; runs that go on are not touched, those that wait start as it has room."""
    if max_runs < 0:
        raise UsageError(f"MAX_RUNS is {max_runs}: give 0 or more, 0 lets none start")
    return _change(limit, max_runs, reason, actor, common)


@app.command
def clear(limit: Limit, /, *, reason: Reason = None, actor: Actor = None, common: Common = COMMON) -> int:
    """Lift a limit; what waited for it starts."""
    return _change(limit, None, reason, actor, common)


def _change(limit: str, max_runs: int | None, reason: str | None, actor: str | None, common: Common) -> int:
    check_limit(limit)
    who, out, limits = actor or current_actor(), Output(json=common.json), ConcurrencyLimits()
    before: int | None = None

    def decide(now: int) -> list[AnyEvent]:
        nonlocal before
        before = limits.max_runs().get(limit)
        event = ConcurrencyLimitSet(at=now, limit=limit, max_runs=max_runs, actor=who, reason=reason)
        return [] if before == max_runs else [event]

    with opened(common.open()) as log:
        offset = append_decided(log, who, decide, limits)
    if out.json:
        out.record({"limit": limit, "before": before, "after": max_runs, "offset": offset})
    elif offset is None:
        out.line(f"{limit} is {_shown(max_runs)} already")
    else:
        out.line(f"{limit}: {_shown(before)} → {_shown(max_runs)}")
    return 0


def _shown(max_runs: int | None) -> str:
    return "unlimited" if max_runs is None else f"at most {max_runs}"
