"""``ticktrail cursor``: resets of cursors, planned first and then made exactly so."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import App, Parameter

from ...core.log import EventLog
from ...core.sensor_state import SensorState
from ..home import Home
from ..identity import actor as current_actor
from ..system import SystemClock
from .basis import Basis
from .options import CODE, COMMON, Code, Common
from .output import Output
from .plan_target import cursor_at, cursor_before, cursor_of
from .preview import show_evaluation
from .reading import opened
from .text import UsageError, ago, cursor_text, local_time, moment, one_line

if TYPE_CHECKING:
    from ...core.reset_plan import ResetPlan

app = App(name="cursor", help="Plan resets of cursors, and apply what was planned.")

Actor = Annotated[str | None, Parameter(help="Who acts; the operating system's user@host by default.")]


@app.command
def plan(
    sensor: Annotated[str, Parameter(name="SENSOR", help="Name of the sensor.")],
    /,
    *,
    to: Annotated[
        str | None,
        Parameter(allow_leading_hyphen=True, help="The cursor to reset to; an empty text is a cursor too."),
    ] = None,
    to_tick: Annotated[
        int | None, Parameter(help="Reset to the cursor as it was before this tick: the tick's id.")
    ] = None,
    to_time: Annotated[
        str | None, Parameter(help="Reset to the cursor as it was then: 30m, 24h, 7d ago, or an ISO time.")
    ] = None,
    clear: Annotated[bool, Parameter(help="Reset to no cursor at all.", show_default=False)] = False,
    release_keys: Annotated[
        tuple[str, ...],
        Parameter(help="Run keys to free with the reset, one or more.", consume_multiple=True, negative=()),
    ] = (),
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="File of the plan; by default one named for the sensor."),
    ] = None,
    actor: Actor = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Show what a reset of a sensor's cursor would launch, and write it to a file for `cursor apply`.

    The sensor is evaluated once from that cursor, as `sensor preview` does: nothing is stored or launched,
    but its function does run. The plan lists the runs that will launch, those that are blocked by their run
    key, and the cursor that is left.
    """
    from .plan_file import write_plan
    from .planning import Planner

    home, out = common.open(), Output(json=common.json)
    loaded = code.load(home)
    with opened(home) as log, closing(home.run_key_owners(log)) as index:
        planner = Planner(Basis(log, index), loaded, sensor, clock=SystemClock())
        state = planner.state()
        cursor, told = _target(log, state, to, to_tick, to_time, clear)
        made = planner.plan(cursor, release=release_keys, actor=actor or current_actor())
    file = output or Path(f"{sensor}-{made.digest[:8]}.plan.json")
    write_plan(made, file)
    if out.json:
        out.record(made)
    else:
        _show(out, made, told, release_keys)
    _say_what_next(out, home, state, file)
    return 0


