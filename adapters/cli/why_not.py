"""``ticktrail why-not``: why a run key does not fire."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

from cyclopts import Parameter

from ...core.events import RunKeyImported, RunRequested
from ...core.log import EventLog
from ...core.run_keys import NOBODY
from ...projections.concurrency_limits import ConcurrencyLimits
from ...projections.hindrances import hindrances
from ...projections.key_story import KeyStory, verdict
from ...projections.milestones import Milestones
from ...projections.run_keys import RunKeys
from ...projections.run_search import RunSearch
from ...projections.runs import Run, Runs, imported_run
from ...projections.sensor_states import SensorStates
from ...projections.tick_record import TickRecord
from ..folding import fold
from ..home import Home
from ..system import SystemClock
from .key_told import Free, Owned, record_of, show
from .lookback import Lookback
from .operator import UnknownName
from .options import COMMON, Common
from .output import Output
from .reading import opened
from .text import UsageError
from .waiting import Waiting
from .why_silent import DEFINE_IT


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
        out.record(record_of(found, sensor, key, now))
    else:
        show(out, found, sensor, key, now)
    return 0


def _owned(home: Home, log: EventLog, sensor: str, key: str) -> Owned | None:
    """Return who owns the key, found in the index of run keys, None if nobody does."""
    with closing(home.run_key_owners(log)) as index:
        keys = RunKeys(index)
        fold(log, keys)
        (owner,) = keys.owners(sensor, [key])
    request = None if owner == NOBODY else Lookback(log).event(owner)
    if isinstance(request, RunKeyImported):
        return _imported(log, owner, request)
    if not isinstance(request, RunRequested):
        return None
    story, search, runs = KeyStory(sensor, key), RunSearch(request.run), Runs()
    # Nothing before the request that owns the key matters.
    story.checkpoint = search.checkpoint = owner
    head = fold(log, story, search)
    runs.take([(owner, request), *search.course(request.run)], head)
    run = runs.get(request.run)
    assert run is not None
    # Somebody may have released it a moment ago.
    return None if story.released is not None else Owned(story=story, run=run, held_by=_held_by(log, run))


def _imported(log: EventLog, owner: int, event: RunKeyImported) -> Owned | None:
    story = KeyStory(event.sensor, event.run_key)
    story.checkpoint = owner
    fold(log, story)
    run = imported_run(owner, event)
    return None if story.released is not None else Owned(story=story, run=run, held_by=None, imported=event)


def _held_by(log: EventLog, run: Run) -> str | None:
    if run.status != "QUEUED":
        return None
    runs, limits = Runs(), ConcurrencyLimits()
    fold(log, limits)
    # Most logs have no limits, and runs are many.
    if not limits.max_runs():
        return None
    fold(log, runs)
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
        status=state.standing,
        hindrances=found,
        verdict=verdict(story, record),
    )
