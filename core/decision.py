"""What a finished evaluation amounts to: the events that end its tick.

Rules: ``sensor-semantics`` 4.4, 4.5 and 4.7 of the reference behaviour, with these differences,
listed for users in ``docs/compatibility.md``:

* one request that cannot become a run does not stop the others, and none is launched twice;
* a cursor that an operator set while the tick was in flight stays;
* reactions that failed fail the tick and do not hold its cursor back: the next events are handled;
* a sensor that was stopped while its tick was in flight requests nothing and keeps its cursor.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import msgspec

from .allowance import allowance, room_at, with_requested
from .authoring.sensor_limits import SensorLimits
from .evaluation import Evaluation, Reacted, Request
from .events import (
    TRY_TAG,
    AnyEvent,
    CursorUpdated,
    EvaluationDiscarded,
    RequestRejected,
    RequestsPutOff,
    RunKeyRepeated,
    RunKeysReleased,
    RunRequested,
    SensorQuarantined,
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
from .tape.storing import tape_events
from .tape.tape import Tape

_NO_LIMITS = SensorLimits()
_NO_TRIES: Mapping[str, int] = {}

#: Who frees run keys for another try.
_POLICY = "run key policy"


class FinishedTick(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tick whose evaluation is over, one way or another.

    Attributes:
        tick: The tick's id.
        sensor: The sensor's name.
        evaluation: What came of it.
        duration: Wall time of the evaluation in seconds, >= 0.
        timed_out: Whether the evaluation was abandoned while its function still runs.
        ordered: Whether an operator ordered this tick: it requests runs although the sensor is off.
        tape: What it read; None if that was not recorded.
    """

    tick: int
    sensor: str
    evaluation: Evaluation
    duration: float
    timed_out: bool = False
    ordered: bool = False
    tape: Tape | None = None


class Verdicts(msgspec.Struct):
    """What became of the requests of one tick, and the events that say so."""

    events: list[AnyEvent] = []
    problems: list[str] = []
    requested: int = 0
    repeated: int = 0
    put_off: int = 0
    last_run_key: str | None = None


def decide(
    state: SensorState,
    finished: FinishedTick,
    *,
    owners: Sequence[int],
    run_ids: Sequence[str],
    partitions: DynamicPartitionsStore,
    limits: SensorLimits = _NO_LIMITS,
    tries: Mapping[str, int] = _NO_TRIES,
    stored: Container[bytes] = frozenset(),
    offset: int,
    at: int,
) -> list[AnyEvent]:
    """Return the events that end the tick. Pure: same arguments, same events.

    Args:
        state: The sensor at the head on which the events will be appended.
        owners: For each request, the offset of the request that owns its run key, or `NOBODY`; that too for
            the keys in *tries*.
        run_ids: As many ids for runs as there are requests without an owner.
        partitions: The dynamic partitions at that head.
        limits: What the sensor may ask for, and when it is quarantined.
        tries: The keys that the sensor's policy frees for one more run, with the number of that try.
        stored: Digests of the blobs at that head.
        offset: The offset that the first of the events will get.
        at: UTC, microseconds since the epoch.
    """
    if state.open_tick != finished.tick:
        return [_discarded(finished, at)]
    tape: list[AnyEvent] = []
    if finished.tape is not None:
        tape += tape_events(finished.tape, stored, tick=finished.tick, sensor=finished.sensor, at=at)
    events = _ending(state, finished, owners, run_ids, partitions, limits, tries, offset + len(tape), at)
    return [*tape, *events, *_quarantine(state, limits, events[-1], at)]


