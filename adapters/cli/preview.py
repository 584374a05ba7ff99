"""``ticktrail sensor preview``: one evaluation without any effect."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter
from msgspec.structs import replace

from ...core.events import AnyEvent, RunRequested
from ...core.log import EventLog
from ...core.run_keys import NOBODY, run_key_digests
from ...core.sensor_state import SensorState
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..home import Home
from ..system import SystemClock
from .operator import UnknownName
from .options import CODE, COMMON, Code, Common
from .output import Output
from .reading import opened
from .text import cursor_text, one_line

if TYPE_CHECKING:
    from ...core.authoring.schedule_definition import ScheduleDefinition
    from ...core.evaluation import Evaluation, Reacted, Request
    from ..definitions_file import LoadedDefinitions
    from ..instance import DagsterInstance


def preview(
    name: Annotated[str, Parameter(help="Name of the sensor.")],
    /,
    *,
    cursor: Annotated[
        str | None,
        Parameter(allow_leading_hyphen=True, help="Evaluate with this cursor instead of the stored one."),
    ] = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Evaluate a sensor once and show what would come of it; nothing is stored or launched.

    A schedule is evaluated for its next moment, which the cursor tells.

    The sensor's function does run: what it does to the outside world by itself happens. Exits with
    1 when the evaluation fails or a request could not become a run.
    """
    home, out = common.open(), Output(json=common.json)
    loaded = code.load(home)
    known = list(loaded.sensors)
    if name not in known:
        raise UnknownName("sensor", name, known)
    with opened(home) as log:
        state, keys, runs = _fold(home, log, name)
        try:
            evaluation = _evaluate(loaded, state, cursor, log)
            asked = [request.run_key or "" for request in evaluation.requests]
            owned = dict(zip(asked, keys.index.owners(run_key_digests(name, asked)), strict=True))
        finally:
            keys.index.close()
    owners = {key: runs.get(offset, "") for key, offset in owned.items() if offset != NOBODY}
    verdicts = _verdicts(evaluation, owners)
    if out.json:
        out.record(_as_json(name, evaluation, verdicts))
    else:
        _show(out, evaluation, verdicts)
    return 1 if evaluation.error or any(request.problem for request in evaluation.requests) else 0


def _fold(home: Home, log: EventLog, sensor: str) -> tuple[SensorState, RunKeys, dict[int, str]]:
    """Return the sensor's state, the run keys, and the sensor's runs by the offset of their request."""
    states, keys = SensorStates(), RunKeys(home.run_key_owners(log))
    runs: dict[int, str] = {}

    def note(offset: int, event: AnyEvent) -> None:
        if isinstance(event, RunRequested) and event.sensor == sensor:
            runs[offset] = event.run

    fold(log, states, keys, each=note)
    return states.get(sensor), keys, runs


def _evaluate(loaded: LoadedDefinitions, state: SensorState, cursor: str | None, log: EventLog) -> Evaluation:
    from ...core.authoring.schedule_definition import ScheduleDefinition
    from ...core.authoring.sensor_context import SensorEvaluationContext
    from ...core.evaluation import evaluate
    from ..instance import DagsterInstance

    sensor, instance = loaded.sensors[state.name], DagsterInstance(log, read_only="a preview stores nothing")
    if isinstance(sensor, ScheduleDefinition):
        state = state if cursor is None else replace(state, cursor=cursor)
        return _evaluate_schedule(loaded, sensor, state, instance)
    context = SensorEvaluationContext(
        sensor_name=state.name,
        cursor=state.cursor if cursor is None else cursor,
        last_run_key=state.last_run_key,
        last_tick_completion_time=_seconds(state.last_finished_tick_at),
        last_sensor_start_time=_seconds(state.last_started_at),
        definitions=loaded.definitions,
        instance=instance,
    )
    with contextlib.redirect_stdout(sys.stderr):
        return evaluate(sensor, context, loaded.definitions)


