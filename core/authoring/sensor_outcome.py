"""What a sensor function produced, sorted out: requests, a skip reason, or one result for all."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

import msgspec

from .dynamic_partitions import check_partitions_requests
from .errors import CheckError
from .run_request import RunRequest, SkipReason
from .sensor_result import NextTick, SensorResult

if TYPE_CHECKING:
    from .reactions import Reaction

EMPTY_RESULT = "Sensor function returned an empty result"

#: How much a generator may yield: one without end must not fill the engine's memory.
MOST_PRODUCED = 1_000_000

#: What a function may return, by the sort of definition.
_EXPECTED = {
    "Sensor": "a RunRequest, a SkipReason, a SensorResult, None, a list of RunRequests, or yield them",
    "Schedule": "a RunRequest, a SkipReason, run config, None, a list of RunRequests, or yield requests",
}


class Outcome(msgspec.Struct, frozen=True):
    """What one call of a sensor function amounts to, or several calls for events of the log.

    Attributes:
        requests: The requests, in order.
        skip_message: Why there is none; None when there are some, or when nothing was said.
        result: The result that all of it came in, None when it came by itself.
        reactions: The calls for events, in order.
        managed_cursor: The cursor of a sensor that goes from event to event, None for any other.
        next_tick: When a sensor that reacts to the log ticks next.
    """

    requests: list[RunRequest] = []
    skip_message: str | None = None
    result: SensorResult | None = None
    reactions: list[Reaction] = []
    managed_cursor: str | None = None
    next_tick: NextTick = "when woken"


def outcome_of(name: str, returned: object, noun: str = "sensor") -> Outcome:
    """Return what a sensor function's return value amounts to; a generator is run to its end.

    Args:
        noun: The sort of definition that *name* is the name of, for people.

    Raises:
        CheckError: It is, or contains, what a sensor may not produce.
        DagsterInvariantViolationError: Its dynamic partitions requests contradict each other.
        Exception: What the generator raised.
    """
    if isinstance(returned, SkipReason):
        return Outcome(skip_message=returned.skip_message)
    if isinstance(returned, SensorResult):
        return _from_result(returned)
    what = f"{noun} {name!r}"
    produced = _produced(what, returned)
    if not produced or (len(produced) == 1 and produced[0] is None):
        return Outcome(skip_message=EMPTY_RESULT.replace("Sensor", noun.capitalize()))
    if set(map(type, produced)) == {RunRequest}:
        return Outcome(produced)
    if any(isinstance(item, SensorResult) for item in produced):
        if len(produced) > 1:
            raise CheckError(
                f"{what} produced a SensorResult and {len(produced) - 1} more: "
                "when a SensorResult is given, it must be the only object returned."
            )
        return _from_result(produced[0])
    return _from_parts(what, produced)


def _from_result(result: SensorResult) -> Outcome:
    check_partitions_requests(result.dynamic_partitions_requests or ())
    if result.run_requests:
        return Outcome(list(result.run_requests), None, result)
    reason = result.skip_reason
    return Outcome([], EMPTY_RESULT if reason is None else reason.skip_message, result)


def _from_parts(what: str, produced: list[Any]) -> Outcome:
    requests = [item for item in produced if isinstance(item, RunRequest)]
    if len(requests) == len(produced):
        return Outcome(requests)
    skips = [item for item in produced if isinstance(item, SkipReason)]
    if len(requests) + len(skips) < len(produced):
        raise _unexpected_part(what, produced)
    if requests:
        raise CheckError(
            f"{what} received both RunRequest and SkipReason: it produced {len(requests)} and "
            f"{len(skips)} of them, give the one or the other"
        )
    if len(skips) > 1:
        raise CheckError(f"{what} received multiple SkipReasons: it produced {len(skips)}, give one")
    return Outcome([], skips[0].skip_message)


def _produced(what: str, returned: Any) -> list[Any]:
    if returned is None:
        return []
    if isinstance(returned, RunRequest):
        return [returned]
    if isinstance(returned, list):
        return returned
    if isinstance(returned, GeneratorType):
        return drained(what, _with_returned(what, returned))
    if isinstance(returned, CoroutineType):
        returned.close()
        raise CheckError(
            f"{_noun(what)} unexpectedly returned output: {what} is an async function, make it a plain one"
        )
    raise _unexpected_output(what, returned)


def drained(what: str, generator: Iterator[Any]) -> list[Any]:
    """Return all that a function yields.

    Raises:
        CheckError: That is more than `MOST_PRODUCED`.
    """
    produced = list(islice(generator, MOST_PRODUCED + 1))
    if len(produced) > MOST_PRODUCED:
        raise CheckError(
            f"{what} asks for more than {MOST_PRODUCED:,} runs in one tick: yield fewer and go on from there in "
            "the next one, for that is the cursor"
        )
    return produced


def _with_returned(what: str, generator: Generator[Any, None, object]) -> Generator[Any, None, None]:
    returned = yield from generator
    if isinstance(returned, (RunRequest, SkipReason, SensorResult)):
        yield returned
    elif returned is not None:
        raise _unexpected_output(what, returned)


def _unexpected_output(what: str, value: object) -> CheckError:
    return CheckError(
        f"{_noun(what)} unexpectedly returned output {_shown(value)} of type {type(value).__name__}: {what} "
        f"may return {_EXPECTED[_noun(what)]}"
    )


def _unexpected_part(what: str, produced: list[Any]) -> CheckError:
    index, item = next((i, x) for i, x in enumerate(produced) if not isinstance(x, (RunRequest, SkipReason)))
    return CheckError(
        f"{what} produced {_shown(item)} ({type(item).__name__}) as item {index} of {len(produced)}: "
        "each item must be a RunRequest"
    )


def _noun(what: str) -> str:
    return what.partition(" ")[0].capitalize()


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