def _ending(
    state: SensorState,
    finished: FinishedTick,
    owners: Sequence[int],
    run_ids: Sequence[str],
    partitions: DynamicPartitionsStore,
    limits: SensorLimits,
    tries: Mapping[str, int],
    offset: int,
    at: int,
) -> list[AnyEvent]:
    evaluation = finished.evaluation
    events = _logged(finished, at) if evaluation.logs or evaluation.notes else []
    if evaluation.error is not None and not evaluation.reactions:
        return [*events, *_cursor(state, finished, False, at), _failed(finished, evaluation.error, at)]
    # Most ticks: there is nothing to judge.
    if not evaluation.asks:
        return [*events, *_cursor(state, finished, False, at), _end(finished, Verdicts(), at)]
    if evaluation.requests and not (state.running or finished.ordered):
        return [*events, _stopped_in_flight(finished, at)]
    allowed, why = allowance(limits, state.recent, at)
    if evaluation.reactions:
        allowed = len(evaluation.requests)
    put_off = _over(evaluation, owners, allowed)
    if put_off and (problem := _cannot_be_put_off(state, evaluation)):
        error = f"{allowed + put_off} new runs in one tick, {allowed} are allowed ({why}): {problem}"
        # A schedule's moment is over nevertheless: it would be evaluated at once, again and again.
        return [*events, *_cursor(state, finished, True, at), _failed(finished, error, at)]
    events += [_reacted(finished, reaction, at) for reaction in evaluation.reactions]
    events += [msgspec.structs.replace(event, at=at, tick=finished.tick) for event in evaluation.asset_events]
    changes = evaluation.partition_changes
    asks_again = put_off > 0 or _asks_again(evaluation)
    if asks_again:
        changes = without_deletions(changes)
    events += changed_partitions(changes, partitions, tick=finished.tick, at=at)
    since = finished.tick if state.put_off_since is None else state.put_off_since
    verdicts = _judge(finished, owners, run_ids, tries, allowed, since, offset + len(events), at)
    events += verdicts.events
    if put_off:
        verdicts.put_off = put_off
        again_at = (
            at if why == "per tick" else room_at(with_requested(state.recent, verdicts.requested, at), at)
        )
        events.append(
            RequestsPutOff(
                at=at,
                tick=finished.tick,
                sensor=finished.sensor,
                count=put_off,
                limit=allowed,
                why=why,
                again_at=again_at,
            )
        )
    events += _cursor(state, finished, asks_again, at)
    return [*events, _end(finished, verdicts, at)]


def _logged(finished: FinishedTick, at: int) -> list[AnyEvent]:
    """Return the lines of the tick's log."""
    lines: list[AnyEvent] = [
        TickLogged(at=logged_at, tick=finished.tick, sensor=finished.sensor, level=level, message=message)
        for logged_at, level, message in finished.evaluation.logs
    ]
    return [*lines, *(_note(finished, note, at) for note in finished.evaluation.notes)]


def _over(evaluation: Evaluation, owners: Sequence[int], allowed: int) -> int:
    """Return how many new runs are asked for above what is allowed."""
    if len(evaluation.requests) <= allowed:
        return 0
    asked = zip(evaluation.requests, owners, strict=True)
    new = [request.run_key or None for request, owner in asked if owner == NOBODY and request.problem is None]
    without_key = new.count(None)
    return max(without_key + len(set(new) - {None}) - allowed, 0)


def _cannot_be_put_off(state: SensorState, evaluation: Evaluation) -> str | None:
    """Return why what is over a limit cannot be asked for again, and what to do."""
    if state.kind == SCHEDULE:
        return "a schedule does not ask again for the same moment, ask for fewer or raise its limits"
    if any(not request.run_key and request.problem is None for request in evaluation.requests):
        return "those without run keys would be launched again, give run keys or raise the sensor's limits"
    return None


def _judge(
    finished: FinishedTick,
    owners: Sequence[int],
    run_ids: Sequence[str],
    tries: Mapping[str, int],
    allowed: int,
    since: int,
    offset: int,
    at: int,
) -> Verdicts:
    """Decide on each request.

    Args:
        allowed: How many may become runs.
        since: The tick that began to put off what is asked for here. What it and those after it requested is
            asked for again by nobody's fault: such repeats are not noted one by one.
    """
    requests, verdicts = finished.evaluation.requests, Verdicts()
    verdicts.last_run_key = next((request.run_key for request in reversed(requests) if request.run_key), None)
    if not tries and owners.count(NOBODY) <= allowed and _are_apart(requests, owners):
        verdicts.events += _at_once(finished, owners, run_ids, since, offset, at)
        verdicts.requested = owners.count(NOBODY)
        verdicts.repeated = len(verdicts.events) - verdicts.requested
        return verdicts
    events, claimed, unused_ids = verdicts.events, dict[str, int](), iter(run_ids)
    for index, (request, owner) in enumerate(zip(requests, owners, strict=True)):
        key, tags = request.run_key or None, request.tags
        if request.problem is not None:
            events.append(_rejected(finished, request, index, at))
            verdicts.problems.append(f"request {index}: {request.problem}")
            continue
        if key is not None:
            owner = claimed.get(key, owner)
            if since <= owner < offset:
                continue
            if owner != NOBODY:
                events.append(_repeated(finished, request, owner, at))
                verdicts.repeated += 1
                continue
        if verdicts.requested == allowed:
            continue
        verdicts.requested += 1
        if key is not None:
            if (number := tries.get(key)) is not None:
                events.append(_released(finished, key, number, at))
                tags = {**tags, TRY_TAG: str(number)}
            claimed[key] = offset + len(events)
        events.append(_requested(finished, request, next(unused_ids), tags, at))
    return verdicts


