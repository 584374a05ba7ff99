"""``ticktrail why-not``: why a run key does not fire."""

from __future__ import annotations

import shlex
from contextlib import closing
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from msgspec.structs import asdict

from ...core.events import RunRequested
from ...core.log import EventLog
from ...core.run_keys import NOBODY
from ...projections.concurrency_limits import ConcurrencyLimits
from ...projections.hindrances import Hindrance, hindrances
from ...projections.key_story import KeyStory, Verdict, verdict
from ...projections.milestones import Milestones
from ...projections.run_keys import RunKeys
from ...projections.run_search import RunSearch
from ...projections.runs import Run, Runs
from ...projections.sensor_states import SensorStates
from ...projections.tick_record import TickRecord
from ..folding import fold
from ..home import Home
from ..system import SystemClock
from .describe import as_record, details
from .hindrance_text import facts_of, record_of
from .lookback import Lookback
from .operator import UnknownName
from .options import COMMON, Common
from .output import Output, status_text
from .reading import opened
from .sensor_status import sensor_status
from .text import UsageError, ago, local_time, one_line
from .waiting import Waiting
from .why_silent import DEFINE_IT


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """A run key that a request owns.

    Attributes:
        held_by: The limit that keeps the run from starting, None if there is none.
    """

    story: KeyStory
    run: Run
    held_by: str | None


class Free(msgspec.Struct, frozen=True, kw_only=True):
    """A run key that no request owns."""

    story: KeyStory
    record: TickRecord
    status: str
    hindrances: list[Hindrance]
    verdict: Verdict


