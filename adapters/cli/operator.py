"""Operator actions: decide on the newest state, append at the head, decide again if somebody was faster."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from ...core.errors import LogConflict, TickTrailError
from ...core.events import AnyEvent, SensorDefined
from ...core.log import EventLog
from ...core.python_version import PYTHON
from ...core.sensor_state import SensorState, evolve
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..home import Home
from ..system import SystemClock
from .options import Code, load

if TYPE_CHECKING:
    from ..definitions_file import LoadedDefinitions

#: Decides what to append, given the sensor's state and the time; None if there is nothing to do.
Decide = Callable[[SensorState, int], AnyEvent | None]


class UnknownName(TickTrailError):
    """Nothing of that name exists.

    Args:
        to_do: What to do if the name is right, None if there is nothing to be said of that.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, to_do: str | None = None) -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "") or "none"
        then = "" if to_do is None else f"; {to_do}"
        super().__init__(f"there is no {kind} {name!r}: {hint}known: {listed}{then}")
        self.kind, self.name, self.known = kind, name, names


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an action.

    Attributes:
        before: The sensor's state on which it was decided.
        after: The sensor's state now.
        offset: Offset of the action's event, None if there was nothing to do.
    """

    before: SensorState
    after: SensorState
    offset: int | None


def act(home: Home, log: EventLog, code: Code, sensor: str, actor: str, decide: Decide) -> Outcome:
    """Append what *decide* says for the sensor's newest state.

    A sensor that only the definitions know, since no engine has run with them yet, is defined in
    the log by the same append: what an operator switches must have a status written in code.

    Raises:
        UnknownName: Neither the log nor the definitions know the sensor.
        DefinitionsError: The definitions are needed and cannot be loaded.
    """
    states, clock = SensorStates(), SystemClock()
    loaded: LoadedDefinitions | None = None
    while True:
        head = fold(log, states)
        state = states.get(sensor)
        now = clock.now()
        events: list[AnyEvent] = []
        if not state.defined and loaded is None:
            loaded = _definitions(home, code, needed=sensor not in states)
        defined = None if state.defined or loaded is None else definition_event(loaded, sensor, now)
        if defined is not None:
            state = evolve(state, head, defined)
            events.append(defined)
        elif sensor not in states:
            names = [] if loaded is None else list(loaded.sensors)
            raise UnknownName("sensor", sensor, {*states.names(), *names})
        event = decide(state, now)
        if event is None:
            return Outcome(before=state, after=state, offset=None)
        offset = head + len(events)
        try:
            log.append([*events, event], expected=head, recorded_at=now, writer=f"cli:{actor}")
        except LogConflict:
            continue
        return Outcome(before=state, after=evolve(state, offset, event), offset=offset)


def _definitions(home: Home, code: Code, *, needed: bool) -> LoadedDefinitions | None:
    """Load the definitions if they are named, or if nothing else can tell of the sensor."""
    source = code.source(home.definitions) if needed else code.named()
    return None if source is None else load(source)


def definition_event(loaded: LoadedDefinitions, sensor: str, at: int) -> SensorDefined | None:
    """Return what an engine would say of a sensor that is new to the log, None if it is not there."""
    definition = loaded.sensors.get(sensor)
    if definition is None:
        return None
    return SensorDefined(
        at=at,
        sensor=sensor,
        kind=definition.kind,
        interval=definition.interval_seconds,
        default_status=definition.default_status.value,
        fingerprint=loaded.fingerprints[sensor],
        cron_schedule=definition.cron_text,
        timezone=definition.timezone,
        python=PYTHON,
    )
