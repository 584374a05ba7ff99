"""All of a tick's outcome in one value: as the sensor returns it, and as an evaluation yields it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import msgspec

from .dynamic_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from .errors import CheckError
from .results import AssetMaterialization, AssetObservation
from .run_request import RunRequest, SkipReason

if TYPE_CHECKING:
    from .reactions import Reaction

PartitionsRequest: TypeAlias = AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest

#: When a sensor that reacts to the log ticks next: when an event wakes it; now, for there are events
#: left; after its interval, or earlier when it is woken; after its interval in any case.
NextTick = Literal["when woken", "now", "retry", "paused"]

_T = TypeVar("_T")
_set = object.__setattr__


@dataclass(frozen=True, slots=True, init=False)
class SensorResult:
    """Requests or a skip reason, a cursor and asset events, returned together.

    Attributes:
        run_requests: The runs asked for, None or empty for none.
        skip_reason: Why no run is asked for.
        cursor: The cursor that the next tick gets; None leaves it as it is, ``""`` is a cursor.
        dynamic_partitions_requests: Keys to add to sets of dynamic partitions, or to delete.
        asset_events: Events about assets, to be stored without a run.
    """

    run_requests: Sequence[RunRequest] | None
    skip_reason: SkipReason | None
    cursor: str | None
    dynamic_partitions_requests: Sequence[PartitionsRequest] | None
    asset_events: Sequence[AssetMaterialization | AssetObservation]

    def __init__(
        self,
        run_requests: Sequence[RunRequest] | None = None,
        skip_reason: SkipReason | str | None = None,
        cursor: str | None = None,
        dynamic_partitions_requests: Sequence[PartitionsRequest] | None = None,
        asset_events: Sequence[AssetMaterialization | AssetObservation] | None = None,
    ) -> None:
        """Check the fields against their types and against each other.

        Raises:
            CheckError: A field has the wrong type, or there are both requests and a skip reason.
        """
        requests = None if run_requests is None else _all("run_requests", run_requests, RunRequest)
        if requests and skip_reason is not None:
            raise CheckError(
                f"SensorResult has {len(requests)} run_requests and a skip_reason: give one of the two"
            )
        if cursor is not None and not isinstance(cursor, str):
            raise CheckError(
                f"SensorResult.cursor is {cursor!r} ({type(cursor).__name__}): give a str or None"
            )
        partitions = dynamic_partitions_requests
        if partitions is not None:
            kinds = (AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest)
            partitions = _all("dynamic_partitions_requests", partitions, *kinds)
        _set(self, "run_requests", requests)
        _set(self, "skip_reason", _skip_reason(skip_reason))
        _set(self, "cursor", None if cursor is None else str.__str__(cursor))
        _set(self, "dynamic_partitions_requests", partitions)
        events = () if asset_events is None else asset_events
        _set(self, "asset_events", _all("asset_events", events, AssetMaterialization, AssetObservation))


class SensorExecutionData(msgspec.Struct, frozen=True, kw_only=True):
    """What `SensorDefinition.evaluate_tick` found: requests, or the reason for having none.

    Attributes:
        run_requests: The requests, each tagged with the sensor's name.
        skip_message: Why there is no request; None when there are some, or when nothing was said.
        cursor: The cursor after the evaluation.
        dagster_run_reactions: The calls of the function for events of the log, in order.
        log_key: Where the evaluation's log is found, None when nothing was logged.
        dynamic_partitions_requests: Keys to add to sets of dynamic partitions, or to delete.
        asset_events: Events about assets, to be stored without a run.
        automation_condition_evaluations: Always empty: there are no conditions.
        next_tick: When a sensor that reacts to the log ticks next; ours.
    """

    run_requests: list[RunRequest] = []
    skip_message: str | None = None
    cursor: str | None = None
    dagster_run_reactions: list[Reaction] = []
    log_key: list[str] | None = None
    dynamic_partitions_requests: list[PartitionsRequest] = []
    asset_events: list[AssetMaterialization | AssetObservation] = []
    automation_condition_evaluations: list[Any] = []
    next_tick: NextTick = "when woken"

    def __post_init__(self) -> None:
        if self.run_requests and self.skip_message is not None:
            raise CheckError(
                f"{len(self.run_requests)} run requests together with the skip message "
                f"{self.skip_message!r}: give one of the two"
            )


def _skip_reason(reason: object) -> SkipReason | None:
    if reason is None or isinstance(reason, SkipReason):
        return reason
    if isinstance(reason, str):
        return SkipReason(str.__str__(reason))
    raise CheckError(
        f"SensorResult.skip_reason is {reason!r} ({type(reason).__name__}): give a str or a SkipReason"
    )


def _all(field: str, values: object, *kinds: type[_T]) -> list[Any]:
    expected = " or ".join(kind.__name__ for kind in kinds)
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise CheckError(f"SensorResult.{field} is a {type(values).__name__}: give a list of {expected}")
    for index, value in enumerate(values):
        if not isinstance(value, kinds):
            raise CheckError(
                f"SensorResult.{field}[{index}] is {value!r} ({type(value).__name__}): give {expected}"
            )
    return list(values)
