"""``ticktrail replay``: ticks of the past, evaluated again under their tapes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from cyclopts import Parameter

from ..system import SystemClock
from .options import CODE, COMMON, Code, Common
from .output import Output
from .past_code import Slice, chosen_sensors, opened_past, quietly
from .side_by_side import side_by_side
from .text import UsageError, local_time, moment, one_line

if TYPE_CHECKING:
    from ...core.replay import PastTick, Replayed
    from ..definitions_file import LoadedDefinitions
    from ..home import DefinitionsSource

#: How many ticks, and differences of each, are told of.
_SHOWN = 10

_STYLES = {"equal": "green", "different": "red", "partial": "yellow"}


def replay(
    *names: Annotated[str, Parameter(help="Names of sensors.")],
    all_: Annotated[bool, Parameter(name="--all", help="All sensors whose ticks are recorded.")] = False,
    ticks: Annotated[
        str | None, Parameter(help="Only ticks with ids from A to B: A..B, A.., ..B, or one.")
    ] = None,
    last: Annotated[
        str | None, Parameter(help="Only ticks started since: 30m, 24h, 7d, or an ISO time.")
    ] = None,
    slice_file: Slice = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Evaluate ticks of the past again, each under its tape, and compare what is decided now with what was decided then.

    What the sensor read then, clock and chance included, it reads again; nothing else is read, and nothing
    goes out. Several sensors are replayed side by side. Exits with 1 if a decision is another one.
    """
    out, wanted, different = Output(json=common.json), _wanted(ticks, last), False
    with opened_past(common, slice_file) as past:
        loaded = _load(code, past.remembered)

        def replayed(sensor: str, pasts: Iterator[PastTick]) -> _Told:
            return _replayed(out, loaded, sensor, filter(wanted, pasts))

        sensors = chosen_sensors(loaded, names, all_)
        for sensor, told in side_by_side(past, sensors, replayed, doing="replaying"):
            different = different or told.counts["different"] > 0
            if not out.json:
                _tell(out, sensor, told)
    return 1 if different else 0


class _Told(NamedTuple):
    """What is told of a sensor: how many ticks came out how, and the first that are not equal."""

    counts: Counter[str]
    ticks: list[Replayed]


def _load(code: Code, remembered: DefinitionsSource | None) -> LoadedDefinitions:
    from ..tape import install, rebind_code

    install()
    loaded = code.load_or(remembered)
    rebind_code()
    return loaded


def _wanted(ticks: str | None, last: str | None) -> Callable[[PastTick], bool]:
    low, high = _range(ticks)
    since = 0 if last is None else moment(last, SystemClock().now())
    return lambda past: low <= past.tick <= high and past.started.at >= since


def _range(ticks: str | None) -> tuple[int, int]:
    if ticks is None:
        return 0, sys.maxsize
    low, dots, high = ticks.partition("..")
    try:
        first = int(low) if low else 0
        return first, (int(high) if high else sys.maxsize) if dots else first
    except ValueError as error:
        raise UsageError(f"--ticks is {ticks!r}: give ids of ticks as A..B, A.., ..B, or one") from error


def _replayed(out: Output, loaded: LoadedDefinitions, name: str, pasts: Iterator[PastTick]) -> _Told:
    from ...core.replay import replay

    told = _Told(Counter(), [])
    for past in pasts:
        replayed = quietly(partial(replay, past, loaded.sensors[name], loaded.definitions))
        told.counts[replayed.verdict] += 1
        if out.json:
            out.record({"sensor": name, **msgspec.structs.asdict(replayed)})
        elif replayed.verdict != "equal" and len(told.ticks) < _SHOWN:
            told.ticks.append(replayed)
    return told


def _tell(out: Output, sensor: str, told: _Told) -> None:
    counts = told.counts
    total = counts.total()
    parts = [(f"{count} {verdict}", _STYLES.get(verdict, "dim")) for verdict, count in counts.most_common()]
    out.line((sensor, "bold"), f": {total} ticks replayed", ": " if parts else "", *_commas(parts))
    for replayed in told.ticks:
        out.line(f"  tick {replayed.tick} of {local_time(replayed.at)}: ", (replayed.verdict, "bold"))
        for difference in replayed.differences[:_SHOWN]:
            was, now = one_line(repr(difference.recorded), 70), one_line(repr(difference.replayed), 70)
            out.line(f"    {difference.what}: was ", (was, "green"), ", is now ", (now, "red"))
        for reason in replayed.why[:_SHOWN]:
            out.line(f"    {one_line(reason, 150)}")
    left = total - counts["equal"] - len(told.ticks)
    if left:
        out.line(f"  and {left} more: --json tells of all")


def _commas(parts: list[tuple[str, str]]) -> Iterator[str | tuple[str, str]]:
    for number, part in enumerate(parts):
        if number:
            yield ", "
        yield part
