"""Sensors that look at the materializations of several assets together: ``@multi_asset_sensor``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..wake_ups import WakeUp
from .asset_selection import AssetSelection
from .default_status import DefaultSensorStatus, SensorType
from .errors import (
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
)
from .multi_asset_context import (
    Monitored,
    MultiAssetSensorEvaluationContext,
    checked_monitored,
    monitored_keys,
)
from .run_chain import chained
from .run_request import RunRequest
from .sensor_context import SensorEvaluationContext
from .sensor_definition import SensorDefinition
from .sensor_limits import SensorLimits
from .sensor_outcome import Outcome, drained, outcome_of
from .sensor_result import SensorResult
from .sensor_rules import DEFAULT_TIMEOUT
from .sensor_target import TargetJob

if TYPE_CHECKING:
    from .repository import RepositoryDefinition

SensorFunction = Callable[..., Any]


class MultiAssetSensorDefinition(SensorDefinition):
    """A sensor whose function looks at what was materialized of several assets, and consumes some of it.

    Attributes:
        monitored_assets: The assets, as declared.
    """

    sensor_type = SensorType.MULTI_ASSET

    def __init__(
        self,
        name: str | None,
        monitored_assets: Monitored,
        job_name: str | None,
        asset_materialization_fn: SensorFunction,
        request_assets: AssetSelection | None = None,
        **declared: Any,
    ) -> None:
        """Declare a sensor; `multi_asset_sensor` tells the parameters.

        Raises:
            DagsterInvalidDefinitionError: The declaration contradicts itself.
            CheckError: A parameter has the wrong type.
        """
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            asset_selection=request_assets,
            **declared,
        )
        if not isinstance(monitored_assets, AssetSelection):
            checked_monitored(monitored_assets, f"sensor {self.name!r}")
        self.monitored_assets = monitored_assets

    def wake_up(self, repository: RepositoryDefinition | None) -> WakeUp | None:
        """Materializations of the monitored assets."""
        if repository is None:
            return None
        keys = monitored_keys(self.monitored_assets, repository)
        return WakeUp(assets=frozenset(key.to_user_string() for key in keys))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as tests do; return exactly what it returns.

        What it consumed is in the cursor of its context once it has returned, or was iterated over.

        Raises:
            DagsterInvalidInvocationError: It was not called with what `build_multi_asset_sensor_context`
                returned, though it takes a context.
        """
        context = self._context_of_call(args, kwargs)
        if self._context_parameter is None:
            return self.call_function(context)
        if not isinstance(context, MultiAssetSensorEvaluationContext):
            raise DagsterInvalidInvocationError(
                f"sensor {self.name!r} was called with {type(context).__name__}: give "
                "build_multi_asset_sensor_context(...)"
            )
        produced = self.call_function(context)
        if inspect.isgenerator(produced):
            return _followed_by(produced, context.end_tick)
        context.end_tick()
        return produced

    def outcome(self, context: SensorEvaluationContext) -> Outcome:
        """Call the function with what is there of the assets, and move the cursor over what it consumed.

        Raises:
            DagsterInvalidDefinitionError: It asks for runs and has consumed nothing.
            DagsterInvariantViolationError: It set the cursor, which goes by what is consumed.
        """
        own = self._own_context(context)
        outcome = outcome_of(self.name, self._produced(own))
        if outcome.result is not None and outcome.result.cursor is not None:
            raise DagsterInvariantViolationError(
                f"SensorResult.cursor is {outcome.result.cursor!r}: The cursor is managed by the sensor "
                f"{self.name!r}, which goes by advance_cursor(), leave it out"
            )
        if outcome.requests and not own.cursor_advanced:
            raise DagsterInvalidDefinitionError(
                f"sensor {self.name!r} asks for {len(outcome.requests)} runs and the cursor was not updated: call "
                "context.advance_cursor({key: record}) or context.advance_all_cursors()"
            )
        more, chain = own.cursor_advanced and own.has_more(), own.chain_of_consumed()
        looped = bool(outcome.requests) and self.name in chain
        own.end_tick()
        return Outcome(
            requests=chained(outcome.requests, chain),
            skip_message=outcome.skip_message,
            result=outcome.result or SensorResult(),
            managed_cursor=own.cursor,
            next_tick="paused" if looped else "now" if more else "when woken",
        )

    def _own_context(self, context: SensorEvaluationContext) -> MultiAssetSensorEvaluationContext:
        if isinstance(context, MultiAssetSensorEvaluationContext):
            return context
        return MultiAssetSensorEvaluationContext(self.monitored_assets, tick=context, **context.known())

    def _produced(self, context: MultiAssetSensorEvaluationContext) -> Any:
        produced = self.call_function(context)
        if not inspect.isgenerator(produced):
            return produced
        items = drained(f"sensor {self.name!r}", produced)
        if any(isinstance(item, SensorResult) for item in items):
            raise DagsterInvariantViolationError(
                f"sensor {self.name!r} yields a SensorResult: a multi-asset sensor returns it"
            )
        return _whole(items)


def _followed_by(produced: Iterator[Any], end: Callable[[], None]) -> Iterator[Any]:
    yield from produced
    end()


def _whole(items: list[Any]) -> Any:
    """Return what the items of a generator amount to when they are returned."""
    return items if len(items) != 1 or isinstance(items[0], RunRequest) else items[0]


def multi_asset_sensor(
    monitored_assets: Monitored,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    job: TargetJob | None = None,
    jobs: Sequence[TargetJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_assets: AssetSelection | None = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
    limits: SensorLimits | None = None,
    record: bool = True,
) -> Callable[[SensorFunction], MultiAssetSensorDefinition]:
    """Make a sensor of a function that looks at what was materialized of several assets.

    It ticks whenever one of them is materialized, and at its interval.

    Args:
        monitored_assets: Keys, or a selection of the assets that are defined beside the sensor.
        request_assets: The assets that requests are about; they run in the implicit asset job.
        evaluation_timeout_seconds: The engine gives an evaluation up after this long; ours, > 0.
        limits: What the engine lets it do; ours.
        record: Whether the engine records what it reads, so that its ticks can be replayed; ours.

    The other parameters are those of `sensor`.

    Raises:
        DagsterInvalidDefinitionError: The declaration contradicts itself.
        CheckError: A parameter has the wrong type.
    """

    def define(function: SensorFunction) -> MultiAssetSensorDefinition:
        return MultiAssetSensorDefinition(
            name,
            monitored_assets,
            job_name,
            function,
            request_assets,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            evaluation_timeout_seconds=evaluation_timeout_seconds,
            limits=limits,
            record=record,
        )

    return define