def why_not(
    sensor: Annotated[str, Parameter(name="SENSOR", help="Name of the sensor.")],
    key: Annotated[
        str, Parameter(name="KEY", allow_leading_hyphen=True, help="Run key, as the sensor gives it.")
    ],
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Tell why a run key of a sensor does not fire: who owns it, or why nobody asked for it."""
    if not key:
        raise UsageError("the run key is empty: requests without a run key always fire")
    home, out, now = common.open(), Output(json=common.json), SystemClock().now()
    with opened(home) as log:
        found = _owned(home, log, sensor, key) or _free(home, log, sensor, key)
    if out.json:
        record = _owned_record(found) if isinstance(found, Owned) else _free_record(found, sensor, now)
        out.record({"sensor": sensor, "run_key": key, **record})
    elif isinstance(found, Owned):
        _show_owned(out, found, sensor, key, now)
    else:
        _show_free(out, found, sensor, key, now)
    return 0


def _owned(home: Home, log: EventLog, sensor: str, key: str) -> Owned | None:
    """Return who owns the key, found in the index of run keys, None if nobody does."""
    with closing(home.run_key_owners(log)) as index:
        keys = RunKeys(index)
        fold(log, keys)
        (owner,) = keys.owners(sensor, [key])
    request = None if owner == NOBODY else Lookback(log).event(owner)
    if not isinstance(request, RunRequested):
        return None
    story, search, runs = KeyStory(sensor, key), RunSearch(request.run), Runs()
    # Nothing before the request that owns the key matters.
    story.checkpoint = search.checkpoint = owner
    head = fold(log, story, search)
    runs.take([(owner, request), *search.course(request.run)], head)
    run = runs.get(request.run)
    assert run is not None
    return None if story.released is not None else Owned(story=story, run=run, held_by=_held_by(log, run))


def _held_by(log: EventLog, run: Run) -> str | None:
    if run.status != "QUEUED":
        return None
    runs, limits = Runs(), ConcurrencyLimits()
    fold(log, runs, limits)
    return Waiting(runs, limits).held_by(run)


def _free(home: Home, log: EventLog, sensor: str, key: str) -> Free:
    states, milestones = SensorStates(), Milestones()
    record, story = TickRecord(sensor), KeyStory(sensor, key)
    fold(log, states, milestones, record, story)
    if sensor not in states:
        raise UnknownName("sensor", sensor, states.names(), to_do=DEFINE_IT)
    state = states.get(sensor)
    found = hindrances(state, milestones, record, engine_runs=home.engine() is not None)
    return Free(
        story=story,
        record=record,
        status=sensor_status(state),
        hindrances=found,
        verdict=verdict(story, record),
    )


def _owned_record(found: Owned) -> dict[str, Any]:
    repeated = found.story.repeated
    return {
        "verdict": "requested",
        "run": asdict(found.run),
        "held_by": found.held_by,
        "repeats": found.story.repeats,
        "last_repeat": None if repeated is None else as_record(*repeated),
    }


def _free_record(found: Free, sensor: str, now: int) -> dict[str, Any]:
    story, record = found.story, found.record
    told = {
        "released": story.released,
        "rejected": story.rejected,
        "put_off": record.put_off,
        "last_end": record.last_end,
    }
    return {
        "verdict": found.verdict,
        "status": found.status,
        "ticks": record.ticks,
        "first_tick_at": record.first_tick_at,
        **{name: None if event is None else as_record(*event) for name, event in told.items()},
        "last_run": None if story.requested is None else story.requested[1].run,
        "moments": story.of_moments,
        "hindrances": [record_of(sensor, hindrance, now) for hindrance in found.hindrances],
    }


def _show_owned(out: Output, found: Owned, sensor: str, key: str, now: int) -> None:
    run, story = found.run, found.story
    out.line((f"run key {key!r} of {sensor}", "bold"), " was requested already")
    out.line(("owned by     ", "dim"), f"run {run.run} of {run.job}  ", status_text(run.status))
    again = None
    if story.repeated is not None:
        times = "once" if story.repeats == 1 else f"{story.repeats} times"
        _, event = story.repeated
        again = f"{times} since, the last time {ago(event.at, now)} by tick {event.tick}"
    out.facts(
        {
            "requested": f"{local_time(run.requested_at)} ({ago(run.requested_at, now)}) by tick {run.tick}",
            "error": run.error,
            "waits": None if found.held_by is None else f"until the limit {found.held_by} has room",
            "asked again": again,
            "to do": f"`ticktrail sensor release-keys {sensor} {_quoted(key)}` lets it be requested once more",
        }
    )


def _quoted(key: str) -> str:
    # One that begins like an option goes through standard input.
    return "KEY" if key.startswith("--") else shlex.quote(key)


def _show_free(out: Output, found: Free, sensor: str, key: str, now: int) -> None:
    story = found.story
    out.line((f"run key {key!r} of {sensor}", "bold"), f" {_TITLES[found.verdict]}")
    out.facts(
        {
            "rejected": None if story.rejected is None else _rejected(found, now),
            "released": None if story.released is None else _released(found, now),
            "moments": None if story.of_moment is None else _moments(found, now),
            "sensor": found.status,
            "ticks": _ticks(found.record, now),
            **facts_of(sensor, found.hindrances, now),
        }
    )


_TITLES: dict[Verdict, str] = {
    "requested": "was requested already",
    "rejected": "was asked for and rejected",
    "released": "was released, and no tick has asked for it since",
    "put off": "was not requested: it may be among what the last tick put off",
    "requested by moments": "is requested at each moment of the schedule by itself",
    "never asked for": "was never asked for by any tick",
}


def _rejected(found: Free, now: int) -> str:
    assert found.story.rejected is not None
    _, event = found.story.rejected
    return f"{local_time(event.at)} ({ago(event.at, now)}) by tick {event.tick}: {one_line(event.why, 200)}"


def _released(found: Free, now: int) -> str:
    assert found.story.released is not None
    _, event = found.story.released
    by = event.actor + (f": {event.reason}" if event.reason else "")
    owner = "" if found.story.requested is None else f"; until then run {found.story.requested[1].run} had it"
    return f"{local_time(event.at)} ({ago(event.at, now)}) by {by}{owner}"


def _moments(found: Free, now: int) -> str:
    assert found.story.of_moment is not None
    _, request = found.story.of_moment
    count = found.story.of_moments
    times = "1 moment" if count == 1 else f"{count} moments"
    return f"{times}, the last one {request.run_key!r} by run {request.run} ({ago(request.at, now)})"


def _ticks(record: TickRecord, now: int) -> str:
    if record.first_tick_at is None:
        return "none"
    count = "1" if record.ticks == 1 else str(record.ticks)
    since = f"{count} since {local_time(record.first_tick_at)}"
    if record.last_end is None:
        return since
    _, event = record.last_end
    said = one_line(details(event), 200)
    return (
        f"{since}; the last to end, tick {event.tick}, {ago(event.at, now)}: {type(event).__name__}, {said}"
    )
