"""What a schedule's function gets to know: the moment that it is called for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import CheckError
from .resources import checked_resources
from .sensor_context import SensorEvaluationContext

if TYPE_CHECKING:
    from .definitions import Definitions
    from .repository import RepositoryDefinition


class ScheduleEvaluationContext(SensorEvaluationContext):
    """The context of one evaluation; the engine makes one per tick, tests use `build_schedule_context`."""

    builder = "build_schedule_context"

    def __init__(self, *, scheduled_execution_time: datetime | None = None, **known: Any) -> None:
        """Take what is known; nothing is opened.

        Args:
            scheduled_execution_time: A time without a time zone is one in UTC.
            known: As for a `SensorEvaluationContext`.
        """
        super().__init__(**known)
        time = scheduled_execution_time
        self._scheduled_for = time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time

    @property
    def scheduled_execution_time(self) -> datetime:
        """The moment that the schedule is called for, in its time zone; later than that if it was missed.

        Raises:
            CheckError: The context was built without one.
        """
        if self._scheduled_for is None:
            raise CheckError(
                "Attempting to access scheduled_execution_time, but no scheduled_execution_time was set on this "
                "context: give build_schedule_context(scheduled_execution_time=...)"
            )
        return self._scheduled_for

    @property
    def partitions_at(self) -> datetime | None:
        """The scheduled moment, so that a tick that is late asks for the partitions of its own time."""
        return self._scheduled_for

    def update_cursor(self, cursor: str | None) -> NoReturn:
        """Refuse: a schedule's cursor is the last moment that it has handled.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        self.refuse_cursor("the schedule")


def build_schedule_context(
    instance: Any = None,
    scheduled_execution_time: datetime | None = None,
    resources: Mapping[str, Any] | None = None,
    repository_def: RepositoryDefinition | None = None,
    *,
    definitions: Definitions | None = None,
) -> ScheduleEvaluationContext:
    """Build a context to call a schedule with, or to hand to `ScheduleDefinition.evaluate_tick`.

    Args:
        instance: What ``context.instance`` is to be; anything, a fake included.
        scheduled_execution_time: The moment that the schedule is called for; in UTC if it says no other.
        resources: What ``context.resources`` holds, by name, in place of the definitions'. Such as need
            closing are closed at the end of a ``with`` block on the context, or of `evaluate_tick`.
        repository_def: In place of *definitions*: what `Definitions.get_repository_def` returned.
        definitions: Needed when the schedule asks for partitions; ours.

    Raises:
        CheckError: An argument has the wrong type.
    """
    time = scheduled_execution_time
    if time is not None and not isinstance(time, datetime):
        raise CheckError(
            f"scheduled_execution_time is {time!r} ({type(time).__name__}): give a datetime with a time zone"
        )
    if resources is not None and not isinstance(resources, Mapping):
        raise CheckError(f"resources is a {type(resources).__name__}: give a mapping of names to resources")
    return ScheduleEvaluationContext(
        instance=instance,
        scheduled_execution_time=time,
        resources=checked_resources(resources, "build_schedule_context"),
        repository_def=repository_def,
        definitions=definitions,
    )