@app.command
def apply(
    file: Annotated[Path, Parameter(name="PLAN", help="File of the plan, as `cursor plan` wrote it.")],
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why, for whoever reads the log later.")] = None,
    actor: Actor = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Make exactly what a plan lists, at once: the reset, the released run keys, and one tick with its requests.

    Refused if anything of the sensor has come since, if its code has changed, or if the plan was applied
    already.
    """
    from .plan_file import read_plan
    from .planning import Planner

    made = read_plan(file)
    home, out = common.open(), Output(json=common.json)
    loaded = code.load(home)
    with opened(home) as log, closing(home.run_key_owners(log)) as index:
        planner = Planner(Basis(log, index), loaded, made.sensor, clock=SystemClock())
        applied = planner.apply(made, actor=actor or current_actor(), reason=reason)
    if out.json:
        runs = [run.run for run in made.listing.launch]
        out.record(
            {"sensor": made.sensor, "plan": made.digest, **msgspec.structs.asdict(applied), "runs": runs}
        )
        return 0
    count = len(made.listing.launch)
    out.line(
        f"cursor of {made.sensor}: {_cursors(made)}; {count} run{'' if count == 1 else 's'} requested "
        f"by tick {applied.tick}"
    )
    if count and home.engine() is None:
        out.note("no engine runs on this home: the runs start when `ticktrail dev` does")
    return 0


def _target(
    log: EventLog,
    state: SensorState,
    to: str | None,
    to_tick: int | None,
    to_time: str | None,
    clear: bool,
) -> tuple[str | None, str]:
    """Return the cursor that is meant, and what it is, for people."""
    if [to is not None, to_tick is not None, to_time is not None, clear].count(True) != 1:
        raise UsageError("give one of --to, --to-tick, --to-time and --clear")
    if to_tick is not None:
        return cursor_before(log, state.name, to_tick), f", as it was before tick {to_tick}"
    if to_time is not None:
        now = SystemClock().now()
        at = moment(to_time, now)
        return cursor_at(log, state.name, at, now), f", as it was at {local_time(at)}"
    return cursor_of(state, to), ""


def _show(out: Output, plan: ResetPlan, told: str, release: tuple[str, ...]) -> None:
    listing, now = plan.listing, plan.made_at
    show_evaluation(out, plan.evaluation)
    free = [key for key in dict.fromkeys(release) if key not in plan.released]
    out.facts(
        {
            "sensor": plan.sensor,
            "cursor now": cursor_text(plan.cursor_now, 200),
            "reset to": cursor_text(plan.cursor_to_be, 200) + told,
            "left by the tick": cursor_text(listing.cursor, 200),
            "scheduled for": None if plan.scheduled_for is None else local_time(plan.scheduled_for),
            "keys released": ", ".join(map(repr, plan.released)) or None,
            "keys free already": ", ".join(map(repr, free)) or None,
            "skipped": None if plan.evaluation.requests else plan.evaluation.skip_reason or "no reason given",
            "put off": f"{listing.put_off} requests, to the next ticks" if listing.put_off else None,
        }
    )
    if listing.launch:
        out.section("will launch")
        out.table(
            ["RUN", "JOB", "RUN KEY", "CONFIG"],
            (
                [run.run[:8], run.job, one_line(run.run_key, 30) or "-", _config(run.run_config)]
                for run in listing.launch
            ),
            wide="CONFIG",
        )
    if listing.blocked:
        out.section("blocked by their run key")
        out.table(
            ["RUN KEY", "JOB", "OWNED BY RUN", "REQUESTED", "STATUS"],
            (
                [
                    one_line(blocked.run_key, 30),
                    blocked.job or "-",
                    (blocked.run or "-")[:8],
                    "by this plan" if blocked.owner is None else ago(blocked.requested_at, now),
                    blocked.status or "-",
                ]
                for blocked in listing.blocked
            ),
            wide="RUN KEY",
        )
    for rejected in listing.rejected:
        out.line((f"request {rejected.index} will be rejected: {rejected.why}", "red"))
    for change in listing.partitions:
        for what, keys in (("added", change.add), ("deleted", change.delete)):
            if keys:
                out.line(f"partitions {change.partitions}: {one_line(', '.join(keys), 200)} will be {what}")


def _say_what_next(out: Output, home: Home, state: SensorState, file: Path) -> None:
    out.note(f"plan written to {file}: make it so with `ticktrail cursor apply {file}`")
    if state.running and home.engine() is not None:
        out.note(
            f"{state.name} is RUNNING, its next tick makes the plan void: plan again after "
            f"`ticktrail sensor stop {state.name}`",
            "yellow",
        )


def _cursors(plan: ResetPlan) -> str:
    steps = [plan.cursor_now, plan.cursor_to_be, plan.listing.cursor]
    return " → ".join(cursor_text(cursor, 200) for cursor in steps)


def _config(config: dict[str, object]) -> str:
    return one_line(msgspec.json.encode(config).decode(), 200) if config else "-"
