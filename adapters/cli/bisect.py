"""``ticktrail bisect``: where two codes, or a history of code, part on the ticks of the past."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from ...core.log import EventLog
from ..home import DefinitionsSource, Home
from .options import COMMON, Common
from .output import Output
from .past_code import other_code, past_ticks, quietly, sensor_of
from .reading import opened
from .text import UsageError, cursor_text, local_time, one_line

if TYPE_CHECKING:
    from ...core.replay import BacktestTick
    from ...core.replay.lockstep import Parting


def bisect(
    name: Annotated[str, Parameter(help="Name of the sensor.")],
    /,
    *,
    code: Annotated[
        tuple[str, ...],
        Parameter(help="The codes, twice: each a Python file, a module, or git:REV."),
    ] = (),
    git: Annotated[
        str | None,
        Parameter(help="GOOD..BAD: the first revision after GOOD that decides otherwise than GOOD does."),
    ] = None,
    common: Common = COMMON,
) -> int:
    """Find the first tick of the past in which two codes decide otherwise, or the first revision that does.

    Exits with 1 if they part.
    """
    home, out = common.open(), Output(json=common.json)
    if (git is None) == (len(code) != 2):
        raise UsageError("give two codes, --code A --code B, or --git GOOD..BAD")
    with opened(home) as log:
        if git is None:
            return _of_two(log, home, out, name, code[0], code[1])
        return _of_revisions(log, home, out, name, git)


def _of_two(log: EventLog, home: Home, out: Output, name: str, one: str, other: str) -> int:
    found = _parting(log, home.definitions, name, one, other)
    if out.json:
        out.record({"sensor": name, "codes": [one, other], "parting": _as_record(found)})
    elif found is None:
        out.line(f"{name}: {one} and {other} decide the same on all ticks")
    else:
        _show(out, name, found, one, other)
    return 0 if found is None else 1


def _of_revisions(log: EventLog, home: Home, out: Output, name: str, git: str) -> int:
    """Search as git does: what has parted from the good one stays so."""
    from ..code_at import revisions

    good, dots, bad = git.partition("..")
    if not (good and dots and bad):
        raise UsageError(f"--git is {git!r}: give two revisions as GOOD..BAD")
    left, found = revisions(good, bad, home.definitions), None
    while left:
        middle = len(left) // 2 if found is not None else len(left) - 1
        parting = _parting(log, home.definitions, name, f"git:{good}", f"git:{left[middle][0]}")
        out.note(f"{left[middle][0]} {'parts' if parting else 'decides the same'}: {left[middle][1]}")
        if parting is not None:
            found, left = (left[middle], parting), left[:middle]
        elif found is None:
            break
        else:
            left = left[middle + 1 :]
    return _tell_revision(out, name, good, bad, found)


def _tell_revision(
    out: Output, name: str, good: str, bad: str, found: tuple[tuple[str, str], Parting] | None
) -> int:
    if found is None:
        if out.json:
            out.record({"sensor": name, "revision": None, "parting": None})
        else:
            out.line(f"{name}: {bad} decides as {good} does on all ticks")
        return 0
    (revision, subject), parting = found
    if out.json:
        record = {"sensor": name, "revision": revision, "subject": subject}
        out.record({**record, "parting": _as_record(parting)})
    else:
        out.line(f"{name}: the first that decides otherwise is ", (revision, "bold"), f" {subject}")
        _show(out, name, parting, good, revision)
    return 1


def _parting(
    log: EventLog, remembered: DefinitionsSource | None, name: str, one: str, other: str
) -> Parting | None:
    from ...core.replay import Backtest
    from ...core.replay.lockstep import parting

    with ExitStack() as opened_codes:
        loaded = [opened_codes.enter_context(other_code(named, remembered)) for named in (one, other)]
        first, second = (Backtest(sensor_of(each, name), each.definitions) for each in loaded)
        return quietly(lambda: parting(first, second, past_ticks(log, name, doing=f"testing {other}")))


def _as_record(found: Parting | None) -> dict[str, Any] | None:
    return None if found is None else msgspec.structs.asdict(found)


def _show(out: Output, name: str, found: Parting, one: str, other: str) -> None:
    out.line(
        f"{name}: {one} and {other} part in tick {found.first.tick} of {local_time(found.first.at)}, "
        f"after {found.ticks:,} ticks in agreement"
    )
    for named, tick in ((one, found.first), (other, found.second)):
        out.line(f"  {named}", (f"  {_decided(tick)}", "cyan"))


def _decided(tick: BacktestTick) -> str:
    if tick.error is not None:
        return one_line(tick.error, 200)
    keys = [change.new.run_key or "no run key" for change in tick.requests if change.new is not None]
    asked = f"asks for {', '.join(keys)}" if keys else "asks for nothing"
    return f"{one_line(asked, 160)}; cursor {cursor_text(tick.cursor_after, 40)}"
