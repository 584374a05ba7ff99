"""A sensor as declared: its function, its target and what people are told of it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..cron import Moments
from ..wake_ups import WakeUp
from .asset_selection import AssetSelection
from .default_status import DefaultSensorStatus, SensorType
from .errors import CheckError, DagsterInvalidDefinitionError
from .metadata import normalize_metadata
from .names import check_name, check_owners
from .resource_parameters import required_keys, resource_parameters
from .results import str_tags
from .run_key_policy import RunKeyPolicy, checked_policy
from .sensor_context import SensorEvaluationContext
from .sensor_invocation import ContextParameter, caller, context_from_call, context_parameter
from .sensor_limits import SensorLimits, checked_limits
from .sensor_outcome import Outcome, outcome_of
from .sensor_rules import (
    DEFAULT_TIMEOUT,
    checked_description,
    checked_interval,
    checked_timeout,
    effective_interval,
)
from .sensor_target import SensorTarget, SensorTargets, TargetJob, job_targets, sensor_targets

if TYPE_CHECKING:
    from .repository import RepositoryDefinition
    from .sensor_result import SensorExecutionData


class SensorDefinition:
    """A named function that is evaluated again and again, and asks for runs.

    Attributes:
        name: Unique among the sensors and schedules of the definitions.
        evaluation_fn: The function, as written.
        minimum_interval_seconds: As declared; `interval_seconds` is what the engine goes by.
        description: For people.
        default_status: The status until an operator decides otherwise.
        required_resource_keys: The names of the resources that each evaluation needs.
        tags: Labels of the sensor; runs do not get them.
        metadata: For people, by name.
        owners: E-mail addresses and ``team:<name>``, None when not declared.
        evaluation_timeout_seconds: After which the engine gives an evaluation up, > 0.
        limits: What the engine lets it do.
        run_key_policy: When a run key gets one more run.
        record: Whether the engine records what it reads; only of sensors that ask the outside world by themselves.
    """

    sensor_type = SensorType.STANDARD

    #: The sort of definition, for people.
    _noun = "sensor"

    #: The tag of a run that names the definition it was asked for by.
    name_tag = "dagster/sensor_name"

    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: Callable[..., Any] | None = None,
        job_name: str | None = None,
        minimum_interval_seconds: float | None = None,
        description: str | None = None,
        job: TargetJob | None = None,
        jobs: Sequence[TargetJob] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        asset_selection: Any = None,
        required_resource_keys: set[str] | None = None,
        tags: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
        evaluation_timeout_seconds: float = DEFAULT_TIMEOUT,
        limits: SensorLimits | None = None,
        run_key_policy: RunKeyPolicy | None = None,
        record: bool = True,
    ) -> None:
        """Declare a sensor; `sensor` tells the parameters.

        Raises:
            DagsterInvalidDefinitionError: There is no function, or the declaration contradicts itself.
            CheckError: A parameter has the wrong type.
        """
        if evaluation_fn is None:
            raise DagsterInvalidDefinitionError(
                "a sensor needs a function: give evaluation_fn=, or use @sensor"
            )
        if not callable(evaluation_fn):
            raise CheckError(
                f"evaluation_fn is {evaluation_fn!r} ({type(evaluation_fn).__name__}): give a function"
            )
        self.name = check_name(getattr(evaluation_fn, "__name__", "") if name is None else name, self._noun)
        self.evaluation_fn = evaluation_fn
        self.minimum_interval_seconds = checked_interval(minimum_interval_seconds, self.what)
        self.description = checked_description(description, self.what)
        if not isinstance(default_status, DefaultSensorStatus):
            raise CheckError(
                f"default_status of {self.what} is {default_status!r} "
                f"({type(default_status).__name__}): give a DefaultSensorStatus"
            )
        self.default_status = default_status
        resources = resource_parameters(evaluation_fn)
        self.required_resource_keys = required_keys(required_resource_keys, resources, self.what)
        self.tags = str_tags(tags)
        self.metadata = normalize_metadata(metadata)
        self.owners = None if owners is None else list(check_owners(owners, self.what))
        self.evaluation_timeout_seconds = checked_timeout(evaluation_timeout_seconds, self.what)
        self.limits = checked_limits(limits, self.what)
        self.run_key_policy = checked_policy(run_key_policy, self.what)
        self.record = record
        self._targets = sensor_targets(
            self.name,
            self.what,
            job_name=job_name,
            job=job,
            jobs=jobs,
            asset_selection=asset_selection,
            target=target,
        )
        self._resource_parameters = resources
        self._context_parameter = self._find_context_parameter()
        #: Call the function with a context, or without if it takes none, and with its resources.
        self.call_function: Callable[[SensorEvaluationContext], Any] = caller(
            self.what, evaluation_fn, self._context_parameter, resources, self.required_resource_keys
        )
        # The function's attributes (updated) could be named like ours.
        functools.update_wrapper(self, evaluation_fn, updated=())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def what(self) -> str:
        """What people are told the definition is, as in ``"sensor 's'"``."""
        return f"{self._noun} {self.name!r}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as tests do; return exactly what it returns.

        Raises:
            DagsterInvalidInvocationError: It was not called with one context, or with none if it
                takes none; or with a resource that is not given by name.
        """
        return self.call_function(self._context_of_call(args, kwargs))

    def _context_of_call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> SensorEvaluationContext:
        return context_from_call(self.what, self._context_parameter, self._resource_parameters, args, kwargs)

    def _find_context_parameter(self) -> ContextParameter | None:
        return context_parameter(self.what, self.evaluation_fn, self._resource_parameters)

    def evaluate_tick(self, context: SensorEvaluationContext) -> SensorExecutionData:
        """Call the function and check what comes back, as a tick does.

        Raises:
            CheckError: The function produced what a sensor may not.
            SensorTargetError: A request is for no job of the sensor's.
            Exception: What the function raised.
        """
        from .evaluate_tick import evaluate_tick

        return evaluate_tick(self, context)

    def outcome(self, context: SensorEvaluationContext) -> Outcome:
        """Call the function, as often as the sort of sensor wants it, and sort out what it produced.

        Raises:
            CheckError: The function produced what a sensor may not.
            Exception: What the function raised.
        """
        return outcome_of(self.name, self.call_function(context))

    # --- when ----------------------------------------------------------------------------------

    @property
    def interval_seconds(self) -> float:
        """Seconds that the engine lets pass from one tick's start to the next one's, > 0."""
        return effective_interval(self.minimum_interval_seconds)

    @property
    def least_gap_seconds(self) -> float:
        """Seconds from one tick's start to the next one's when the log wakes the sensor, >= 0."""
        return 0.0 if self.minimum_interval_seconds is None else self.interval_seconds

    def wake_up(self, repository: RepositoryDefinition | None) -> WakeUp | None:
        """Return the events of the log that the sensor reacts to, None if it ticks by its interval alone."""
        return None

    @property
    def polls(self) -> bool:
        """Whether the sensor ticks when its interval is over, also if nothing has woken it."""
        return True

    @property
    def kind(self) -> str:
        """The sort of sensor, as the engine and the log know it."""
        return self.sensor_type.value

    #: The moments at which a schedule ticks in place of at intervals, None for sensors.
    moments: Moments | None = None

    @property
    def cron_text(self) -> str | None:
        """When a schedule ticks, as it is written; None for sensors."""
        return None

    @property
    def timezone(self) -> str | None:
        """Whose clock `cron_text` goes by, None for sensors."""
        return None

    # --- what for ------------------------------------------------------------------------------

    @property
    def targets(self) -> list[SensorTarget]:
        """The jobs that the sensor may ask runs of, by object or by name."""
        return list(self._targets.jobs)

    @property
    def target_jobs(self) -> list[TargetJob]:
        """The job objects of the declaration."""
        return [target.job for target in self._targets.jobs if target.job is not None]

    @property
    def target_job_names(self) -> list[str]:
        """The names of all jobs that the sensor may ask runs of."""
        return [target.job_name for target in self._targets.jobs]

    @property
    def asset_selection(self) -> AssetSelection | None:
        """The assets that requests are about, None for a sensor of jobs."""
        return self._targets.asset_selection

    @property
    def has_jobs(self) -> bool:
        """Whether the declaration has job objects."""
        return bool(self.target_jobs)

    @property
    def jobs(self) -> list[TargetJob]:
        """The job objects of the declaration."""
        return self.target_jobs

    @property
    def job(self) -> TargetJob:
        """The one job object of the declaration.

        Raises:
            DagsterInvalidDefinitionError: There is no target, more than one, or a name only.
        """
        job = self._only_target("job").job
        if job is None:
            raise DagsterInvalidDefinitionError(
                f"{self.what} knows its job by name only: use job_name, or declare job=..."
            )
        return job

    @property
    def job_name(self) -> str:
        """The name of the one job of the sensor.

        Raises:
            DagsterInvalidDefinitionError: There is no target, or more than one.
        """
        return self._only_target("job_name").job_name

    def _only_target(self, attribute: str) -> SensorTarget:
        targets = self._targets.jobs
        if len(targets) != 1:
            held = "no job" if not targets else f"{len(targets)} jobs"
            raise DagsterInvalidDefinitionError(
                f"{self.what} has {held}: {attribute} needs exactly one, use jobs or targets"
            )
        return targets[0]

    # --- copies --------------------------------------------------------------------------------

    def with_updated_job(self, job: TargetJob) -> SensorDefinition:
        """Return a copy that asks runs of *job*."""
        return self.with_updated_jobs([job])

    def with_updated_jobs(self, jobs: Sequence[TargetJob]) -> SensorDefinition:
        """Return a copy that asks runs of *jobs*."""
        return self.with_attributes(jobs=jobs)

    def with_attributes(
        self, *, jobs: Sequence[TargetJob] | None = None, metadata: Mapping[str, Any] | None = None
    ) -> SensorDefinition:
        """Return a copy with other jobs, other metadata, or both; None keeps what is."""
        changed = copy.copy(self)
        if jobs is not None:
            changed._targets = SensorTargets(job_targets(self.what, jobs))
        if metadata is not None:
            changed.metadata = normalize_metadata(metadata)
        return changed
