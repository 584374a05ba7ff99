"""Why a run of another system exists that owns an imported run key, as far as the log tells."""

from __future__ import annotations

from msgspec.structs import asdict

from ...core.events import AnyEvent, RunKeyImported
from ...projections.runs import imported_run
from ..system import SystemClock
from .describe import as_record, event_line, origin_tick
from .lookback import Lookback
from .output import Output, status_text
from .text import ago, local_time


def show_imported(out: Output, offset: int, event: RunKeyImported, past: Lookback) -> int:
    """Write the run, who brought its run key in, and the tick that asked for it if that was imported too."""
    run, tick, head = imported_run(offset, event), past.imported_tick(event), past.event(event.cause)
    root = f"tick {origin_tick(event)} had asked for it there"
    told: list[tuple[int, AnyEvent]] = [] if head is None else [(event.cause, head)]
    told += [(offset, event), *([] if tick is None else [tick])]
    told.sort(key=lambda item: item[0])
    if out.json:
        out.record({**asdict(run), "imported": [as_record(*item) for item in told], "root": root})
        return 0
    out.line(("run ", "bold"), (run.run, "bold"), " of ", (run.job, "bold"), "  ", status_text(run.status))
    requested = f"{local_time(run.requested_at)} ({ago(run.requested_at, SystemClock().now())})"
    out.facts({"run key": run.run_key, "requested": requested, "root": root})
    out.section("its run key was imported, as it stood then")
    for item in told:
        out.line(*event_line(*item, ""))
    return 0
