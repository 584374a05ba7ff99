"""``ticktrail import``: the histories of other systems."""

from __future__ import annotations

from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ...core.errors import LogConflict
from ...core.importing import Import, SensorSummary, decide_import
from ...core.log import EventLog
from ...core.run_keys import RunKeyOwners
from ...projections.imports import Imports
from ...projections.run_keys import RunKeys
from ...projections.run_keys_in_memory import MemoryRunKeyIndex
from ...projections.sensor_states import SensorStates
from ..dagster_history import Reading, read_history
from ..folding import fold
from ..home import Home, is_home
from ..identity import actor as current_actor
from ..system import SystemClock
from .options import COMMON, Common
from .output import Output
from .text import cursor_text

app = App(name="import", help="Bring in what another system has done: ticks, run keys, cursors.")


@app.command
def dagster(
    dagster_home: Annotated[
        Path,
        Parameter(name="DAGSTER_HOME", help="The folder that DAGSTER_HOME names, with its dagster.yaml."),
    ],
    /,
    *,
    location: Annotated[
        str | None,
        Parameter(
            help="Only sensors of this code location, or of this repository@location; needed where several "
            "have sensors of the same name."
        ),
    ] = None,
    dry_run: Annotated[
        bool, Parameter(help="Say what would be imported, and change nothing.", show_default=False)
    ] = False,
    actor: Annotated[
        str | None, Parameter(help="Who acts; the operating system's user@host by default.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Bring in the ticks, run keys, cursors and statuses of a Dagster instance's sensors.

    Nothing is launched: a run key that a run in Dagster owns counts as used. What was imported before is
    passed over, so it may be called again for what has come since. Dagster's storage is only read. No
    engine may run on the home meanwhile; the home is made if it does not exist.
    """
    _check_idle(common, dry_run)
    reading = read_history(dagster_home.absolute(), location)
    with ExitStack() as opened:
        log, index = _opened(opened, common, dry_run)
        done = _append(log, index, reading, actor or current_actor(), dry_run)
    _show(Output(json=common.json), done, reading, dry_run)
    return 0


def _check_idle(common: Common, dry_run: bool) -> None:
    """Complain of an engine before much is read."""
    if not dry_run and is_home(common.home):
        with common.open().engine_lock():
            return


def _opened(opened: ExitStack, common: Common, dry_run: bool) -> tuple[EventLog, RunKeyOwners]:
    """Open the log and the run keys of the home, which is the caller's alone; of one that is not there, empty ones."""
    if dry_run and not is_home(common.home):
        from ..event_log.memory import MemoryEventLog

        return MemoryEventLog(), MemoryRunKeyIndex()
    home = Home.open(common.home, create=not dry_run)
    opened.enter_context(nullcontext() if dry_run else home.engine_lock())
    log = opened.enter_context(closing(home.log()))
    return log, opened.enter_context(closing(home.run_key_owners(log)))


def _append(log: EventLog, index: RunKeyOwners, reading: Reading, actor: str, dry_run: bool) -> Import:
    """Append what is new at the head; if somebody was faster, decide once more."""
    imports, states, keys = Imports(), SensorStates(), RunKeys(index)
    while True:
        head, now = fold(log, imports, states, keys), SystemClock().now()
        done = decide_import(
            reading.history, imports, states.get, keys.owners, actor=actor, offset=head, at=now
        )
        if dry_run or not done.events:
            return done
        try:
            log.append(done.events, expected=head, recorded_at=now, writer=f"cli:{actor}")
        except LogConflict:
            continue
        return done


def _show(out: Output, done: Import, reading: Reading, dry_run: bool) -> None:
    source = reading.history.source
    if out.json:
        for summary in done.summaries:
            out.record(summary)
        events = len(done.events)
        out.record({"source": source, "events": events, "dry_run": dry_run, "left_out": reading.left_out})
        return
    out.table(
        ["SENSOR", "LOCATION", "TICKS#", "RUN KEYS#", "BEFORE#", "STATUS", "CURSOR"],
        map(_row, done.summaries),
        wide="CURSOR",
    )
    for summary in done.summaries:
        for note in summary.notes:
            out.note(f"{summary.sensor}: {note}")
    for what, count in reading.left_out.items():
        out.note(f"left out: {what}: {count}")
    out.line(_verdict(done, source, dry_run))


def _row(summary: SensorSummary) -> list[str]:
    return [
        summary.sensor,
        summary.location,
        str(summary.ticks),
        str(summary.run_keys),
        str(summary.ticks_before + summary.run_keys_before),
        summary.status,
        cursor_text(summary.cursor, 40),
    ]


def _verdict(done: Import, source: str, dry_run: bool) -> str:
    if not done.summaries:
        return f"{source} has no sensors"
    if not done.events:
        return f"nothing is new since the last import from {source}"
    ticks = _many(sum(summary.ticks for summary in done.summaries), "tick")
    run_keys = _many(sum(summary.run_keys for summary in done.summaries), "run key")
    return f"{ticks} and {run_keys} {'would be imported' if dry_run else 'imported'} from {source}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
