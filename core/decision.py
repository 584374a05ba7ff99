"""What a finished evaluation amounts to: the events that end its tick.

Rules: ``sensor-semantics`` 4.4, 4.5 and 4.7 of the reference behaviour, with these differences,
listed for users in ``docs/compatibility.md``:

* one request that cannot become a run does not stop the others, and none is launched twice;
* a cursor that an operator set while the tick was in flight stays;
* reactions that failed fail the tick and do not hold its cursor back: the next events are handled;
* a sensor that was stopped while its tick was in flight requests nothing and keeps its cursor.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .evaluation import Evaluation, Reacted, Request
from .events import (
    AnyEvent,
    CursorUpdated,
    EvaluationDiscarded,
    RequestRejected,
    RunKeyRepeated,
    RunRequested,
    SensorReacted,
    TickCompleted,
    TickFailed,
    TickLogged,
    TickSkipped,
)
from .partition_changes import changed_partitions, without_deletions
from .partitions_store import DynamicPartitionsStore
from .run_keys import NOBODY
from .sensor_state import SCHEDULE, SensorState


class FinishedTick(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tick whose evaluation is over, one way or another.

    Attributes:
        tick: The tick's id.
        sensor: The sensor's name.
        evaluation: What came of it.
        duration: Wall time of the evaluation in seconds, >= 0.
        timed_out: Whether the evaluation was abandoned while its function still runs.
    """

    tick: int
    sensor: str
    evaluation: Evaluation
    duration: float
    timed_out: bool = False


class Verdicts(msgspec.Struct):
    """What became of the requests of one tick, and the events that say so."""

    events: list[AnyEvent] = []
    problems: list[str] = []
    requested: int = 0
    repeated: int = 0
    last_run_key: str | None = None


def decide(
    state: SensorState,
    finished: FinishedTick,
    *,
    owners: Sequence[int],
    run_ids: Sequence[str],
    partitions: DynamicPartitionsStore,
    offset: int,
    at: int,
) -> list[AnyEvent]:
    """Return the events that end the tick. Pure: same arguments, same events.

    Args:
        state: The sensor at the head on which the events will be appended.
        owners: For each request, the offset of the request that owns its run key, or `NOBODY`.
        run_ids: As many ids for runs as there are requests without an owner.
        partitions: The dynamic partitions at that head.
        offset: The offset that the first of the events will get.
        at: UTC, microseconds since the epoch.
    """
    if state.open_tick != finished.tick:
        return [_discarded(finished, at)]
    evaluation = finished.evaluation
    events: list[AnyEvent] = [
        TickLogged(at=logged_at, tick=finished.tick, sensor=finished.sensor, level=level, message=message)
        for logged_at, level, message in evaluation.logs
    ]
    events += [_note(finished, note, at) for note in evaluation.notes]
    if evaluation.error is not None and not evaluation.reactions:
        return [*events, *_cursor(state, finished, Verdicts(), at), _failed(finished, evaluation.error, at)]
    if evaluation.requests and not state.running:
        return [*events, _stopped_in_flight(finished, at)]
    events += [_reacted(finished, reaction, at) for reaction in evaluation.reactions]
    events += [msgspec.structs.replace(event, at=at, tick=finished.tick) for event in evaluation.asset_events]
    changes = evaluation.partition_changes
    if _asks_again(evaluation):
        changes = without_deletions(changes)
    events += changed_partitions(changes, partitions, tick=finished.tick, at=at)
    verdicts = _judge(finished, owners, run_ids, offset + len(events), at)
    events += verdicts.events
    events += _cursor(state, finished, verdicts, at)
    return [*events, _end(finished, verdicts, at)]


def _judge(
    finished: FinishedTick, owners: Sequence[int], run_ids: Sequence[str], offset: int, at: int
) -> Verdicts:
    verdicts = Verdicts()
    events, claimed, repeated = verdicts.events, dict[str, int](), 0
    tick, sensor, requests = finished.tick, finished.sensor, finished.evaluation.requests
    unused_ids = iter(run_ids)
    # There may be a hundred thousand of them.
    for place, (request, owner) in enumerate(zip(requests, owners, strict=True), offset):
        key = request.run_key or None
        if request.problem is not None:
            index = place - offset
            events.append(_rejected(finished, request, index, at))
            verdicts.problems.append(f"request {index}: {request.problem}")
            continue
        if key is not None:
            owner = claimed.get(key, owner)
            if owner != NOBODY:
                events.append(
                    RunKeyRepeated(at=at, tick=tick, sensor=sensor, run_key=key, owner=owner, job=request.job)
                )
                repeated += 1
                continue
            claimed[key] = place
        events.append(
            RunRequested(
                at=at,
                run=next(unused_ids),
                job=request.job or "",
                tick=tick,
                sensor=sensor,
                run_key=key,
                run_config=request.run_config,
                given_tags=request.tags,
                partition_key=request.partition_key,
                asset_selection=request.asset_selection,
            )
        )
    verdicts.repeated = repeated
    verdicts.requested = len(requests) - repeated - len(verdicts.problems)
    verdicts.last_run_key = next((request.run_key for request in reversed(requests) if request.run_key), None)
    return verdicts


