"""``ticktrail run cancel``: runs that wait are given up."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ...core.errors import TickTrailError
from ...core.events import AnyEvent, RunCanceled
from ...projections.runs import Run, Runs
from ..identity import actor as current_actor
from .deciding import append_decided
from .options import COMMON, Common
from .output import Output
from .reading import opened
from .text import UsageError

#: How many are canceled in one append at the most.
_AT_ONCE = 10_000


def cancel(
    *run: Annotated[str, Parameter(name="ID", help="Id of a run that waits; its first letters are enough.")],
    sensor: Annotated[
        str | None, Parameter(help="All runs that this sensor asked for and that wait.")
    ] = None,
    reason: Annotated[
        str, Parameter(help="Why, for whoever reads the log later.")
    ] = "canceled by an operator",
    actor: Annotated[
        str | None, Parameter(help="Who acts; the operating system's user@host by default.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Give up runs that wait to be started; their run keys stay taken, and a run that goes on is not touched."""
    if bool(run) == (sensor is not None):
        raise UsageError("give the ids of runs, or --sensor NAME")
    who, out, runs, canceled = actor or current_actor(), Output(json=common.json), Runs(), 0

    events: list[AnyEvent] = []

    def decide(now: int) -> list[AnyEvent]:
        chosen = _of_sensor(runs, sensor) if sensor is not None else [_named(runs, name) for name in run]
        waiting = [found for found in chosen if found.status in ("QUEUED", "STARTING")]
        events[:] = [
            RunCanceled(at=now, run=found.run, cause=found.offset, reason=reason, actor=who)
            for found in waiting[:_AT_ONCE]
        ]
        return events

    with opened(common.open()) as log:
        while append_decided(log, who, decide, runs) is not None:
            canceled += len(events)
    if out.json:
        out.record({"canceled": canceled})
    else:
        out.line(f"{canceled} run{'' if canceled == 1 else 's'} canceled")
    return 0


def _of_sensor(runs: Runs, sensor: str) -> list[Run]:
    return [run for run in runs.unfinished() if run.sensor == sensor]


def _named(runs: Runs, name: str) -> Run:
    """Return the run that is meant.

    Raises:
        TickTrailError: There is none, or several, or it cannot be canceled.
    """
    found = runs.starting_with(name)
    if len(found) != 1:
        raise TickTrailError(f"{len(found) or 'no'} runs start with {name!r}: see `ticktrail run list`")
    if found[0].status not in ("QUEUED", "STARTING", "CANCELED"):
        raise TickTrailError(f"run {found[0].run} is {found[0].status}: only runs that wait can be canceled")
    return found[0]
