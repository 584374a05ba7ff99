"""``ticktrail tick tape``: what a tick read of the outside world."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ...core.errors import TickTrailError
from ...core.events import TapeRecorded, TickImported, TickStarted
from ...core.log import EventLog
from ...core.tape import Observation, Tape
from ...core.tape.storing import tape_of
from .lookback import Lookback
from .options import COMMON, WHEN, Common, When
from .output import Output
from .reading import viewed
from .text import one_line


def tape(
    tick: Annotated[int, Parameter(name="ID", help="Id of the tick, as `tick list` shows it.")],
    /,
    *,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Show what a tick read: of which source, what of what, and the answer."""
    out = Output(json=common.json)
    with viewed(common.open(), when) as (log, _):
        found = _tape(log, tick)
    if out.json:
        for channel, seen in found.all():
            out.record({"channel": channel, "what": seen.what, "subject": seen.subject, **_answer(seen)})
        out.record({"uncovered": list(found.uncovered)})
        return 0
    out.table(["SOURCE", "WHAT", "OF", "ANSWER"], map(_row, found.all()), wide="ANSWER")
    for what in found.uncovered:
        out.line("not recorded: ", (what, "yellow"))
    if not found.channels and found.complete:
        out.note("it read nothing")
    return 0


def _tape(log: EventLog, tick: int) -> Tape:
    past = Lookback(log)
    events = past.tick(tick)
    if events and isinstance(imported := events[0][1], TickImported):
        raise TickTrailError(
            f"what tick {tick} read was not recorded: it was imported from {imported.source}, tick {imported.origin} there"
        )
    if not events or not isinstance(started := events[0][1], TickStarted):
        raise TickTrailError(f"there is no tick {tick}: see `ticktrail tick list`")
    recorded = next(((offset, event) for offset, event in events if isinstance(event, TapeRecorded)), None)
    if recorded is not None:
        offset, event = recorded
        return tape_of(event, lambda digest: past.blob(digest, offset))
    if started.recorded:
        return Tape()
    raise TickTrailError(f"what tick {tick} of {started.sensor} read was not recorded")


def _answer(seen: Observation) -> dict[str, Any]:
    return {"result": seen.result} if seen.raised is None else {"raised": list(seen.raised)}


def _row(item: tuple[str, Observation]) -> list[str]:
    channel, seen = item
    answer = repr(seen.result) if seen.raised is None else f"raised {': '.join(map(str, seen.raised))}"
    return [channel, seen.what, one_line(seen.subject, 60), one_line(answer, 200)]
