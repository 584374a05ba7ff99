"""``ticktrail sensor release-keys``: run keys that may be requested once more."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated

from cyclopts import Parameter

from ...core.events import AnyEvent, RunKeysReleased
from ...core.run_keys import NOBODY
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..identity import actor as current_actor
from .deciding import append_decided
from .operator import UnknownName
from .options import COMMON, Common
from .output import Output
from .reading import opened
from .text import UsageError


def release_keys(
    name: Annotated[str, Parameter(name="NAME", help="Name of the sensor.")],
    key: Annotated[
        tuple[str, ...],
        Parameter(
            name="KEY",
            help="Run key; - alone reads them from standard input, one a line.",
            negative=(),
            allow_leading_hyphen=True,
        ),
    ],
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why, for whoever reads the log later.")] = None,
    actor: Annotated[
        str | None, Parameter(help="Who acts; the operating system's user@host by default.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Free run keys of a sensor: each may be requested once more. What was launched for them stays."""
    # Else a misspelt option would pass for a run key, and so would its value.
    if (option := next((given for given in key if given.startswith("--")), None)) is not None:
        raise UsageError(f"there is no option {option}: a run key that begins so goes through standard input")
    lines = (line.rstrip("\r\n") for line in sys.stdin) if key == ("-",) else key
    keys = [line for line in dict.fromkeys(lines) if line]
    if not keys:
        raise UsageError("give run keys, or - and one a line on standard input")
    who, out, home = actor or current_actor(), Output(json=common.json), common.open()
    taken: list[str] = []
    with opened(home) as log, closing(home.run_key_owners(log)) as index:
        states, known = SensorStates(), RunKeys(index)

        def decide(now: int) -> list[AnyEvent]:
            nonlocal taken
            if name not in states:
                raise UnknownName("sensor", name, states.names())
            owned = zip(keys, known.owners(name, keys), strict=True)
            taken = [key for key, owner in owned if owner != NOBODY]
            event = RunKeysReleased(at=now, sensor=name, actor=who, run_keys=taken, reason=reason)
            return [event] if taken else []

        offset = append_decided(log, who, decide, states, known)
    if out.json:
        out.record({"sensor": name, "released": taken, "offset": offset})
    else:
        out.line(f"{len(taken)} of {len(keys)} run keys of {name} were taken, and are free now")
    return 0
