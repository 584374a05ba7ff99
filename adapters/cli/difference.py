"""What is different between two positions of a log: states compared, and what happened from one to the other."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...core.log import EventLog
from ...core.sensor_state import SensorState
from ...projections.changes import Changes, SensorCourse
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..past import recorded_until
from .text import UsageError


class SensorChange(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor that was changed, or did something.

    Attributes:
        before: Its state at the earlier moment, None if the log did not know it.
    """

    name: str
    before: SensorState | None
    after: SensorState
    course: SensorCourse


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed between two positions.

    Attributes:
        begin: The earlier position, and when the last event up to it was recorded.
        end: The later one, likewise.
    """

    begin: tuple[int, int | None]
    end: tuple[int, int | None]
    sensors: list[SensorChange]
    changes: Changes


def difference(begin: EventLog, end: EventLog) -> Difference:
    """Return what is different at the end of one log from the end of another, of which it is the beginning.

    Raises:
        UsageError: It is the longer one.
    """
    first, last = begin.head(), end.head()
    if first > last:
        raise UsageError(f"A is at position {first}, B before it at {last}: give the earlier moment first")
    states, changes = SensorStates(), Changes(first)
    fold(begin, states)
    before = states.copy()
    fold(end, states, changes)
    return Difference(
        begin=(first, recorded_until(begin)),
        end=(last, recorded_until(end)),
        sensors=_changed_sensors(before, states, changes.sensors),
        changes=changes,
    )


def _changed_sensors(
    before: SensorStates, after: SensorStates, courses: Mapping[str, SensorCourse]
) -> list[SensorChange]:
    """Return the sensors whose standing, cursor or code is another one, and those that did something."""
    changes = [
        SensorChange(
            name=name,
            before=before.get(name) if name in before else None,
            after=after.get(name),
            course=courses.get(name) or SensorCourse(),
        )
        for name in sorted({*after.names(), *courses})
    ]
    return [
        change
        for change in changes
        if change.name in courses or compared(change.before) != compared(change.after)
    ]


def compared(state: SensorState | None) -> dict[str, str | None] | None:
    """Return what is compared of a sensor's state, None if there is none."""
    if state is None:
        return None
    return {"status": state.standing, "cursor": state.cursor, "code": state.fingerprint}
