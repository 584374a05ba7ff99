"""``ticktrail sensor preview``: one evaluation without any effect."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from ...core.run_keys import NOBODY
from ...core.sensor_state import with_cursor
from ..system import SystemClock
from .basis import Basis
from .dry_run import dry_run
from .operator import UnknownName
from .options import CODE, COMMON, Code, Common
from .output import Output
from .reading import opened
from .requested import requested_runs
from .text import cursor_text, one_line

if TYPE_CHECKING:
    from ...core.evaluation import Evaluation, Reacted, Request


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
    if name not in loaded.sensors:
        raise UnknownName("sensor", name, loaded.sensors)
    with opened(home) as log, closing(home.run_key_owners(log)) as index:
        basis, clock = Basis(log, index), SystemClock()
        basis.catch_up()
        state = basis.states.get(name)
        if cursor is not None:
            state = with_cursor(state, cursor, at=clock.now(), offset=basis.head)
        evaluation = dry_run(loaded, state, log, clock).evaluation
        policy = loaded.sensors[name].run_key_policy
        offsets, tries = basis.owners(name, policy, evaluation)
        runs = requested_runs(log, [offset for offset in offsets if offset != NOBODY])
    owners = {
        request.run_key: runs[offset].run
        for request, offset in zip(evaluation.requests, offsets, strict=True)
        if request.run_key and offset in runs
    }
    verdicts = _verdicts(evaluation, owners, tries)
    if out.json:
        out.record(_as_json(name, evaluation, verdicts))
    else:
        _show(out, evaluation, verdicts)
    return 1 if evaluation.error or any(request.problem for request in evaluation.requests) else 0


def _verdicts(evaluation: Evaluation, owners: dict[str, str], tries: Mapping[str, int]) -> list[str]:
    """Return for each request what would become of it; the first of a key within the tick wins."""
    verdicts: list[str] = []
    taken = {key: f"run {run}" for key, run in owners.items()}
    for index, request in enumerate(evaluation.requests):
        if request.problem is not None:
            verdicts.append(f"rejected: {request.problem}")
        elif request.run_key and request.run_key in taken:
            verdicts.append(f"run key already used by {taken[request.run_key]}")
        else:
            number = tries.get(request.run_key or "")
            verdicts.append(
                "would launch" if number is None else f"would launch as try {number}: its run failed"
            )
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


def show_evaluation(out: Output, evaluation: Evaluation) -> None:
    """Write what the sensor said: its log, its reactions, and what went wrong."""
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


def _show(out: Output, evaluation: Evaluation, verdicts: list[str]) -> None:
    show_evaluation(out, evaluation)
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
