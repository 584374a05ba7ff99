"""Sensors that react to what became of runs: ``@run_status_sensor`` and ``@run_failure_sensor``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from ..records.run_status import DagsterRunStatus
from ..wake_ups import STATUS_EVENTS, WakeUp
from .default_status import DefaultSensorStatus, SensorType
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvalidInvocationError
from .job_selectors import Selector, monitored_names
from .reactions import EVENTS_PER_TICK, LogEvent, Reactions
from .run_status_context import RunFailureSensorContext, RunStatusSensorContext
from .run_status_cursor import RunStatusCursor
from .sensor_context import SensorEvaluationContext
from .sensor_definition import SensorDefinition
from .sensor_limits import SensorLimits
from .sensor_outcome import EMPTY_RESULT, Outcome, outcome_of
from .sensor_result import SensorResult
from .sensor_rules import DEFAULT_TIMEOUT
from .sensor_target import TargetJob

if TYPE_CHECKING:
    from ..records import DagsterRun, EventLogRecord
    from .repository import RepositoryDefinition

SensorFunction = Callable[..., Any]


class RunStatusSensorDefinition(SensorDefinition):
    """A sensor whose function is called once for each run that gets to a status.

    Attributes:
        run_status: The status.
        monitored_job_names: The jobs whose runs count; None for all.
    """

    sensor_type = SensorType.RUN_STATUS
    _context_class: type[RunStatusSensorContext] = RunStatusSensorContext

    def __init__(
        self,
        name: str | None,
        run_status: DagsterRunStatus,
        run_status_sensor_fn: SensorFunction,
        minimum_interval_seconds: float | None = None,
        description: str | None = None,
        monitored_jobs: Sequence[Selector] | None = None,
        monitor_all_code_locations: bool | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        request_job: TargetJob | None = None,
        request_jobs: Sequence[TargetJob] | None = None,
        tags: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        required_resource_keys: set[str] | None = None,
        evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
        limits: SensorLimits | None = None,
        record: bool = True,
    ) -> None:
        """Declare a sensor; `run_status_sensor` tells the parameters.

        Raises:
            DagsterInvalidDefinitionError: The declaration contradicts itself, or no event tells of the status.
            CheckError: A parameter has the wrong type.
        """
        if request_job is not None and request_jobs is not None:
            raise DagsterInvalidDefinitionError("a sensor got both request_job and request_jobs: give one")
        super().__init__(
            name,
            evaluation_fn=run_status_sensor_fn,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=request_job,
            jobs=request_jobs,
            default_status=default_status,
            tags=tags,
            metadata=metadata,
            required_resource_keys=required_resource_keys,
            evaluation_timeout_seconds=evaluation_timeout_seconds,
            limits=limits,
            record=record,
        )
        self.run_status = _checked_status(run_status, self.name)
        if monitored_jobs and monitor_all_code_locations:
            raise DagsterInvalidDefinitionError(
                f"sensor {self.name!r} got both monitored_jobs and monitor_all_code_locations: give one"
            )
        self.monitored_job_names = monitored_names(self.name, monitored_jobs)

    def wake_up(self, repository: RepositoryDefinition | None) -> WakeUp:
        """Runs that get to the status."""
        return WakeUp(run_status=self.run_status.value, jobs=self.monitored_job_names)

    @property
    def polls(self) -> bool:
        """Never: the log tells when there is something to react to."""
        return False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as tests do; return exactly what it returns.

        Raises:
            DagsterInvalidInvocationError: It was not called with what `build_run_status_sensor_context`
                returned, though it takes a context.
        """
        given = [*args, *kwargs.values()]
        wanted = self._context_class
        if self._context_parameter is not None and not any(isinstance(value, wanted) for value in given):
            how = "build_run_status_sensor_context(...)"
            how += ".for_run_failure()" if wanted is RunFailureSensorContext else ""
            raise DagsterInvalidInvocationError(
                f"sensor {self.name!r} was called without its context: give {how}"
            )
        return super().__call__(*args, **kwargs)

    def outcome(self, context: SensorEvaluationContext) -> Outcome:
        """Call the function for the runs that got to the status since the last time, in order."""
        cursor = RunStatusCursor.of(context.cursor)
        if cursor is None:
            return self._first_outcome(context)
        reactions = Reactions(self.name, self._call, empty_is_skip=False)
        cursor, more = self._react(context, cursor, reactions)
        return reactions.outcome(cursor=str(cursor), more=more, retry=False, empty=EMPTY_RESULT)

    def _first_outcome(self, context: SensorEvaluationContext) -> Outcome:
        """Begin after what has happened so far: the sensor never reacts to what was before it."""
        newest = context.instance.latest_status_change(self.run_status)
        cursor = str(RunStatusCursor(-1 if newest is None else newest))
        message = f"Initiating {self.name}. Set cursor to {cursor}"
        return Outcome(skip_message=message, result=SensorResult(), managed_cursor=cursor)

    def _react(
        self, context: SensorEvaluationContext, cursor: RunStatusCursor, reactions: Reactions
    ) -> tuple[RunStatusCursor, bool]:
        """React to what there is, or to a part of it; return how far that went and whether there is more."""
        while True:
            records = context.instance.status_changes(
                self.run_status, after=cursor.record_id, limit=EVENTS_PER_TICK
            )
            for record in records:
                run = context.instance.get_run_by_id(record.run_id)
                if run is not None and self._monitors(run):
                    if reactions.full:
                        return cursor, True
                    self._react_to(context, record, run, reactions)
                cursor = RunStatusCursor(record.storage_id, record.timestamp)
            if len(records) < EVENTS_PER_TICK:
                return cursor, False

    def _monitors(self, run: DagsterRun) -> bool:
        return self.monitored_job_names is None or run.job_name in self.monitored_job_names

    def _react_to(
        self, tick: SensorEvaluationContext, record: EventLogRecord, run: DagsterRun, reactions: Reactions
    ) -> None:
        event = record.event_log_entry.dagster_event
        assert event is not None
        context = self._context_class(
            sensor_name=self.name, dagster_run=run, dagster_event=event, instance=tick.instance, tick=tick
        )
        about = LogEvent(offset=record.storage_id, run_id=run.run_id, run_tags=dict(run.tags))
        reactions.to(about, context)

    def _call(self, context: RunStatusSensorContext) -> Outcome:
        return outcome_of(self.name, self.call_function(context))


