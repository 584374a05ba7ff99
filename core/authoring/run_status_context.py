"""What the function of a run status sensor gets to know: the run, and the event that tells of its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import CheckError
from .partitions import PARTITION_TAG
from .resources import checked_resources
from .sensor_context import SensorEvaluationContext

if TYPE_CHECKING:
    from ..records import DagsterEvent, DagsterRun
    from .repository import RepositoryDefinition


class RunStatusSensorContext(SensorEvaluationContext):
    """The context of one call of a run status sensor's function.

    Attributes:
        dagster_run: The run that got to the status.
        dagster_event: The event that tells of it.
    """

    def __init__(
        self,
        *,
        sensor_name: str,
        dagster_run: DagsterRun,
        dagster_event: DagsterEvent,
        instance: Any,
        partition_key: str | None = None,
        tick: SensorEvaluationContext | None = None,
        resources: Mapping[str, Any] | None = None,
        repository_def: RepositoryDefinition | None = None,
    ) -> None:
        """Take what is known.

        Args:
            tick: The context of the tick that calls the function; its log and resources are used.
        """
        super().__init__(
            sensor_name=sensor_name,
            instance=instance,
            resources=resources,
            repository_def=repository_def if tick is None else tick.repository_def,
            tick=tick,
        )
        self.dagster_run = dagster_run
        self.dagster_event = dagster_event
        self._partition_key = partition_key

    @property
    def partition_key(self) -> str | None:
        """The partition that the run is for, None if it is for none."""
        return self._partition_key or self.dagster_run.tags.get(PARTITION_TAG)

    def update_cursor(self, cursor: str | None) -> NoReturn:
        """Refuse: the sensor goes from event to event by itself.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        self.refuse_cursor("the run status sensor, which goes from event to event")

    def for_run_failure(self) -> RunFailureSensorContext:
        """Return the same as the context of a run failure sensor."""
        return RunFailureSensorContext(
            sensor_name=self.sensor_name,
            dagster_run=self.dagster_run,
            dagster_event=self.dagster_event,
            instance=self._instance,
            partition_key=self._partition_key,
            tick=self._tick,
            resources=self._resources,
            repository_def=self._repository_def,
        )


class RunFailureSensorContext(RunStatusSensorContext):
    """The context of one call of a run failure sensor's function."""

    @property
    def failure_event(self) -> DagsterEvent:
        """The event that tells of the failure; its message says why."""
        return self.dagster_event

    def get_step_failure_events(self) -> Sequence[DagsterEvent]:
        """Return the events that tell which steps failed, and why, in order."""
        entries = self.instance.all_logs(self.dagster_run.run_id)
        events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
        return [event for event in events if event.is_step_failure]


def build_run_status_sensor_context(
    sensor_name: str,
    dagster_event: DagsterEvent,
    dagster_instance: Any,
    dagster_run: DagsterRun,
    context: SensorEvaluationContext | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    *,
    repository_def: RepositoryDefinition | None = None,
) -> RunStatusSensorContext:
    """Build a context to call a run status sensor with; `for_run_failure` makes one for a failure sensor.

    Args:
        dagster_event: Such as ``result.get_run_success_event()``.
        dagster_run: Such as ``result.dagster_run``.
        context: Whose log and resources are used, None for its own.

    Raises:
        CheckError: An argument has the wrong type.
    """
    if not isinstance(sensor_name, str):
        raise CheckError(f"sensor_name is {sensor_name!r} ({type(sensor_name).__name__}): give a str")
    own = checked_resources(resources, "build_run_status_sensor_context")
    if context is not None:
        context.add_resources(own)
    return RunStatusSensorContext(
        sensor_name=sensor_name,
        dagster_run=dagster_run,
        dagster_event=dagster_event,
        instance=dagster_instance,
        partition_key=partition_key,
        tick=context,
        resources=own,
        repository_def=repository_def,
    )