def _are_apart(requests: Sequence[Request], owners: Sequence[int]) -> bool:
    """Return whether what becomes of a request depends on none of the others, nor on a problem."""
    if _some_fail(requests):
        return False
    asked = zip(requests, owners, strict=True)
    keys = [request.run_key for request, owner in asked if owner == NOBODY and request.run_key]
    return len(set(keys)) == len(keys)


def _at_once(
    finished: FinishedTick, owners: Sequence[int], run_ids: Sequence[str], since: int, offset: int, at: int
) -> list[RunRequested | RunKeyRepeated]:
    """Do as `_judge` to requests that are apart."""
    unused_ids = iter(run_ids)
    return [
        _requested(finished, request, next(unused_ids), request.tags, at)
        if owner == NOBODY
        else _repeated(finished, request, owner, at)
        for request, owner in zip(finished.evaluation.requests, owners, strict=True)
        if not since <= owner < offset
    ]


def _some_fail(requests: Sequence[Request]) -> bool:
    # In one comprehension: there may be a hundred thousand of them.
    return not {request.problem for request in requests} <= {None}


def _requested(
    finished: FinishedTick, request: Request, run: str, tags: dict[str, str], at: int
) -> RunRequested:
    return RunRequested(
        at=at,
        run=run,
        job=request.job or "",
        tick=finished.tick,
        sensor=finished.sensor,
        run_key=request.run_key or None,
        run_config=request.run_config,
        given_tags=tags,
        partition_key=request.partition_key,
        asset_selection=request.asset_selection,
    )


def _repeated(finished: FinishedTick, request: Request, owner: int, at: int) -> RunKeyRepeated:
    return RunKeyRepeated(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        run_key=request.run_key or "",
        owner=owner,
        job=request.job,
    )


def _released(finished: FinishedTick, key: str, number: int, at: int) -> RunKeysReleased:
    return RunKeysReleased(
        at=at,
        sensor=finished.sensor,
        actor=_POLICY,
        run_keys=[key],
        reason=f"its run failed, this is try {number}",
        tick=finished.tick,
    )


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


def _cursor(state: SensorState, finished: FinishedTick, asks_again: bool, at: int) -> list[AnyEvent]:
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
    if asks_again and state.kind != SCHEDULE:
        return []
    return [CursorUpdated(at=at, tick=tick, sensor=sensor, before=state.cursor, after=after)]


def _asks_again(evaluation: Evaluation) -> bool:
    """Return whether the cursor waits, for the next tick to ask again for what was rejected.

    It does not if that would ask once more for a run that is launched now and that no run key
    protects, or react to an event once more.
    """
    requests = evaluation.requests
    if evaluation.reactions or not _some_fail(requests):
        return False
    return all(request.run_key or request.problem is not None for request in requests)


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
        return _failed(finished, summary, at, verdicts.requested)
    if finished.evaluation.error is not None:
        return _failed(finished, finished.evaluation.error, at, verdicts.requested)
    reactions = finished.evaluation.reactions
    if verdicts.requested == 0 and all(reaction.skip_reason for reaction in reactions):
        return TickSkipped(
            at=at,
            tick=finished.tick,
            sensor=finished.sensor,
            reason=_put_off_reason(verdicts) or finished.evaluation.skip_reason,
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


def _put_off_reason(verdicts: Verdicts) -> str | None:
    count = verdicts.put_off
    return f"{count} run request{'' if count == 1 else 's'} put off" if count else None


def _quarantine(
    state: SensorState, limits: SensorLimits, end: AnyEvent, at: int
) -> Sequence[SensorQuarantined]:
    """Return the quarantine of a sensor that now has failed too often; a reaction's failure is not the sensor's."""
    if limits.quarantine_after is None or not isinstance(end, TickFailed) or end.reacted:
        return ()
    failures = state.consecutive_failures + 1
    if failures < limits.quarantine_after:
        return ()
    return [SensorQuarantined(at=at, sensor=end.sensor, tick=end.tick, failures=failures, error=end.error)]


def _failed(finished: FinishedTick, error: str, at: int, requested: int = 0) -> TickFailed:
    return TickFailed(
        at=at,
        tick=finished.tick,
        sensor=finished.sensor,
        error=error,
        duration=finished.duration,
        traceback=finished.evaluation.traceback,
        timed_out=finished.timed_out,
        reacted=len(finished.evaluation.reactions),
        requested=requested,
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
