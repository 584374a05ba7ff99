"""Backtest: other code on the ticks of the past, with a cursor and run keys of its own that evolve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from ..authoring.definitions import Definitions
from ..authoring.sensor_definition import SensorDefinition
from ..decision import FinishedTick, decide
from ..evaluation import evaluate
from ..events import AnyEvent, RunKeysReleased, RunRequested, TickFailed, TickInterrupted
from ..requests import Request
from ..run_key_tries import try_of, with_tries
from ..run_keys import NOBODY
from ..sensor_state import CHANGING, SensorState, evolve
from ..tape import Tape, under
from ..tape.history_player import HistoryPlayer, Missing
from ..tick_context import tick_context
from .key_owners import KeyOwners
from .past_tick import PastTick, end_of, of_its_time

#: What became of a request: only the new code makes it, only the old one did, both with other content, both.
Change = Literal["added", "removed", "changed", "unchanged"]

#: Returns what makes a request what it is.
content_of = attrgetter("run_key", "job", "run_config", "given_tags", "partition_key", "asset_selection")


class RequestChange(msgspec.Struct, frozen=True):
    """A run request of a tick, before and after.

    Attributes:
        change: What became of it.
        old, new: The request by the recorded code, and by the new one; None if it did not make it.
    """

    change: Change
    old: RunRequested | None
    new: RunRequested | None

    @property
    def run_key(self) -> str | None:
        """The run key, None if it has none."""
        one = self.new or self.old
        return None if one is None else one.run_key


class BacktestTick(msgspec.Struct, frozen=True, kw_only=True):
    """What the new code did in place of the old one in a tick.

    Attributes:
        tick: Its id.
        at: When it started; UTC, microseconds since the epoch.
        requests: Each run request that one or the other made, in order.
        cursor_before, cursor_after: The new code's.
        error: What it raised, one line; None if it did not.
        missing: What it read that the tape does not have, a line each.
        why_not: Why it was not evaluated, None if it was.
        python: The version of Python that recorded it, None if that is not known.
    """

    tick: int
    at: int
    requests: Sequence[RequestChange] = ()
    cursor_before: str | None = None
    cursor_after: str | None = None
    error: str | None = None
    missing: Sequence[str] = ()
    why_not: str | None = None
    python: str | None = None

    def count(self, change: Change) -> int:
        """Return how many requests became that."""
        return sum(request.change == change for request in self.requests)

    @property
    def diverges(self) -> bool:
        """Whether the new code asks for something else than the old one did."""
        return any(request.change != "unchanged" for request in self.requests)


class Backtest:
    """New code that goes through the ticks of the past.

    Args:
        sensor: The new code.
        definitions: Those that it is in.
        start_cursor: The cursor that it begins with; ``...`` for that of the first tick.
        fresh_keys: Whether no run key is taken when it begins.
        missing: What becomes of a read that the tape does not have.
    """

    def __init__(
        self,
        sensor: SensorDefinition,
        definitions: Definitions,
        *,
        start_cursor: str | Any | None = ...,
        fresh_keys: bool = False,
        missing: Missing = "fail",
    ) -> None:
        self._sensor, self._definitions = sensor, definitions
        self._start_cursor, self._fresh_keys, self._missing = start_cursor, fresh_keys, missing
        self._state: SensorState | None = None
        self._owners = KeyOwners(sensor.name)
        self._tries: dict[int, tuple[str, int]] = {}
        self._nearest: dict[tuple[str, str, str], Any] = {}

    def run(self, pasts: Iterable[PastTick]) -> Iterator[BacktestTick]:
        """Yield what becomes of each tick, in order."""
        return map(self._tick, pasts)

    def _tick(self, past: PastTick) -> BacktestTick:
        if self._state is None:
            self._begin(past)
        tape = past.read_tape()
        if (why := _not_evaluated(past, tape, self._missing)) is not None:
            return BacktestTick(
                tick=past.tick, at=past.started.at, why_not=why, python=past.state_at_start.python
            )
        player = HistoryPlayer(tape or Tape(), self._missing, self._nearest, at=past.started.at)
        assert self._state is not None
        before = self._state.cursor
        events = self._decided(past, player)
        self._evolve(past, events)
        end = end_of(events)
        return BacktestTick(
            tick=past.tick,
            at=past.started.at,
            requests=compared(past.events, events),
            cursor_before=before,
            cursor_after=self._state.cursor,
            error=end.error if isinstance(end, TickFailed) else None,
            missing=player.missing,
            python=past.state_at_start.python,
        )

    def _begin(self, past: PastTick) -> None:
        state = past.state_at_start
        self._state = state if self._start_cursor is ... else replace(state, cursor=self._start_cursor)
        if not self._fresh_keys:
            self._owners = past.owners.copy()

    def _decided(self, past: PastTick, player: HistoryPlayer) -> list[AnyEvent]:
        assert self._state is not None
        # Sensors that an operator had stopped meanwhile ask for nothing, whatever their code.
        state = _switched(self._state, past.state)
        context = tick_context(self._sensor, state, past.started.scheduled_for, self._definitions, None)
        with under(player):
            evaluation = evaluate(self._sensor, context, self._definitions)
        evaluation = of_its_time(evaluation, self._sensor, state, past.started)
        self._state = evolve(state, past.tick, past.started)
        owners, tries, run_ids = self._claims(past, evaluation.requests)
        return decide(
            self._state,
            FinishedTick(tick=past.tick, sensor=past.started.sensor, evaluation=evaluation, duration=0.0),
            owners=owners,
            run_ids=run_ids,
            partitions=past.partitions,
            limits=self._sensor.limits,
            tries=tries,
            offset=past.offset,
            at=past.end.at,
        )

    def _claims(
        self, past: PastTick, requests: Sequence[Request]
    ) -> tuple[Sequence[int], Mapping[str, int], Sequence[str]]:
        """Return the owners and tries of the requests' keys, and ids for their runs, as `decide` takes them."""
        if not requests:
            return (), {}, ()
        owners, tries = with_tries(
            self._sensor.run_key_policy,
            requests,
            self._owners.owners(requests),
            lambda owner: self._failed_try(past, owner),
        )
        return owners, tries, [f"backtest-{past.tick}-{number}" for number in range(owners.count(NOBODY))]

    def _evolve(self, past: PastTick, events: Sequence[AnyEvent]) -> None:
        assert self._state is not None
        for offset, event in enumerate(events, past.offset):
            if type(event) in CHANGING:
                self._state = evolve(self._state, offset, event)
            elif isinstance(event, RunRequested):
                self._owners.claimed(offset, event.run_key)
                if event.run_key and self._sensor.run_key_policy.retries:
                    self._tries[offset] = event.run_key, try_of(event)
            elif isinstance(event, RunKeysReleased):
                self._owners.released(event)

    def _failed_try(self, past: PastTick, owner: int) -> int | None:
        """Return which try a request was, if its run has failed: the new code's fail as those recorded did."""
        if owner not in self._tries:
            return past.failed_try(owner)
        key, number = self._tries[owner]
        recorded = past.failed_try(past.owners.owner(key))
        return number if recorded is not None and recorded >= number else None


