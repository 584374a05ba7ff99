"""The moments of a schedule: which one is evaluated next, and what a tick that has handled one leaves.

A schedule's cursor is the last moment that it has handled, so that moving on and requesting runs are
one append, and no moment is handled twice whatever crashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from .cron import Moments
from .evaluation import Evaluation, Request
from .events import RUN_KEY_TAG
from .moment_text import moment_of_text, moment_text
from .sensor_state import SensorState

#: How many moments that were missed are evaluated after all: the latest ones.
MOST_CAUGHT_UP = 5

#: How many missed moments are counted one by one.
MOST_COUNTED = 100

#: The tag of a run that holds the moment of the schedule that asked for it.
SCHEDULED_TIME_TAG = ".dagster/scheduled_execution_time"

_MINUTE = 60_000_000


def next_moment(state: SensorState, moments: Moments, now: int) -> int:
    """Return the moment that the schedule evaluates next: the earliest missed one, or one after *now*.

    Of more than `MOST_CAUGHT_UP` missed ones, all but the latest are passed over.
    """
    base = _handled_up_to(state, now)
    missed = list(islice(_between(moments, base, now), MOST_COUNTED + 1))
    if not missed:
        return moments(base)
    if len(missed) > MOST_COUNTED:
        missed = _latest(moments, base, now)
    return missed[-MOST_CAUGHT_UP:][0]


def passed_over(state: SensorState, moments: Moments, moment: int) -> str | None:
    """Return what the tick for *moment*, begun in *state*, has to say of the moments before; None if nothing."""
    before = islice(_between(moments, _handled_up_to(state, moment), moment - 1), MOST_COUNTED + 1)
    count = sum(1 for _ in before)
    if not count:
        return None
    many = f"more than {MOST_COUNTED}" if count > MOST_COUNTED else str(count)
    return (
        f"{many} missed moment{'' if count == 1 else 's'} before {moment_text(moment)} passed over: "
        f"no more than the latest {MOST_CAUGHT_UP} are caught up"
    )


def handled(evaluation: Evaluation, state: SensorState, moments: Moments, moment: int) -> Evaluation:
    """Return the evaluation with what makes it one of the schedule's *moment*, whatever came of it.

    The cursor becomes the moment, also after a failure, as it is not tried again. Run keys hold for the
    moment alone: the same key is asked for again at the next.

    Args:
        state: The schedule when the tick started.
    """
    text, note = moment_text(moment), passed_over(state, moments, moment)
    return msgspec.structs.replace(
        evaluation,
        requests=[_of_moment(request, text) for request in evaluation.requests],
        cursor=text,
        cursor_before=state.cursor,
        notes=[*evaluation.notes, *([note] if note else [])],
    )


def _of_moment(request: Request, moment: str) -> Request:
    key = f"{request.run_key} @ {moment}" if request.run_key else None
    if request.problem is not None:
        return msgspec.structs.replace(request, run_key=key)
    tags = {**request.tags, SCHEDULED_TIME_TAG: moment}
    if request.run_key:
        # The run's tag has the key as it was given.
        tags[RUN_KEY_TAG] = request.run_key
    return msgspec.structs.replace(request, run_key=key, tags=tags)


def _handled_up_to(state: SensorState, now: int) -> int:
    """Return the time after which moments are to be evaluated."""
    known = [at for at in (moment_of_text(state.cursor), state.moments_after) if at is not None]
    return max(known, default=now)


def _between(moments: Moments, after: int, until: int) -> Iterator[int]:
    """Yield the moments after *after*, up to and including *until*."""
    while (after := moments(after)) <= until:
        yield after


def _latest(moments: Moments, base: int, now: int) -> list[int]:
    """Return the latest moments up to *now*, `MOST_CAUGHT_UP` or more: looks back further and further."""
    stretch = _MINUTE
    while True:
        found = list(_between(moments, max(base, now - stretch), now))
        if len(found) >= MOST_CAUGHT_UP:
            return found
        stretch *= 2
