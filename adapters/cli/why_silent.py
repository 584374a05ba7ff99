"""``ticktrail why-silent``: why a sensor requests no runs."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter
from msgspec.structs import asdict

from ...core.events import RunRequested
from ...core.lean_events import RequestedKey
from ...core.sensor_state import SCHEDULE, SensorState
from ...projections.hindrances import Hindrance, hindrances
from ...projections.milestones import Milestones
from ...projections.sensor_states import SensorStates
from ...projections.tick_record import Outcome, TickRecord
from ..folding import fold
from ..system import SystemClock
from .hindrance_text import facts_of, record_of
from .operator import UnknownName
from .options import COMMON, Common
from .output import Output, status_text
from .reading import opened
from .text import ago, local_time, moment, one_line

#: What to do about a sensor that the log does not know.
DEFINE_IT = "a sensor is known once an engine has loaded it: `ticktrail dev -f FILE`"

#: Different endings of ticks that are shown.
_MOST = 10


def why_silent(
    sensor: Annotated[str, Parameter(name="SENSOR", help="Name of the sensor.")],
    /,
    *,
    since: Annotated[
        str | None,
        Parameter(
            help="Look at what was since: 30m, 24h, 7d before now, or an ISO time; the last run without it."
        ),
    ] = None,
    common: Common = COMMON,
) -> int:
    """Tell why a sensor requests no runs: what keeps it from that, and how its ticks ended."""
    out, now = Output(json=common.json), SystemClock().now()
    begin = None if since is None else moment(since, now)
    home = common.open()
    states, milestones, record = SensorStates(), Milestones(), TickRecord(sensor, begin)
    with opened(home) as log:
        fold(log, states, milestones, record)
    if sensor not in states:
        raise UnknownName("sensor", sensor, states.names(), to_do=DEFINE_IT)
    state = states.get(sensor)
    found = hindrances(state, milestones, record, engine_runs=home.engine() is not None)
    if out.json:
        out.record(_record(state, record, found, begin, now))
    else:
        _show(out, state, record, found, begin, now)
    return 0


def _record(
    state: SensorState, record: TickRecord, found: list[Hindrance], begin: int | None, now: int
) -> dict[str, Any]:
    return {
        "sensor": state.name,
        "status": state.standing,
        "since": _silent_since(record, begin),
        "requested": record.requested,
        "hindrances": [record_of(state.name, hindrance, now) for hindrance in found],
        "outcomes": [asdict(outcome) for outcome in record.outcomes()],
        "ticks": record.ticks,
        "ticks_imported": record.imported,
        "first_tick_at": record.first_tick_at,
        "last_run": None if record.last_request is None else _run_record(*record.last_request),
    }


def _run_record(offset: int, request: RunRequested | RequestedKey) -> dict[str, Any]:
    told = ("run", "job", "tick", "run_key", "at")
    return {"offset": offset, **{name: getattr(request, name) for name in told}}


def _silent_since(record: TickRecord, begin: int | None) -> int | None:
    if begin is not None or record.last_request is None:
        return begin
    return record.last_request[1].at


def _show(
    out: Output, state: SensorState, record: TickRecord, found: list[Hindrance], begin: int | None, now: int
) -> None:
    status = status_text(state.standing)
    out.line((state.name, "bold"), "  ", status, "  ", _summary(record, found, begin, now))
    out.facts(
        {**facts_of(state.name, found, now), **_next_moment(state, now), "last run": _last_run(record, now)}
    )
    outcomes = record.outcomes()
    if outcomes:
        out.section("ticks since then that requested nothing")
        out.table(
            ["TICKS#", "STATUS", "LAST", "ID#", "WHY"],
            (_row(outcome, now) for outcome in outcomes[:_MOST]),
            wide="WHY",
        )
    if len(outcomes) > _MOST:
        out.note(f"and {len(outcomes) - _MOST} other reasons: see `ticktrail tick list {state.name}`")


def _summary(record: TickRecord, found: list[Hindrance], begin: int | None, now: int) -> str:
    if begin is not None and record.requested:
        runs = "1 run" if record.requested == 1 else f"{record.requested} runs"
        return f"is not silent: {runs} requested since {local_time(begin)}"
    if record.last_request is None:
        return "has never requested a run"
    since = _silent_since(record, begin)
    assert since is not None
    if begin is None and not found and not record.outcomes():
        return f"is not silent: the last tick that ended requested runs ({ago(since, now)})"
    return f"no run requested since {local_time(since)} ({ago(since, now)})"


def _last_run(record: TickRecord, now: int) -> str:
    if record.last_request is None:
        return "none"
    _, request = record.last_request
    key = f" for run key {request.run_key!r}" if request.run_key else ""
    when = f"{local_time(request.at)} ({ago(request.at, now)})"
    return f"{request.run} of {request.job}{key}, requested {when} by tick {request.tick}"


def _next_moment(state: SensorState, now: int) -> dict[str, str]:
    """Return when a schedule that is on ticks next, nothing for all else."""
    if state.kind != SCHEDULE or not state.running or state.cron_schedule is None:
        return {}
    from ...core.moments import next_moment
    from ..cron import cron_moments

    moments = cron_moments(state.cron_schedule.split("; "), state.timezone or "UTC")
    at = next_moment(state, moments, now)
    return {"next moment": f"{local_time(at)} ({ago(at, now)}), by {state.cron_schedule}"}


def _row(outcome: Outcome, now: int) -> list[str]:
    why = one_line(outcome.why, 200) or "no reason given"
    return [str(outcome.count), outcome.status, ago(outcome.last_at, now), str(outcome.last_tick), why]
