"""An event of a run, as sensors, steps and tests see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from ..authoring.asset_key import AssetKey
from ..authoring.errors import DagsterInvariantViolationError
from ..authoring.results import AssetMaterialization, AssetObservation
from ..events import (
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    RunCanceled,
    RunFailed,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
    StepLogged,
)


class DagsterEventType(StrEnum):
    """The sorts of events that there are here; each equals its value, as text."""

    RUN_ENQUEUED = "PIPELINE_ENQUEUED"
    RUN_STARTING = "PIPELINE_STARTING"
    RUN_START = "PIPELINE_START"
    RUN_SUCCESS = "PIPELINE_SUCCESS"
    RUN_FAILURE = "PIPELINE_FAILURE"
    RUN_CANCELED = "PIPELINE_CANCELED"
    PIPELINE_ENQUEUED = "PIPELINE_ENQUEUED"
    PIPELINE_STARTING = "PIPELINE_STARTING"
    PIPELINE_START = "PIPELINE_START"
    PIPELINE_SUCCESS = "PIPELINE_SUCCESS"
    PIPELINE_FAILURE = "PIPELINE_FAILURE"
    PIPELINE_CANCELED = "PIPELINE_CANCELED"
    STEP_START = "STEP_START"
    STEP_SUCCESS = "STEP_SUCCESS"
    STEP_FAILURE = "STEP_FAILURE"
    STEP_UP_FOR_RETRY = "STEP_UP_FOR_RETRY"
    ASSET_MATERIALIZATION = "ASSET_MATERIALIZATION"
    ASSET_OBSERVATION = "ASSET_OBSERVATION"


_RUN_TYPES: dict[type, DagsterEventType] = {
    RunRequested: DagsterEventType.RUN_ENQUEUED,
    RunLaunched: DagsterEventType.RUN_STARTING,
    RunStarted: DagsterEventType.RUN_START,
    RunSucceeded: DagsterEventType.RUN_SUCCESS,
    RunFailed: DagsterEventType.RUN_FAILURE,
    RunCanceled: DagsterEventType.RUN_CANCELED,
    AssetMaterialized: DagsterEventType.ASSET_MATERIALIZATION,
    AssetObserved: DagsterEventType.ASSET_OBSERVATION,
}

_STEP_TYPES = {
    "START": DagsterEventType.STEP_START,
    "SUCCESS": DagsterEventType.STEP_SUCCESS,
    "FAILURE": DagsterEventType.STEP_FAILURE,
    "RETRY": DagsterEventType.STEP_UP_FOR_RETRY,
}


def event_type_of(event: AnyEvent) -> DagsterEventType | None:
    """Return the sort of *event*; None if it is a log line, or tells of no run and no asset."""
    if isinstance(event, StepLogged):
        return _STEP_TYPES.get(event.kind)
    return _RUN_TYPES.get(type(event))


@dataclass(frozen=True, slots=True)
class SerializableErrorInfo:
    """An error as text.

    Attributes:
        message: Type and message, one line.
        stack: The traceback of the user's code.
    """

    message: str
    stack: str

    @property
    def cls_name(self) -> str | None:
        """Name of the exception's class, None if the message does not begin with one."""
        name = self.message.partition(":")[0].rpartition(".")[2]
        return name if name.isidentifier() else None

    def to_string(self) -> str:
        """Return all there is to say."""
        return self.stack or self.message


@dataclass(frozen=True, slots=True)
class StepFailureData:
    """What an event of a failed step, or run, has to say.

    Attributes:
        error: What went wrong.
    """

    error: SerializableErrorInfo

    @property
    def error_display_string(self) -> str:
        """The error, for people."""
        return self.error.to_string()


@dataclass(frozen=True, slots=True)
class StepMaterializationData:
    """What the event of a materialization has to say.

    Attributes:
        materialization: What was told of it.
    """

    materialization: AssetMaterialization


@dataclass(frozen=True, slots=True)
class AssetObservationData:
    """What the event of an observation has to say.

    Attributes:
        asset_observation: What was told of it.
    """

    asset_observation: AssetObservation


def materialization_of(event: AnyEvent) -> AssetMaterialization | None:
    """Return what *event* tells of a materialization, None if it is none."""
    return AssetMaterialization(**_told(event)) if isinstance(event, AssetMaterialized) else None


def observation_of(event: AnyEvent) -> AssetObservation | None:
    """Return what *event* tells of an observation, None if it is none."""
    return AssetObservation(**_told(event)) if isinstance(event, AssetObserved) else None