def _rejected(finished: FinishedTick, request: Request, index: int, at: int) -> RequestRejected:
    return RequestRejected(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        index=index,
        why=request.problem or "",
        run_key=request.run_key or None,
        job=request.job,
    )


def _cursor(state: SensorState, finished: FinishedTick, verdicts: Verdicts, at: int) -> list[AnyEvent]:
    after, tick, sensor = finished.evaluation.cursor, finished.tick, finished.sensor
    if after == finished.evaluation.cursor_before:
        return []
    if state.cursor_reset is not None and state.cursor_reset > tick:
        message = (
            f"an operator set the cursor to {state.cursor!r} while this tick was in flight; "
            f"the tick's own cursor {after!r} is not stored"
        )
        return [_note(finished, message, at)]
    # A schedule's moment is evaluated once.
    if _asks_again(finished.evaluation) and state.kind != SCHEDULE:
        return []
    return [CursorUpdated(at=at, tick=tick, sensor=sensor, before=state.cursor, after=after)]


def _asks_again(evaluation: Evaluation) -> bool:
    """Return whether the cursor waits, for the next tick to ask again for what was rejected.

    It does not if that would ask once more for a run that is launched now and that no run key
    protects, or react to an event once more.
    """
    requests = evaluation.requests
    rejected = any(request.problem is not None for request in requests)
    protected = all(request.run_key or request.problem is not None for request in requests)
    return rejected and protected and not evaluation.reactions


def _note(finished: FinishedTick, message: str, at: int) -> TickLogged:
    return TickLogged(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        level="WARNING",
        message=message,
        logger="engine",
    )


def _reacted(finished: FinishedTick, reaction: Reacted, at: int) -> SensorReacted:
    return SensorReacted(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        cause=reaction.cause,
        run=reaction.run,
        error=reaction.error,
        traceback=reaction.traceback,
        skip_reason=reaction.skip_reason,
    )


def _end(finished: FinishedTick, verdicts: Verdicts, at: int) -> AnyEvent:
    if verdicts.problems:
        total = len(finished.evaluation.requests)
        summary = f"{len(verdicts.problems)} of {total} run requests rejected: {verdicts.problems[0]}"
        return _failed(finished, summary, at)
    if finished.evaluation.error is not None:
        return _failed(finished, finished.evaluation.error, at)
    reactions = finished.evaluation.reactions
    if verdicts.requested == 0 and all(reaction.skip_reason for reaction in reactions):
        return TickSkipped(
            at=at,
            tick=finished.tick,
            sensor=finished.sensor,
            reason=finished.evaluation.skip_reason,
            duration=finished.duration,
            repeated=verdicts.repeated,
            last_run_key=verdicts.last_run_key,
            reacted=len(reactions),
        )
    return TickCompleted(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        duration=finished.duration,
        requested=verdicts.requested,
        repeated=verdicts.repeated,
        last_run_key=verdicts.last_run_key,
        reacted=len(reactions),
    )


def _failed(finished: FinishedTick, error: str, at: int) -> TickFailed:
    return TickFailed(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        error=error,
        duration=finished.duration,
        traceback=finished.evaluation.traceback,
        timed_out=finished.timed_out,
        reacted=len(finished.evaluation.reactions),
    )


def _stopped_in_flight(finished: FinishedTick, at: int) -> TickSkipped:
    count = len(finished.evaluation.requests)
    return TickSkipped(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        reason=f"sensor stopped while the tick was in flight: its {count} run requests were not made, "
        "its cursor was not stored",
        duration=finished.duration,
    )


def _discarded(finished: FinishedTick, at: int) -> EvaluationDiscarded:
    evaluation = finished.evaluation
    if evaluation.error is not None:
        outcome = evaluation.error
    elif evaluation.requests:
        outcome = f"{len(evaluation.requests)} run requests"
    else:
        outcome = f"skip: {evaluation.skip_reason}" if evaluation.skip_reason else "skip"
    return EvaluationDiscarded(
        at=at, tick=finished.tick, sensor=finished.sensor, duration=finished.duration, outcome=outcome
    )
