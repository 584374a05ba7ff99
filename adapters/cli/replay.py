"""``ticktrail replay``: ticks of the past, evaluated again under their tapes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from ...core.log import EventLog
from ..system import SystemClock
from .options import CODE, COMMON, Code, Common
from .output import Output
from .past_code import Slice, opened_past, past_ticks, quietly, sensor_of
from .text import UsageError, local_time, moment, one_line

if TYPE_CHECKING:
    from ...core.replay import PastTick, Replayed
    from ..definitions_file import LoadedDefinitions
    from ..home import DefinitionsSource

#: How many ticks, and differences of each, are told of.
_SHOWN = 10

_STYLES = {"equal": "green", "different": "red", "partial": "yellow"}


def replay(
    name: Annotated[str | None, Parameter(help="Name of the sensor.")] = None,
    /,
    *,
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
    goes out. Exits with 1 if a decision is another one.
    """
    out, wanted, different = Output(json=common.json), _wanted(ticks, last), False
    with opened_past(common, slice_file) as (log, remembered):
        loaded = _load(code, remembered)
        for sensor in _sensors(loaded, name, all_):
            counts, told = Counter[str](), list["Replayed"]()
            for replayed in _replayed(log, loaded, sensor, wanted):
                counts[replayed.verdict] += 1
                if out.json:
                    out.record({"sensor": sensor, **msgspec.structs.asdict(replayed)})
                elif replayed.verdict != "equal" and len(told) < _SHOWN:
                    told.append(replayed)
            different = different or counts["different"] > 0
            if not out.json:
                _tell(out, sensor, counts, told)
    return 1 if different else 0


def _load(code: Code, remembered: DefinitionsSource | None) -> LoadedDefinitions:
    from ..tape import install, rebind_code

    install()
    loaded = code.load_or(remembered)
    rebind_code()
    return loaded


def _sensors(loaded: LoadedDefinitions, name: str | None, every: bool) -> list[str]:
    if (name is None) != every:
        raise UsageError("give the name of a sensor, or --all")
    if name is None:
        return [name for name, sensor in loaded.sensors.items() if sensor.record]
    return [sensor_of(loaded, name).name]


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


def _replayed(
    log: EventLog, loaded: LoadedDefinitions, name: str, wanted: Callable[[PastTick], bool]
) -> Iterator[Replayed]:
    from ...core.replay import replay

    sensor = loaded.sensors[name]
    for past in past_ticks(log, name, doing=f"replaying {name}"):
        if wanted(past):
            yield quietly(partial(replay, past, sensor, loaded.definitions))


def _tell(out: Output, sensor: str, counts: Counter[str], told: list[Replayed]) -> None:
    total = counts.total()
    parts = [(f"{count} {verdict}", _STYLES.get(verdict, "dim")) for verdict, count in counts.most_common()]
    out.line((sensor, "bold"), f": {total} ticks replayed", ": " if parts else "", *_commas(parts))
    for replayed in told:
        out.line(f"  tick {replayed.tick} of {local_time(replayed.at)}: ", (replayed.verdict, "bold"))
        for difference in replayed.differences[:_SHOWN]:
            was, now = one_line(repr(difference.recorded), 70), one_line(repr(difference.replayed), 70)
            out.line(f"    {difference.what}: was ", (was, "green"), ", is now ", (now, "red"))
        for reason in replayed.why[:_SHOWN]:
            out.line(f"    {one_line(reason, 150)}")
    left = total - counts["equal"] - len(told)
    if left:
        out.line(f"  and {left} more: --json tells of all")


def _commas(parts: list[tuple[str, str]]) -> Iterator[str | tuple[str, str]]:
    for number, part in enumerate(parts):
        if number:
            yield ", "
        yield part
