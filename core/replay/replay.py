"""Replaying one tick: the same code, cursor and clock, and what it read then, must give the same decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat, zip_longest
from typing import Any, Literal

import msgspec

from ..authoring.definitions import Definitions
from ..authoring.sensor_definition import SensorDefinition
from ..decision import FinishedTick, decide
from ..evaluation import evaluate
from ..events import AnyEvent, RunRequested, TickFailed, TickInterrupted
from ..python_version import version_note
from ..run_key_tries import with_tries
from ..run_keys import NOBODY
from ..tape import Player, Tape, under
from ..tape.storing import MissingBlob
from ..tick_context import tick_context
from .past_tick import PastTick, of_its_time

#: What came of replaying a tick.
Verdict = Literal["equal", "different", "partial", "not recorded", "not evaluated"]

#: The field that says how it went, not what was decided.
_PASSED_OVER = "traceback"


class Difference(msgspec.Struct, frozen=True):
    """Where a decision is another one.

    Attributes:
        what: The event and its field, such as ``"RunRequested 2 run_key"``; the event alone if there is none on one side.
        recorded: What the log has.
        replayed: What comes of it now.
    """

    what: str
    recorded: Any
    replayed: Any


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of replaying a tick.

    Attributes:
        tick: Its id.
        at: When it started; UTC, microseconds since the epoch.
        verdict: ``"equal"`` only if all that it read is on its tape and the decisions are equal, field by field.
        differences: Where they are not, in order.
        why: Why it could not be replayed, what it read that is not on the tape, and if it is not equal that another
            Python recorded it.
        python: The version of Python that recorded it, None if that is not known.
    """

    tick: int
    at: int
    verdict: Verdict
    differences: Sequence[Difference] = ()
    why: Sequence[str] = ()
    python: str | None = None


def replay(past: PastTick, sensor: SensorDefinition, definitions: Definitions) -> Replayed:
    """Evaluate the tick again under its tape, decide on it again, and compare the decisions.

    Raises:
        MissingBlob: The log does not have what the tape names.
    """

    def said(verdict: Verdict, differences: Sequence[Difference] = (), why: Sequence[str] = ()) -> Replayed:
        return Replayed(
            tick=past.tick,
            at=past.started.at,
            verdict=verdict,
            differences=differences,
            why=why,
            python=past.state_at_start.python,
        )

    if (reason := _not_evaluated(past.end)) is not None:
        return said("not evaluated", why=[reason])
    try:
        tape = past.read_tape()
    except MissingBlob as error:
        raise MissingBlob(
            f"tick {past.tick} of sensor {sensor.name!r} cannot be replayed: {error}"
        ) from error
    if tape is None:
        return said("not recorded", why=["what it read was not recorded"])
    if not tape.complete:
        return said("partial", why=tape.uncovered)
    player = Player(tape)
    differences = list(_differences(past.events, _decided(past, sensor, definitions, player, tape)))
    missing = [f"it reads what it did not read then: {what}" for what in player.missing]
    if differences or missing:
        note = version_note(past.state_at_start.python)
        return said("different", differences, missing if note is None else [note, *missing])
    return said("equal")


def _not_evaluated(end: AnyEvent) -> str | None:
    if isinstance(end, TickInterrupted):
        return f"it was interrupted: {end.reason}"
    if isinstance(end, TickFailed) and end.timed_out:
        return "its evaluation was given up"
    return None


def _decided(
    past: PastTick, sensor: SensorDefinition, definitions: Definitions, player: Player, tape: Tape
) -> list[AnyEvent]:
    context = tick_context(sensor, past.state_at_start, past.started.scheduled_for, definitions, None)
    with under(player):
        evaluation = evaluate(sensor, context, definitions)
    evaluation = of_its_time(evaluation, sensor, past.state_at_start, past.started)
    finished = FinishedTick(
        tick=past.tick, sensor=sensor.name, evaluation=evaluation, duration=past.end.duration
    )
    recorded = (event.run for event in past.events if isinstance(event, RunRequested))
    requests = evaluation.requests
    owners, tries = with_tries(
        sensor.run_key_policy,
        requests,
        past.owners.owners(requests),
        past.failed_try,
    )
    return decide(
        past.state,
        finished,
        owners=owners,
        run_ids=list(_ids(recorded, owners.count(NOBODY))),
        partitions=past.partitions,
        limits=sensor.limits,
        tries=tries,
        offset=past.offset,
        at=past.end.at,
    )


def _ids(recorded: Iterator[str], count: int) -> Iterator[str]:
    """Yield the ids that the runs had, and any for more runs than there were."""
    return (each for _, each in zip(range(count), chain(recorded, repeat("another run")), strict=False))


def _differences(recorded: Sequence[AnyEvent], replayed: Sequence[AnyEvent]) -> Iterator[Difference]:
    for number, (one, other) in enumerate(zip_longest(recorded, replayed)):
        if one == other:
            continue
        if type(one) is not type(other):
            yield Difference(f"event {number}", _shown(one), _shown(other))
            # What follows is moved by one at the least.
            return
        for field in type(one).__struct_fields__:
            was, now = getattr(one, field), getattr(other, field)
            if field != _PASSED_OVER and was != now:
                yield Difference(f"{type(one).__name__} {number} {field}", was, now)


def _shown(event: AnyEvent | None) -> str:
    if event is None:
        return "nothing more"
    subject = (
        getattr(event, "run_key", None) or getattr(event, "reason", None) or getattr(event, "error", None)
    )
    return f"{type(event).__name__}{f' {subject!r}' if subject else ''}"
