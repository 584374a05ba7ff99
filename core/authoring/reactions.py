"""Calling a sensor's function once for each of several events of the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..failure import Failure
from ..host import host
from .errors import DagsterInvariantViolationError
from .run_chain import chain_of, chained
from .run_request import RunRequest
from .sensor_outcome import EMPTY_RESULT, Outcome
from .sensor_result import SensorResult

#: Seconds after which a tick begins with no further event: what it has done is to be stored soon.
TIME_FOR_EVENTS = 1.0

#: How many events one tick calls the function for at the most.
EVENTS_PER_TICK = 100


@dataclass(frozen=True, slots=True)
class Reaction:
    """One call of a sensor's function for one event of the log.

    Attributes:
        cause: Offset of the event.
        run_id: The run that the event is about, None if it is about none.
        failure: What the function raised, None if it returned.
        skip_message: Why it asked for nothing, None if it gave no reason.
    """

    cause: int
    run_id: str | None = None
    failure: Failure | None = None
    skip_message: str | None = None

    @property
    def error(self) -> str | None:
        """What the function raised, in one line."""
        return None if self.failure is None else self.failure.error


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """An event that a sensor is about to react to.

    Attributes:
        offset: Its place in the log.
        run_id: The run that it is about, None if it is about none.
        run_tags: The tags of that run.
    """

    offset: int
    run_id: str | None = None
    run_tags: dict[str, str] = field(default_factory=dict)


class Reactions:
    """Gathers what a sensor's function produces, event by event.

    Attributes:
        done: The calls so far, in order.
        requests: The runs asked for, each with the tag of its chain.
        looped: Whether a run that came about by the sensor itself was answered with a run.
    """

    def __init__(self, sensor: str, call: Callable[[Any], Outcome], *, empty_is_skip: bool) -> None:
        """Take the sensor's name and its function, sorted out.

        Args:
            empty_is_skip: Whether a function that returns nothing has skipped the event, or has acted.
        """
        self._sensor, self._call, self._empty_is_skip = sensor, call, empty_is_skip
        self.done: list[Reaction] = []
        self.requests: list[RunRequest] = []
        self.looped = False
        self._results: list[SensorResult] = []
        self._ends = host().clock.monotonic() + TIME_FOR_EVENTS

    @property
    def full(self) -> bool:
        """Whether the tick is to end before the next event."""
        if len(self.done) >= EVENTS_PER_TICK or self.looped:
            return True
        return bool(self.done) and host().clock.monotonic() >= self._ends

    def to(self, event: LogEvent, what: Any) -> None:
        """Call the function with *what* the event is.

        Raises:
            DagsterInvariantViolationError: The function set the cursor, which goes by the events.
        """
        try:
            outcome = self._call(what)
        except KeyboardInterrupt:
            raise
        # Not Exception: sys.exit() in the function is its failure, not that of the events after it.
        except BaseException as error:  # noqa: BLE001
            self.done.append(Reaction(event.offset, event.run_id, Failure.of(error)))
            return
        if outcome.result is not None and outcome.result.cursor is not None:
            raise DagsterInvariantViolationError(
                f"SensorResult.cursor is {outcome.result.cursor!r}: The cursor is managed by the sensor "
                f"{self._sensor!r}, which goes from event to event, leave it out"
            )
        message = outcome.skip_message
        if message == EMPTY_RESULT and not self._empty_is_skip:
            message = None
        self.done.append(Reaction(event.offset, event.run_id, skip_message=message))
        self._take(outcome, chain_of(event.run_tags))

    def outcome(self, *, cursor: str | None, more: bool, retry: bool, empty: str | None) -> Outcome:
        """Return what the tick amounts to.

        Args:
            cursor: The cursor after the events that need no further look.
            more: Whether there are further events to react to.
            retry: Whether the last events are to be reacted to once more.
            empty: Why there is nothing, when there was no event.
        """
        skipped = [reaction.skip_message for reaction in self.done]
        message = empty if not skipped else skipped[-1] if all(skipped) else None
        return Outcome(
            requests=self.requests,
            skip_message=None if self.requests else message,
            result=SensorResult(
                asset_events=[event for result in self._results for event in result.asset_events],
                dynamic_partitions_requests=[
                    request
                    for result in self._results
                    for request in result.dynamic_partitions_requests or ()
                ],
            ),
            reactions=self.done,
            managed_cursor=cursor,
            next_tick="paused" if self.looped else "now" if more else "retry" if retry else "when woken",
        )

    def _take(self, outcome: Outcome, chain: list[str]) -> None:
        self.requests += chained(outcome.requests, chain)
        if outcome.result is not None:
            self._results.append(outcome.result)
        self.looped |= bool(outcome.requests) and self._sensor in chain
