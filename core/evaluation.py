"""One evaluation of a sensor as a plain value: all that the engine decides on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from .authoring.dynamic_partitions import partition_changes
from .authoring.errors import CheckError
from .authoring.evaluate_tick import evaluate_without_partitions, partitions_after
from .authoring.metadata import plain_metadata
from .authoring.reactions import Reaction
from .authoring.results import AssetMaterialization, AssetObservation
from .authoring.sensor_context import SensorEvaluationContext
from .authoring.sensor_log import LogLine
from .authoring.sensor_result import NextTick, SensorExecutionData
from .events import AssetMaterialized, AssetObserved
from .failure import Failure
from .partitions_store import PartitionsChange
from .plain_data import storable_text
from .requests import Request, as_requests, is_storable
from .tape import covered

if TYPE_CHECKING:
    from .authoring.definitions import Definitions
    from .authoring.sensor_definition import SensorDefinition

__all__ = ["Evaluation", "Reacted", "Request", "evaluate"]


class Reacted(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the sensor's function for one event of the log; the fields are those of `SensorReacted`."""

    cause: int
    run: str | None = None
    error: str | None = None
    traceback: str | None = None
    skip_reason: str | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of evaluating a sensor once. All texts in it can be stored.

    Attributes:
        requests: The runs asked for, in order; none when there is an error.
        skip_reason: Why there is none, None when nothing was said.
        cursor: The cursor after the evaluation, to be stored also when there is an error: that from
            before it if the function raised, but reactions that failed do not hold it back.
        cursor_before: The cursor that the sensor was given.
        error: Type and message of what went wrong, one line.
        traceback: The traceback of the user's code, None if none of theirs is in it.
        logs: When (UTC, microseconds since the epoch), level and text of the lines logged.
        asset_events: Events to be stored without a run; ``at`` and ``tick`` are to be filled in.
        partition_changes: What is asked of sets of dynamic partitions, one for each set.
        reactions: The calls of the function for events of the log, in order.
        notes: What the engine has to say of the evaluation, for the tick's log.
        next_tick: When a sensor that reacts to the log ticks next.
        known: The offset up to which the evaluation knew the log; 0 if it did not look at it.
    """

    requests: list[Request] = []
    skip_reason: str | None = None
    cursor: str | None
    cursor_before: str | None
    error: str | None = None
    traceback: str | None = None
    logs: list[LogLine] = []
    asset_events: list[AssetMaterialized | AssetObserved] = []
    partition_changes: list[PartitionsChange] = []
    reactions: list[Reacted] = []
    notes: list[str] = []
    next_tick: NextTick = "when woken"
    known: int = 0

    @property
    def asks(self) -> bool:
        """Whether there is more to it than its end, its cursor and its log."""
        return bool(self.requests or self.asset_events or self.partition_changes or self.reactions)


def evaluate(
    sensor: SensorDefinition, context: SensorEvaluationContext, definitions: Definitions | None = None
) -> Evaluation:
    """Evaluate the sensor; whatever its function does, an evaluation comes back.

    Args:
        context: A fresh one; it gets *definitions* if it has none.
        definitions: Where the sensor's jobs and assets are found.
    """
    if context.definitions is None:
        context.definitions = definitions
    before = context.cursor
    try:
        return _evaluated(sensor, context, before)
    # Not Exception: sys.exit() and the like in a sensor end its tick, not the engine.
    except BaseException as error:  # noqa: BLE001
        # To show the code is no read of the sensor's.
        with covered():
            failure = Failure.of(error)
        return Evaluation(
            cursor=before,
            cursor_before=before,
            error=failure.error,
            traceback=failure.traceback if failure.has_frames else None,
            logs=list(context.log_records),
            next_tick="retry",
        )


def _evaluated(sensor: SensorDefinition, context: SensorEvaluationContext, before: str | None) -> Evaluation:
    known = 0 if sensor.wake_up(context.repository_def) is None else context.instance.head()
    data = evaluate_without_partitions(sensor, context)
    if data.cursor is not None and not is_storable(data.cursor):
        raise CheckError(
            f"cursor is not valid text (UTF-8): {_shortened(ascii(data.cursor))}, escape what is not, for "
            "instance with json.dumps()"
        )
    requests: list[Request] = []
    if data.run_requests:
        store = partitions_after(context, data)
        requests = as_requests(sensor, data.run_requests, context, store)
    return Evaluation(
        requests=requests,
        skip_reason=_skip_reason(data, requests),
        cursor=data.cursor,
        cursor_before=before,
        logs=list(context.log_records),
        asset_events=list(map(_asset_event, data.asset_events)),
        partition_changes=partition_changes(data.dynamic_partitions_requests),
        reactions=list(map(_reacted, data.dagster_run_reactions)),
        error=_failed_reactions(data.dagster_run_reactions),
        notes=[_loop_note(sensor)] if data.next_tick == "paused" else [],
        next_tick=data.next_tick,
        known=known,
    )


def _reacted(reaction: Reaction) -> Reacted:
    failure = reaction.failure
    return Reacted(
        cause=reaction.cause,
        run=reaction.run_id,
        error=None if failure is None else failure.error,
        traceback=None if failure is None else failure.traceback,
        skip_reason=None if reaction.skip_message is None else storable_text(reaction.skip_message),
    )


def _failed_reactions(reactions: Sequence[Reaction]) -> str | None:
    failed = [reaction for reaction in reactions if reaction.failure is not None]
    if not failed:
        return None
    if len(reactions) == 1:
        return failed[0].error
    return f"{len(failed)} of {len(reactions)} reactions failed: {failed[0].error}"


def _loop_note(sensor: SensorDefinition) -> str:
    return (
        f"sensor {sensor.name!r} answers with runs to what came of its own runs, a loop: it reacts no more for "
        f"{sensor.interval_seconds:g} s, its interval. Monitor other jobs or assets than those it asks for"
    )


def _skip_reason(data: SensorExecutionData, requests: Sequence[Request]) -> str | None:
    if data.run_requests and not requests:
        return "all that was asked for is up to date"
    return storable_text(data.skip_message) if data.skip_message else None


def _asset_event(noted: AssetMaterialization | AssetObservation) -> AssetMaterialized | AssetObserved:
    kind = AssetMaterialized if isinstance(noted, AssetMaterialization) else AssetObserved
    return kind(
        at=0,
        asset=noted.asset_key.to_user_string(),
        partition_key=noted.partition,
        description=noted.description,
        metadata=plain_metadata(noted.metadata),
        tags=dict(noted.tags),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