class RunFailureSensorDefinition(RunStatusSensorDefinition):
    """A run status sensor for runs that failed, whose context tells why."""

    _context_class = RunFailureSensorContext


def run_status_sensor(
    run_status: DagsterRunStatus,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Selector] | None = None,
    job_selection: Sequence[Selector] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: TargetJob | None = None,
    request_jobs: Sequence[TargetJob] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    *,
    evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
    limits: SensorLimits | None = None,
    record: bool = True,
) -> Callable[[SensorFunction], RunStatusSensorDefinition]:
    """Make a sensor of a function that is called for each run that gets to *run_status*.

    Args:
        minimum_interval_seconds: From one tick's start to the next one's; None for at once, whenever a
            run gets to the status.
        monitored_jobs: The jobs whose runs count, None for all.
        job_selection: Deprecated name of *monitored_jobs*.
        monitor_all_code_locations: Says that all runs count, as they do anyway.
        request_job: The job that requests are for.
        request_jobs: The jobs that requests are for; each request then names its own.
        monitor_all_repositories: Deprecated name of *monitor_all_code_locations*.
        evaluation_timeout_seconds: The engine gives an evaluation up after this long; ours, > 0.
        limits: What the engine lets it do; ours.
        record: Whether the engine records what it reads, so that its ticks can be replayed; ours.

    Raises:
        DagsterInvalidDefinitionError: The declaration contradicts itself, or no event tells of the status.
        CheckError: A parameter has the wrong type.
    """

    def define(function: SensorFunction) -> RunStatusSensorDefinition:
        failure = run_status is DagsterRunStatus.FAILURE
        kind = RunFailureSensorDefinition if failure else RunStatusSensorDefinition
        return kind(
            name,
            run_status,
            function,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            monitored_jobs=monitored_jobs or job_selection,
            monitor_all_code_locations=monitor_all_code_locations or monitor_all_repositories,
            default_status=default_status,
            request_job=request_job,
            request_jobs=request_jobs,
            tags=tags,
            metadata=metadata,
            evaluation_timeout_seconds=evaluation_timeout_seconds,
            limits=limits,
            record=record,
        )

    return define


@overload
def run_failure_sensor(name: SensorFunction) -> RunStatusSensorDefinition: ...


@overload
def run_failure_sensor(
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Selector] | None = None,
    job_selection: Sequence[Selector] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: TargetJob | None = None,
    request_jobs: Sequence[TargetJob] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[SensorFunction], RunStatusSensorDefinition]: ...


def run_failure_sensor(name: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Make a sensor of a function that is called for each run that failed; works with and without parentheses.

    The parameters are those of `run_status_sensor` without the status.

    Raises:
        DagsterInvalidDefinitionError: The declaration contradicts itself.
        CheckError: A parameter has the wrong type.
    """
    if callable(name):
        return run_status_sensor(DagsterRunStatus.FAILURE)(name)
    return run_status_sensor(DagsterRunStatus.FAILURE, name, *args, **kwargs)


def _checked_status(status: object, sensor: str) -> DagsterRunStatus:
    if not isinstance(status, DagsterRunStatus):
        raise CheckError(
            f"run_status of sensor {sensor!r} is {status!r} ({type(status).__name__}): give a DagsterRunStatus"
        )
    if status.value not in STATUS_EVENTS:
        raise DagsterInvalidDefinitionError(
            f"sensor {sensor!r} monitors runs that get to {status.value}, of which no event tells: "
            f"choose from {', '.join(STATUS_EVENTS)}"
        )
    return status
