"""``ticktrail slice``: a sensor's past as one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...core.errors import TickTrailError
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..home import DefinitionsSource
from ..progress import read_with_progress
from ..system import SystemClock
from .operator import UnknownName
from .options import COMMON, Common
from .output import Output
from .reading import opened
from .text import moment


def slice_(
    name: Annotated[str, Parameter(help="Name of the sensor.")],
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The file to write.")],
    from_: Annotated[
        str | None, Parameter(name="--from", help="Only ticks started since: 7d, or an ISO time.")
    ] = None,
    to: Annotated[str | None, Parameter(help="Only ticks started before: 1d, or an ISO time.")] = None,
    common: Common = COMMON,
) -> int:
    """Write a sensor's ticks, what they read, and its code to one file, which replay and backtest take with --slice.

    It holds all that the sensor read: names and contents of files among others.
    """
    from ..slices import SliceInfo, write_slice

    home, out, now = common.open(), Output(json=common.json), SystemClock().now()
    since = 0 if from_ is None else moment(from_, now)
    until = sys.maxsize if to is None else moment(to, now)
    with opened(home) as log:
        states = SensorStates()
        fold(log, states)
        if name not in states.names():
            raise UnknownName("sensor", name, list(states.names()))
        info = SliceInfo(
            sensor=name, partition=log.partition, head=log.head(), made_at=now, code=_code(home.definitions)
        )
        try:
            frames = read_with_progress(log, doing=f"slicing {name}")
            ticks = write_slice(log, output, info, since=since, until=until, frames=frames)
        except OSError as error:
            raise TickTrailError(f"{output} cannot be written: {error.strerror}") from error
    size = output.stat().st_size
    if out.json:
        out.record({"sensor": name, "file": str(output), "ticks": ticks, "bytes": size})
    else:
        out.line(f"{output}: {ticks:,} ticks of {name} in {size:,} bytes")
        out.note(f"take it along: `ticktrail replay {name} --slice {output}`")
    return 0


def _code(source: DefinitionsSource | None) -> str | None:
    if source is None or source.file is None:
        return None
    try:
        return Path(source.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