def _switched(state: SensorState, as_was: SensorState) -> SensorState:
    """Return the state with the sensor on or off as it was then."""
    switches = as_was.defined, as_was.stored_status, None
    if (state.defined, state.stored_status, state.quarantined) == switches:
        return state
    return replace(state, defined=as_was.defined, stored_status=as_was.stored_status, quarantined=None)


def _not_evaluated(past: PastTick, tape: Tape | None, missing: Missing) -> str | None:
    if isinstance(past.end, TickInterrupted):
        return f"it was interrupted: {past.end.reason}"
    if tape is None and missing != "live":
        return "what it read was not recorded"
    return None


def compared(old: Iterable[AnyEvent], new: Iterable[AnyEvent]) -> Sequence[RequestChange]:
    """Return the requests among the events of a tick, before and after: those of one run key are one."""
    before, after = _requests(old), _requests(new)
    return list(_changes(before, after)) if before or after else ()


def _changes(before: list[RunRequested], after: list[RunRequested]) -> Iterator[RequestChange]:
    left = {_identity(request): request for request in before}
    for request in after:
        was = left.pop(_identity(request), None)
        if was is None:
            yield RequestChange("added", None, request)
        else:
            yield RequestChange(
                "unchanged" if content_of(was) == content_of(request) else "changed", was, request
            )
    for request in left.values():
        yield RequestChange("removed", request, None)


def _requests(events: Iterable[AnyEvent]) -> list[RunRequested]:
    return [event for event in events if isinstance(event, RunRequested)]


def _identity(request: RunRequested) -> Any:
    if request.run_key:
        return request.run_key
    return msgspec.msgpack.encode(content_of(request), order="sorted")