def _evaluate_schedule(
    loaded: LoadedDefinitions, schedule: ScheduleDefinition, state: SensorState, instance: DagsterInstance
) -> Evaluation:
    """Return what comes of the schedule's next moment, which may not have come yet."""
    from ...core.evaluation import evaluate
    from ...core.moments import handled, next_moment, passed_over

    moment = next_moment(state, schedule.moments, SystemClock().now())
    context = schedule.context_for(
        moment, sensor_name=schedule.name, definitions=loaded.definitions, instance=instance
    )
    with contextlib.redirect_stdout(sys.stderr):
        evaluation = evaluate(schedule, context, loaded.definitions)
    return handled(evaluation, state, moment, passed_over(state, schedule.moments, moment))


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1e6


def _verdicts(evaluation: Evaluation, owners: dict[str, str]) -> list[str]:
    """Return for each request what would become of it; the first of a key within the tick wins."""
    verdicts: list[str] = []
    taken = {key: f"run {run}" for key, run in owners.items()}
    for index, request in enumerate(evaluation.requests):
        if request.problem is not None:
            verdicts.append(f"rejected: {request.problem}")
        elif request.run_key and request.run_key in taken:
            verdicts.append(f"run key already used by {taken[request.run_key]}")
        else:
            verdicts.append("would launch")
            if request.run_key:
                taken[request.run_key] = f"request {index}"
    return verdicts


def _as_json(sensor: str, evaluation: Evaluation, verdicts: list[str]) -> dict[str, Any]:
    return {
        "sensor": sensor,
        "error": evaluation.error,
        "traceback": evaluation.traceback,
        "skip_reason": evaluation.skip_reason,
        "cursor_before": evaluation.cursor_before,
        "cursor_after": evaluation.cursor,
        "requests": [
            {**msgspec.structs.asdict(request), "verdict": verdict}
            for request, verdict in zip(evaluation.requests, verdicts, strict=True)
        ],
        "reactions": [msgspec.structs.asdict(reaction) for reaction in evaluation.reactions],
        "partitions": [msgspec.structs.asdict(change) for change in evaluation.partition_changes],
        "logs": [list(line) for line in evaluation.logs],
    }


def _show(out: Output, evaluation: Evaluation, verdicts: list[str]) -> None:
    for _, level, message in evaluation.logs:
        out.line((f"{level:<8}", "cyan"), message)
    for reaction in evaluation.reactions:
        _show_reaction(out, reaction)
    for note in evaluation.notes:
        out.line(("WARNING ", "yellow"), note)
    if evaluation.error is not None:
        if evaluation.traceback:
            out.note(evaluation.traceback.rstrip(), "")
        out.line(("error: ", "red"), evaluation.error)
    if evaluation.requests:
        out.table(
            ["NO#", "JOB", "RUN KEY", "CONFIG", "VERDICT"],
            (_row(*item) for item in enumerate(zip(evaluation.requests, verdicts, strict=True))),
            wide="VERDICT",
        )
        for index, verdict in enumerate(verdicts):
            if verdict.startswith("rejected"):
                out.line((f"request {index} {verdict}", "red"))
    elif evaluation.error is None and (evaluation.skip_reason or not evaluation.reactions):
        out.line("skipped: ", evaluation.skip_reason or "no reason given")
    for change in evaluation.partition_changes:
        for what, keys in (("add", change.add), ("delete", change.delete)):
            if keys:
                out.line(f"partitions {change.partitions}: would {what} {one_line(', '.join(keys), 200)}")
    before, after = cursor_text(evaluation.cursor_before, 200), cursor_text(evaluation.cursor, 200)
    out.line("cursor: ", f"{before} → {after}" if before != after else f"{before}, unchanged")


def _show_reaction(out: Output, reaction: Reacted) -> None:
    about = "" if reaction.run is None else f" about run {reaction.run}"
    if reaction.error is not None:
        came_of_it = f"fails: {reaction.error}"
    elif reaction.skip_reason is not None:
        came_of_it = f"skips it: {reaction.skip_reason}"
    else:
        came_of_it = "acts on it"
    out.line(f"event {reaction.cause}{about}: {came_of_it}")
    if reaction.traceback:
        out.note(reaction.traceback.rstrip(), "")


def _row(index: int, judged: tuple[Request, str]) -> list[str]:
    request, verdict = judged
    config = msgspec.json.encode(request.run_config).decode() if request.run_config else ""
    return [
        str(index),
        request.job or "-",
        one_line(request.run_key, 30) or "-",
        one_line(config, 24) or "-",
        verdict,
    ]
