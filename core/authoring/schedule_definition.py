"""A schedule as declared: a sensor that ticks at the moments of its cron schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ..cron import CronError, Moments
from ..host import host
from ..moment_text import EPOCH
from ..sensor_state import SCHEDULE
from .default_status import DefaultScheduleStatus, DefaultSensorStatus
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterInvalidInvocationError
from .jobs import JobDefinition, UnresolvedAssetJobDefinition
from .names import refuse_unsupported
from .run_config import RunConfig
from .run_request import RunRequest
from .schedule_context import ScheduleEvaluationContext, build_schedule_context
from .sensor_context import SensorEvaluationContext
from .sensor_definition import SensorDefinition
from .sensor_invocation import caller, context_from_call, context_parameter
from .sensor_limits import SensorLimits
from .sensor_outcome import Outcome, outcome_of
from .sensor_result import SensorExecutionData
from .sensor_rules import DEFAULT_TIMEOUT
from .sensor_target import TargetJob, job_target
from .time_partitions import time_zone

_Call = Callable[[SensorEvaluationContext], Any]


class ScheduleExecutionData(SensorExecutionData, frozen=True, kw_only=True):
    """What `ScheduleDefinition.evaluate_tick` found; what belongs to sensors alone is empty."""


class ScheduleDefinition(SensorDefinition):
    """A job, and the moments at which runs of it are asked for.

    Attributes:
        cron_schedule: As declared.
        execution_timezone: As declared; None stands for UTC.
        moments: The moments, each found from the one before.
        tags: Labels of the schedule; runs get them too, unless the function gives `RunRequest`s.
    """

    _noun = "schedule"
    name_tag = "dagster/schedule_name"

    default_status: DefaultScheduleStatus  # type: ignore[assignment]
    moments: Moments

    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str] | None = None,
        job_name: str | None = None,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        run_config_fn: Callable[..., Any] | None = None,
        tags: Mapping[str, str] | None = None,
        tags_fn: Callable[..., Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        should_execute: Callable[..., Any] | None = None,
        execution_timezone: str | None = None,
        execution_fn: Callable[..., Any] | None = None,
        description: str | None = None,
        job: TargetJob | None = None,
        default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
        required_resource_keys: set[str] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
        evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
        limits: SensorLimits | None = None,
        record: bool = True,
        **unsupported: Any,
    ) -> None:
        """Declare a schedule. Without *execution_fn* each moment asks for one run.

        Exactly one of *job*, *job_name* and *target* is given.

        Args:
            name: ``<job>_schedule`` if left out.
            cron_schedule: Five fields, or an alias such as ``"@daily"``; of several, each counts.
            run_config: Of the run that a moment asks for.
            run_config_fn: Returns it; takes the context, or nothing.
            tags: Labels of the schedule, and tags of that run.
            tags_fn: Returns the tags of that run; takes the context, or nothing.
            metadata: For people, by name.
            should_execute: Whether the moment is not skipped; takes the context, or nothing.
            execution_timezone: Whose clock *cron_schedule* goes by, UTC if left out.
            execution_fn: Says what a moment asks for, as the function under `schedule` does.
            target: A job, or assets, which get a job of their own.
            owners: E-mail addresses and ``team:<name>``.
            evaluation_timeout_seconds: The engine gives an evaluation up after this long; ours, > 0.
            limits: What the engine lets it do; ours.
            record: Whether the engine records what it reads, so that its ticks can be replayed; ours.

        Raises:
            DagsterInvalidDefinitionError: The declaration contradicts itself, or there is no such time
                zone, or *cron_schedule* names no moments.
            CheckError: A parameter has the wrong type, or there is no target.
        """
        refuse_unsupported("ScheduleDefinition", unsupported, ("environment_vars",))
        self._check_together(
            execution_fn=execution_fn,
            run_config=run_config,
            run_config_fn=run_config_fn,
            tags=tags,
            tags_fn=tags_fn,
        )
        function = execution_fn or run_config_fn or _asking_for(run_config)
        super().__init__(
            _own_name(job_name, job, target) if name is None else name,
            evaluation_fn=function,
            job_name=job_name,
            description=description,
            job=job,
            default_status=_sensor_status(default_status),
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
            evaluation_timeout_seconds=evaluation_timeout_seconds,
            limits=limits,
            record=record,
        )
        if not self.targets:
            raise CheckError(f"Must provide target, job, or job_name: {self.what} has none of them")
        self.default_status = default_status
        self.execution_timezone = self._checked_timezone(execution_timezone)
        self.cron_schedule = cron_schedule
        self.moments = self._checked_moments(cron_schedule)
        self._asks_for_itself = execution_fn is None
        self._should_execute = self._caller("should_execute", should_execute)
        self._tags_fn = self._caller("tags_fn", tags_fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as tests do; return exactly what it returns.

        Raises:
            DagsterInvalidInvocationError: The schedule has no function of its own, or it was not called with
                one context, or with none if it takes none; or with a resource that is not given by name.
        """
        if self._asks_for_itself:
            raise DagsterInvalidInvocationError(
                f"{self.what} has no function of its own to call: use evaluate_tick(build_schedule_context(...))"
            )
        return super().__call__(*args, **kwargs)

    def evaluate_tick(self, context: SensorEvaluationContext) -> ScheduleExecutionData:
        """Do what a tick does, with the context that `build_schedule_context` returned.

        Raises:
            CheckError: The function produced what a schedule may not, or *context* is none of a schedule.
            SensorTargetError: A request is for another job than the schedule's.
            Exception: What the function raised.
        """
        if not isinstance(context, ScheduleEvaluationContext):
            raise CheckError(f"{self.what} was given {context!r}: give build_schedule_context()")
        data = super().evaluate_tick(context)
        return ScheduleExecutionData(
            run_requests=data.run_requests, skip_message=data.skip_message, log_key=data.log_key
        )

    def outcome(self, context: SensorEvaluationContext) -> Outcome:
        """Ask whether the moment counts, call the function, and sort out what it produced."""
        if self._should_execute is not None and not self._should_execute(context):
            return Outcome(skip_message=f"should_execute function for {self.name} returned false.")
        returned = self.call_function(context)
        if isinstance(returned, (Mapping, RunConfig)):
            returned = RunRequest(run_config=returned, tags=self._run_tags(context))
        outcome = outcome_of(self.name, returned, self._noun)
        if outcome.result is not None:
            raise CheckError(
                f"{self.what} returned a SensorResult, which only sensors may: give RunRequests, a SkipReason or "
                "run config"
            )
        return outcome

    def context_for(self, moment: int, **known: Any) -> ScheduleEvaluationContext:
        """Return the context of the tick for a moment.

        Args:
            moment: UTC, microseconds since the epoch.
            known: As for a `SensorEvaluationContext`.
        """
        time = (EPOCH + timedelta(microseconds=moment)).astimezone(time_zone(self.timezone))
        return ScheduleEvaluationContext(scheduled_execution_time=time, **known)

    @property
    def kind(self) -> str:
        """That of all schedules."""
        return SCHEDULE

    @property
    def cron_text(self) -> str:
        """The cron expressions, as they are written."""
        return "; ".join(_expressions(self.cron_schedule))

    @property
    def timezone(self) -> str:
        """The name of the time zone."""
        return self.execution_timezone or "UTC"

    def _run_tags(self, context: SensorEvaluationContext) -> Mapping[str, str]:
        return self.tags if self._tags_fn is None else self._tags_fn(context) or {}

    def _context_of_call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> SensorEvaluationContext:
        return context_from_call(
            self.what,
            self._context_parameter,
            self._resource_parameters,
            args,
            kwargs,
            build_schedule_context,
        )

    def _caller(self, parameter: str, function: Callable[..., Any] | None) -> _Call | None:
        if function is None:
            return None
        what = f"{parameter} of {self.what}"
        if not callable(function):
            raise CheckError(f"{what} is {function!r} ({type(function).__name__}): give a function")
        return caller(what, function, context_parameter(what, function))

    def _check_together(self, **given: Any) -> None:
        for one, *others in (
            ("execution_fn", "run_config", "run_config_fn"),
            ("run_config", "run_config_fn"),
            ("tags", "tags_fn"),
        ):
            beside = [other for other in others if given[other]]
            if given[one] and beside:
                raise DagsterInvalidDefinitionError(
                    f"a schedule has both {one} and {' and '.join(beside)}: keep one"
                )

    def _checked_timezone(self, timezone: str | None) -> str | None:
        if timezone is None:
            return None
        try:
            return time_zone(timezone).key
        except DagsterInvalidDefinitionError as error:
            raise DagsterInvalidDefinitionError(f"execution_timezone of {self.what}: {error}") from error

    def _checked_moments(self, cron_schedule: object) -> Moments:
        try:
            return host().cron(_expressions(cron_schedule), self.timezone)
        except CronError as error:
            raise DagsterInvalidDefinitionError(f"cron_schedule of {self.what}: {error}") from error
        except CheckError as error:
            raise CheckError(f"cron_schedule of {self.what} {error}") from None


def _expressions(cron_schedule: object) -> list[str]:
    given = [cron_schedule] if isinstance(cron_schedule, str) else cron_schedule
    if not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
        raise CheckError(
            f"is {cron_schedule!r} ({type(cron_schedule).__name__}): give a str or a list of str"
        )
    if not given:
        raise CronError("it is empty: give a cron expression")
    return list(given)


def _sensor_status(status: object) -> DefaultSensorStatus:
    if isinstance(status, DefaultScheduleStatus):
        return DefaultSensorStatus(status.value)
    raise CheckError(
        f"default_status of a schedule is {status!r} ({type(status).__name__}): give a DefaultScheduleStatus"
    )


def _own_name(job_name: str | None, job: object, target: object) -> str:
    if job is None and isinstance(target, (JobDefinition, UnresolvedAssetJobDefinition)):
        job = target
    named = job_name if job is None else job_target("a schedule", job).job_name
    if named is None:
        raise DagsterInvalidDefinitionError("a schedule of no job needs a name: give name=")
    return f"{named}_schedule"


def _asking_for(run_config: Mapping[str, Any] | RunConfig | None) -> Callable[[], Any]:
    def asking() -> Mapping[str, Any] | RunConfig:
        return {} if run_config is None else run_config

    return asking