def _told(event: AssetMaterialized | AssetObserved) -> dict[str, Any]:
    return {
        "asset_key": AssetKey.from_user_string(event.asset),
        "description": event.description,
        "metadata": event.metadata,
        "partition": event.partition_key,
        "tags": event.tags,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DagsterEvent:
    """One event of a run, or about an asset.

    Attributes:
        event: The event as the log holds it; ours.
        job_name: The job of the run, None for events without a run.
    """

    event: AnyEvent
    job_name: str | None = None

    @property
    def event_type(self) -> DagsterEventType:
        """The sort of event."""
        kind = event_type_of(self.event)
        assert kind is not None, "only events of a sort are made into one"
        return kind

    @property
    def event_type_value(self) -> str:
        """The sort of event, as text."""
        return self.event_type.value

    @property
    def message(self) -> str:
        """What happened, for people."""
        return _message(self.event, self.job_name)

    @property
    def step_key(self) -> str | None:
        """The step that the event is about, None if it is about none."""
        return getattr(self.event, "step", None)

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that the event is about, None if it is about none."""
        asset = getattr(self.event, "asset", None)
        return None if asset is None else AssetKey.from_user_string(asset)

    @property
    def partition(self) -> str | None:
        """The partition of the asset that the event is about, None if it has none."""
        return getattr(self.event, "partition_key", None)

    @property
    def event_specific_data(self) -> StepFailureData | StepMaterializationData | AssetObservationData | None:
        """The error, the materialization, or the observation that the event tells of; None for other events."""
        if (materialization := materialization_of(self.event)) is not None:
            return StepMaterializationData(materialization)
        if (observation := observation_of(self.event)) is not None:
            return AssetObservationData(observation)
        return self._failure_data

    @property
    def step_materialization_data(self) -> StepMaterializationData:
        """What a materialization has to say.

        Raises:
            DagsterInvariantViolationError: The event is none.
        """
        data = self.event_specific_data
        return data if isinstance(data, StepMaterializationData) else self._is_no("materialization")

    @property
    def asset_observation_data(self) -> AssetObservationData:
        """What an observation has to say.

        Raises:
            DagsterInvariantViolationError: The event is none.
        """
        data = self.event_specific_data
        return data if isinstance(data, AssetObservationData) else self._is_no("observation")

    @property
    def step_failure_data(self) -> StepFailureData:
        """The error of the step, or run, that failed.

        Raises:
            DagsterInvariantViolationError: The event tells of no failure.
        """
        return self._failure_data or self._is_no("failure")

    @property
    def job_failure_data(self) -> StepFailureData:
        """The error of the run that failed.

        Raises:
            DagsterInvariantViolationError: The event is not the end of a failed run.
        """
        data = self._failure_data if self.is_run_failure else None
        return data or self._is_no("failure of a run")

    def _is_no(self, what: str) -> NoReturn:
        raise DagsterInvariantViolationError(f"an event of the sort {self.event_type.name} is no {what}")

    @property
    def _failure_data(self) -> StepFailureData | None:
        if isinstance(self.event, RunFailed):
            return StepFailureData(SerializableErrorInfo(self.event.error, self.event.traceback or ""))
        if self.is_step_failure and isinstance(self.event, StepLogged):
            return StepFailureData(SerializableErrorInfo(_last_line(self.event.message), self.event.message))
        return None

    @property
    def is_step_failure(self) -> bool:
        """Whether a step failed."""
        return self.event_type is DagsterEventType.STEP_FAILURE

    @property
    def is_step_up_for_retry(self) -> bool:
        """Whether a step failed and is tried again."""
        return self.event_type is DagsterEventType.STEP_UP_FOR_RETRY

    @property
    def is_step_success(self) -> bool:
        """Whether a step ended well."""
        return self.event_type is DagsterEventType.STEP_SUCCESS

    @property
    def is_step_start(self) -> bool:
        """Whether a step started."""
        return self.event_type is DagsterEventType.STEP_START

    @property
    def is_step_event(self) -> bool:
        """Whether the event is about a step."""
        return self.step_key is not None

    @property
    def is_step_materialization(self) -> bool:
        """Whether an asset was materialized."""
        return self.event_type is DagsterEventType.ASSET_MATERIALIZATION

    @property
    def is_asset_observation(self) -> bool:
        """Whether an asset was observed."""
        return self.event_type is DagsterEventType.ASSET_OBSERVATION

    @property
    def is_job_success(self) -> bool:
        """Whether the run ended well."""
        return self.event_type is DagsterEventType.RUN_SUCCESS

    @property
    def is_job_failure(self) -> bool:
        """The same as `is_run_failure`."""
        return self.is_run_failure

    @property
    def is_run_failure(self) -> bool:
        """Whether the run failed."""
        return self.event_type is DagsterEventType.RUN_FAILURE

    @property
    def is_failure(self) -> bool:
        """Whether the run or a step failed, or the run was canceled."""
        return self.is_run_failure or self.is_step_failure or isinstance(self.event, RunCanceled)


def _message(event: AnyEvent, job: str | None) -> str:
    match event:
        case RunFailed():
            where = f" Step {event.step!r} failed." if event.step else ""
            return f'Execution of run for "{job}" failed.{where} {event.error}'
        case RunSucceeded():
            return f'Finished execution of run for "{job}".'
        case RunStarted():
            return f'Started execution of run for "{job}".'
        case RunCanceled():
            return f'Execution of run for "{job}" canceled: {event.reason}'
        case RunRequested():
            return f'Enqueued run for "{job}".'
        case RunLaunched():
            return f'Launched run for "{job}".'
        case AssetObserved():
            return f"Observed value {event.asset}."
        case AssetMaterialized():
            return f"Materialized value {event.asset}."
        case StepLogged() if event.message:
            return event.message
        case StepLogged():
            return f'Step "{event.step}": {event.kind.lower()}.'
    return f'Run for "{job}": {type(event).__name__}.'


def _last_line(traceback: str) -> str:
    lines = [line for line in traceback.splitlines() if line.strip()]
    return lines[-1] if lines else ""
