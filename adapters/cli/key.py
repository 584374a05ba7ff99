"""``ticktrail key``: run keys, who owns them, and freeing them."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated, Any

from cyclopts import App, Parameter

from ...core.errors import TickTrailError
from ...core.events import AnyEvent, RunKeysReleased
from ...core.run_keys import NOBODY
from ...projections.fold import Folded
from ...projections.run_key_history import Holding, RunKeyHistory
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..identity import actor as current_actor
from .deciding import append_decided
from .describe import as_record, origin_tick
from .operator import UnknownName
from .options import COMMON, WHEN, Common, When
from .output import Output, status_text
from .reading import opened, viewed
from .text import UsageError, ago, local_time, one_line

app = App(name="key", help="Show who owns run keys, and free them.")

Sensor = Annotated[str, Parameter(name="SENSOR", help="Name of the sensor.")]


@app.command
def show(
    sensor: Sensor,
    key: Annotated[str, Parameter(name="KEY", help="The run key.", allow_leading_hyphen=True)],
    /,
    *,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Show the run that owns a run key, and all that owned it before, with what freed it."""
    states, history = SensorStates(), RunKeyHistory(sensor, {key})
    with viewed(common.open(), when) as (log, now):
        fold(log, states, history)
    _check_sensor(sensor, states)
    holdings, out = history.of(key), Output(json=common.json)
    if not holdings:
        raise TickTrailError(f"{sensor} has never asked for the run key {key!r}: see `ticktrail run list`")
    if out.json:
        out.record({"sensor": sensor, "run_key": key, "owners": list(map(_record, holdings))})
        return 0
    _show(out, sensor, key, holdings, now)
    return 0


@app.command
def release(
    sensor: Sensor,
    key: Annotated[
        tuple[str, ...],
        Parameter(
            name="KEY",
            help="Run key; - alone reads them from standard input, one a line.",
            negative=(),
            allow_leading_hyphen=True,
        ),
    ] = (),
    /,
    *,
    failed_runs: Annotated[
        bool,
        Parameter(
            help="Of these keys, or of all if none are given, those whose owning run has failed.",
            show_default=False,
        ),
    ] = False,
    reason: Annotated[str, Parameter(help="Why, for whoever reads the log later.")],
    actor: Annotated[
        str | None, Parameter(help="Who acts; the operating system's user@host by default.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Free run keys of a sensor: each may be requested once more. What was launched for them stays."""
    keys = _given(key)
    if not keys and (key or not failed_runs):
        raise UsageError("give run keys, or - and one a line on standard input, or --failed-runs")
    who, out, states = actor or current_actor(), Output(json=common.json), SensorStates()
    home, released = common.open(), list[str]()
    with opened(home) as log, closing(home.run_key_owners(log)) as index:
        chosen = _OfFailedRuns(sensor, keys) if failed_runs else _Taken(sensor, keys, RunKeys(index))

        def decide(now: int) -> list[AnyEvent]:
            _check_sensor(sensor, states)
            released[:] = chosen.keys()
            event = RunKeysReleased(at=now, sensor=sensor, actor=who, run_keys=list(released), reason=reason)
            return [event] if released else []

        offset = append_decided(log, who, decide, states, *chosen.folds)
    if out.json:
        out.record({"sensor": sensor, "released": released, "offset": offset})
    elif failed_runs:
        many = "run key" if len(released) == 1 else "run keys"
        out.line(f"{len(released)} {many} of {sensor} had a run that failed: free now")
    else:
        out.line(f"{len(released)} of {len(keys)} run keys of {sensor} were taken, and are free now")
    return 0


class _Taken:
    """Those of some keys that are taken, by the index."""

    def __init__(self, sensor: str, keys: list[str], index: RunKeys) -> None:
        self._sensor, self._keys, self._index = sensor, keys, index
        self.folds: tuple[Folded, ...] = (index,)

    def keys(self) -> list[str]:
        owned = zip(self._keys, self._index.owners(self._sensor, self._keys), strict=True)
        return [key for key, owner in owned if owner != NOBODY]


class _OfFailedRuns:
    """Those of some keys, or of all if there are none, whose owning run has failed."""

    def __init__(self, sensor: str, keys: list[str]) -> None:
        self._history = RunKeyHistory(sensor, set(keys) or None)
        self.folds: tuple[Folded, ...] = (self._history,)

    def keys(self) -> list[str]:
        return [key for key, run in self._history.owned() if run.status == "FAILURE"]


def _given(key: tuple[str, ...]) -> list[str]:
    """Return the run keys that are given, each once."""
    # Else a misspelt option would pass for a run key, and so would its value.
    if (option := next((given for given in key if given.startswith("--")), None)) is not None:
        raise UsageError(f"there is no option {option}: a run key that begins so goes through standard input")
    lines = (line.rstrip("\r\n") for line in sys.stdin) if key == ("-",) else key
    return [line for line in dict.fromkeys(lines) if line]


def _check_sensor(sensor: str, states: SensorStates) -> None:
    if sensor not in states:
        raise UnknownName("sensor", sensor, states.names())


def _record(holding: Holding) -> dict[str, Any]:
    run, release = holding.run, holding.released
    return {
        "offset": run.offset,
        "run": run.run,
        "job": run.job,
        "tick": run.tick,
        "requested_at": run.requested_at,
        "status": run.status,
        "error": run.error,
        "imported": None if holding.imported is None else as_record(run.offset, holding.imported),
        "released": None
        if release is None
        else {
            "offset": holding.released_offset,
            "at": release.at,
            "actor": release.actor,
            "reason": release.reason,
        },
    }


def _show(out: Output, sensor: str, key: str, holdings: list[Holding], now: int) -> None:
    latest = holdings[-1]
    title = (("run key ", "bold"), (repr(key), "bold"), " of ", (sensor, "bold"))
    if latest.released is None:
        run = latest.run
        out.line(*title, "  owned by run ", run.run, "  ", status_text(run.status))
        out.facts(
            {
                "job": run.job,
                "tick": _asked_by(latest),
                "requested": f"{local_time(run.requested_at)} ({ago(run.requested_at, now)})",
                "error": run.error,
            }
        )
    else:
        out.line(*title, "  free, may be requested once more")
    earlier = [holding for holding in holdings if holding.released is not None]
    if earlier:
        out.section("owned before")
        out.table(
            ["RUN", "JOB", "TICK#", "REQUESTED", "STATUS", "RELEASED", "BY"],
            (_row(holding, now) for holding in earlier),
            wide="BY",
        )


def _asked_by(holding: Holding) -> str:
    return str(holding.run.tick) if holding.imported is None else origin_tick(holding.imported)


def _row(holding: Holding, now: int) -> list[str]:
    run, release = holding.run, holding.released
    assert release is not None
    why = f": {one_line(release.reason, 100)}" if release.reason else ""
    return [
        run.run[:8],
        run.job,
        _asked_by(holding),
        ago(run.requested_at, now),
        run.status,
        ago(release.at, now),
        f"{release.actor}{why}",
    ]
