"""Sensors that react to materializations of one asset: ``@asset_sensor``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from ..wake_ups import WakeUp
from .asset_key import AssetKey
from .default_status import DefaultSensorStatus, SensorType
from .errors import CheckError, DagsterInvalidDefinitionError
from .reactions import EVENTS_PER_TICK, LogEvent, Reactions
from .sensor_context import SensorEvaluationContext
from .sensor_definition import SensorDefinition
from .sensor_invocation import ContextParameter
from .sensor_limits import SensorLimits
from .sensor_outcome import Outcome, outcome_of
from .sensor_rules import DEFAULT_TIMEOUT
from .sensor_target import TargetJob

if TYPE_CHECKING:
    from ..records import EventLogRecord
    from .repository import RepositoryDefinition

SensorFunction = Callable[..., Any]


class AssetSensorDefinition(SensorDefinition):
    """A sensor whose function is called once for each materialization of an asset.

    Attributes:
        asset_key: The asset.
    """

    sensor_type = SensorType.ASSET

    def __init__(
        self,
        name: str | None,
        asset_key: AssetKey,
        job_name: str | None,
        asset_materialization_fn: SensorFunction,
        **declared: Any,
    ) -> None:
        """Declare a sensor; `asset_sensor` tells the parameters.

        Raises:
            DagsterInvalidDefinitionError: The declaration contradicts itself.
            CheckError: A parameter has the wrong type.
        """
        if not isinstance(asset_key, AssetKey):
            raise CheckError(f"asset_key is {asset_key!r} ({type(asset_key).__name__}): give an AssetKey")
        self.asset_key = asset_key
        super().__init__(name, evaluation_fn=asset_materialization_fn, job_name=job_name, **declared)

    def wake_up(self, repository: RepositoryDefinition | None) -> WakeUp:
        """Materializations of the asset."""
        return WakeUp(assets=frozenset([self.asset_key.to_user_string()]))

    @property
    def polls(self) -> bool:
        """Never: the log tells when there is something to react to."""
        return False

    def __call__(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Yield what the function produces for each new materialization, as tests do.

        Raises:
            DagsterInvalidInvocationError: It was not called with one context.
        """
        context = self._context_of_call(args, kwargs)
        for record in self._new_records(context, _offset(context.cursor)):
            produced = self._bound(context, record)
            yield from produced if inspect.isgenerator(produced) else (produced,)
            context.update_cursor(str(record.storage_id))

    def outcome(self, context: SensorEvaluationContext) -> Outcome:
        """Call the function for the materializations since the last time, in order."""
        reactions = Reactions(self.name, lambda record: self._call(context, record), empty_is_skip=True)
        reached = before = _offset(context.cursor)
        for record in self._new_records(context, before):
            if reactions.full:
                return self._outcome(reactions, reached=before, more=True)
            reactions.to(self._about(context, record), record)
            reached, before = before, record.storage_id
            if reactions.done[-1].failure is None:
                reached = before
        return self._outcome(reactions, reached=reached, more=False)

    def _outcome(self, reactions: Reactions, *, reached: int | None, more: bool) -> Outcome:
        """Return what the tick amounts to; the newest materialization is tried again if it failed.

        Of one that failed and is not the newest, a newer one has taken the place.
        """
        failed = bool(reactions.done) and reactions.done[-1].failure is not None
        cursor = None if reached is None else str(reached)
        return reactions.outcome(cursor=cursor, more=more, retry=failed and not more, empty=self._nothing())

    def _about(self, context: SensorEvaluationContext, record: EventLogRecord) -> LogEvent:
        run_id = record.event_log_entry.run_id or None
        run = None if run_id is None else context.instance.get_run_by_id(run_id)
        tags = {} if run is None else dict(run.tags)
        return LogEvent(offset=record.storage_id, run_id=run_id, run_tags=tags)

    def _new_records(self, context: SensorEvaluationContext, after: int | None) -> Iterator[EventLogRecord]:
        """Yield what came after *after*; the newest there is when the sensor looks for the first time."""
        instance = context.instance
        if after is None:
            latest = instance.latest_materialization(self.asset_key)
            if latest is None:
                return
            yield latest
            after = latest.storage_id
        while records := instance.materializations_after(self.asset_key, after=after, limit=EVENTS_PER_TICK):
            yield from records
            after = records[-1].storage_id

    def _nothing(self) -> str:
        return f"No new materialization events found for asset key {self.asset_key.to_user_string()}"

    def _call(self, context: SensorEvaluationContext, record: EventLogRecord) -> Outcome:
        return outcome_of(self.name, self._bound(context, record))

    def _bound(self, context: SensorEvaluationContext, record: EventLogRecord) -> Any:
        """Call the function with the first two parameters that are no resources, as far as it takes them."""
        values = (context, record.event_log_entry)
        named = dict(
            zip(_plain_parameters(self.evaluation_fn, self._resource_parameters), values, strict=False)
        )
        keys = self.required_resource_keys
        taken = context.take_resources(keys, f"sensor {self.name!r}") if keys else {}
        return self.evaluation_fn(**named, **{name: taken[name] for name in self._resource_parameters})

    def _find_context_parameter(self) -> ContextParameter:
        parameters = _plain_parameters(self.evaluation_fn, self._resource_parameters)
        if len(parameters) > 2:
            raise DagsterInvalidDefinitionError(
                f"sensor {self.name!r} needs more than its context and the materialization: "
                f"{', '.join(parameters[2:])}. A parameter that takes a resource is annotated with a "
                "ConfigurableResource class or ResourceParam[...]; give others defaults"
            )
        return ContextParameter(parameters[0] if parameters else "context", keyword_only=False)


def asset_sensor(
    asset_key: AssetKey,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    job: TargetJob | None = None,
    jobs: Sequence[TargetJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
    limits: SensorLimits | None = None,
    record: bool = True,
) -> Callable[[SensorFunction], AssetSensorDefinition]:
    """Make a sensor of a function of a context and a materialization; called for each one of the asset.

    Args:
        asset_key: The asset, which may be made elsewhere.
        minimum_interval_seconds: From one tick's start to the next one's; None for at once, whenever the
            asset is materialized.
        evaluation_timeout_seconds: The engine gives an evaluation up after this long; ours, > 0.
        limits: What the engine lets it do; ours.
        record: Whether the engine records what it reads, so that its ticks can be replayed; ours.

    The other parameters are those of `sensor`.

    Raises:
        DagsterInvalidDefinitionError: The declaration contradicts itself.
        CheckError: A parameter has the wrong type.
    """

    def define(function: SensorFunction) -> AssetSensorDefinition:
        return AssetSensorDefinition(
            name,
            asset_key,
            job_name,
            function,
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


def _plain_parameters(function: SensorFunction, resources: Sequence[str]) -> list[str]:
    """Return the parameters that take no resource: of those with defaults, the first two only."""
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in resources
        and parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    ]
    return [p.name for number, p in enumerate(parameters) if number < 2 or p.default is p.empty]


def _offset(cursor: str | None) -> int | None:
    """Return the offset that a cursor stands for; like the reference, none for anything else."""
    try:
        return int(cursor or "")
    except ValueError:
        return None
