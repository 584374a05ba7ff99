"""What a sensor function gets to know, and where it leaves its cursor."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from ..plain_data import plain_problems
from ..tape import covered, observe, reading
from ..taped_instance import TapedInstance
from .errors import CheckError, DagsterInvariantViolationError
from .resource_scope import Resources, ResourceScope, needs_closing
from .resources import checked_resources
from .sensor_log import LogLine, SensorLogger

if TYPE_CHECKING:
    from .definitions import Definitions
    from .repository import RepositoryDefinition


T = TypeVar("T")


class SensorEvaluationContext:
    """The context of one evaluation; the engine makes one per tick, tests use `build_sensor_context`.

    Attributes:
        last_run_key: Key of the last request that carried one, deduplicated ones included.
        last_tick_completion_time: When the last finished tick *started* (seconds since the epoch),
            as in the reference; None before there is one.
        last_sensor_start_time: When the sensor was last switched on (seconds since the epoch).
        definitions: The definitions that the sensor belongs to, None in a test without them.
        log_records: What went to `log` so far: when (UTC, microseconds since the epoch), level, text.
    """

    #: The function that builds such a context, for people.
    builder = "build_sensor_context"

    def __init__(
        self,
        *,
        cursor: str | None = None,
        last_run_key: str | None = None,
        last_tick_completion_time: float | None = None,
        last_sensor_start_time: float | None = None,
        sensor_name: str | None = None,
        repository_name: str | None = None,
        repository_def: RepositoryDefinition | None = None,
        definitions: Definitions | None = None,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        log_key: Sequence[str] | None = None,
        tick: SensorEvaluationContext | None = None,
    ) -> None:
        """Take what is known; nothing is opened.

        Args:
            tick: The context of the tick that this one is a part of: its log and resources are used.

        Raises:
            CheckError: *cursor* is not a str.
        """
        self._tick = tick
        self._cursor = None if cursor is None else _cursor_text(cursor)
        self._cursor_updated = False
        self.last_run_key = last_run_key
        self.last_tick_completion_time = last_tick_completion_time
        self.last_sensor_start_time = last_sensor_start_time
        self.definitions = definitions
        self.log_records: list[LogLine] = []
        self._sensor_name, self._repository_name = sensor_name, repository_name
        self._repository_def, self._instance = repository_def, instance
        self._resources, self._log_key = dict(resources or {}), log_key
        self._scope: ResourceScope | None = None
        self._entered = 0
        self._log: SensorLogger | None = None

    def __enter__(self) -> Self:
        self._entered += 1
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Close the resources that were set up.

        Raises:
            DagsterResourceFunctionError: One could not be closed; if the block raised, it is logged only.
        """
        self._entered -= 1
        if self._entered or self._scope is None:
            return
        scope, self._scope = self._scope, None
        unclosed = scope.close()
        if unclosed is not None and error is None:
            raise unclosed from unclosed.__cause__

    def known(self) -> dict[str, Any]:
        """Return what the context was built with, to build another one of the same tick."""
        return {
            "cursor": self._cursor,
            "last_run_key": self.last_run_key,
            "last_tick_completion_time": self.last_tick_completion_time,
            "last_sensor_start_time": self.last_sensor_start_time,
            "sensor_name": self._sensor_name,
            "repository_name": self._repository_name,
            "repository_def": self.repository_def,
            "instance": self._instance,
        }

    @property
    def cursor(self) -> str | None:
        """The cursor left by the last tick that stored one, or what `update_cursor` set since."""
        return self._cursor

    @property
    def cursor_updated(self) -> bool:
        """Whether `update_cursor` was called on this context."""
        return self._cursor_updated

    def update_cursor(self, cursor: str | None) -> None:
        """Set the cursor that the next tick gets, if this tick does not fail; None clears it.

        Raises:
            CheckError: *cursor* is neither a str nor None.
        """
        self._cursor = None if cursor is None else _cursor_text(cursor)
        self._cursor_updated = True

    def refuse_cursor(self, what: str) -> NoReturn:
        """Refuse `update_cursor` for a sort of sensor that moves its cursor by itself.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        raise DagsterInvariantViolationError(f"The cursor is managed by {what}: leave update_cursor() out")

    @property
    def last_completion_time(self) -> float | None:
        """Deprecated name of `last_tick_completion_time`."""
        warnings.warn(
            "context.last_completion_time is deprecated: use last_tick_completion_time",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.last_tick_completion_time

    @property
    def is_first_tick_since_sensor_start(self) -> bool:
        """Whether no tick has finished since the sensor was last switched on."""
        if self.last_tick_completion_time is None:
            return True
        started = self.last_sensor_start_time
        return started is not None and started > self.last_tick_completion_time

    @property
    def log(self) -> logging.Logger:
        """A logger whose lines are kept with the tick."""
        if self._tick is not None:
            return self._tick.log
        if self._log is None:
            self._log = SensorLogger(self._sensor_name or "sensor", self.log_records)
        return self._log

    @property
    def log_key(self) -> list[str] | None:
        """Where the lines of `log` are found afterwards, None in a test."""
        return None if self._log_key is None else list(self._log_key)

    @property
    def has_captured_logs(self) -> bool:
        """Whether anything went to `log`."""
        return bool(self.log_records)

    @property
    def sensor_name(self) -> str:
        """The sensor's name.

        Raises:
            CheckError: The context was built without one.
        """
        if self._sensor_name is None:
            raise CheckError("this context has no sensor_name: give build_sensor_context(sensor_name=...)")
        return self._sensor_name

    @property
    def repository_name(self) -> str | None:
        """Name of the repository the sensor belongs to, None when the context knows none."""
        if self._repository_name is not None or self.repository_def is None:
            return self._repository_name
        return self.repository_def.name

    @property
    def repository_def(self) -> RepositoryDefinition | None:
        """The definitions that the sensor belongs to, resolved; None in a test without them."""
        if self._repository_def is None and self.definitions is not None:
            self._repository_def = self.definitions.get_repository_def()
        return self._repository_def

    @property
    def partitions_at(self) -> datetime | None:
        """The time as of which partitions that are asked for are to exist; None for now."""
        return None

    def observe(self, name: str, read: Callable[[], T]) -> T:
        """Read something of the outside world by *read*, and have what came of it on the tick's tape; ours.

        For what is not recorded by itself. While *read* goes on nothing else is recorded.

        Args:
            name: What is read; a tick may read the same several times.
            read: Reads it, and returns plain data: None, numbers, texts, and lists and dicts of those.

        Raises:
            CheckError: What *read* returned is no plain data.
            Exception: What *read* raised; on the tape as well.
        """
        if not isinstance(name, str):
            raise CheckError(f"name of an observation is {name!r} ({type(name).__name__}): give a str")

        def checked() -> T:
            with covered():
                value = read()
            problems = list(plain_problems(value, name))
            if problems:
                raise CheckError(f"what was observed is no plain data: {problems[0]}")
            return value

        return observe("observed", name, "", checked)

    @property
    def instance(self) -> Any:
        """The instance that the context was built with.

        Raises:
            DagsterInvariantViolationError: It was built without one.
        """
        if reading() is None or not self.has_instance:
            return self.unrecorded_instance
        return TapedInstance(lambda: self.unrecorded_instance)

    @property
    def unrecorded_instance(self) -> Any:
        """The instance itself; raises as `instance` does."""
        if self._instance is None:
            raise DagsterInvariantViolationError(
                "Attempted to initialize dagster instance, but no instance reference was provided: "
                f"this context has none, give {self.builder}(instance=...)"
            )
        return self._instance

    @property
    def has_instance(self) -> bool:
        """Whether the context was built with an instance, or its answers are a tape's."""
        return self._instance is not None or ((current := reading()) is not None and current.replays)

    @property
    def resources(self) -> Resources:
        """The resources that the context was built with, or else of the definitions, as attributes.

        Each is set up when it is first asked for.

        Raises:
            DagsterInvariantViolationError: One needs closing, and the context is not used in ``with``.
        """
        return Resources(self._open_scope())

    def take_resources(self, keys: Collection[str], what: str) -> dict[str, Any]:
        """Return the resources *keys*, set up; *what* requires them, for messages.

        Raises:
            DagsterInvalidDefinitionError: One is not there.
            DagsterInvariantViolationError: One needs closing, and the context is not used in ``with``.
            DagsterResourceFunctionError: The set-up of one raised.
        """
        return self._open_scope().take(sorted(keys), what)

    def add_resources(self, resources: Mapping[str, Any]) -> None:
        """Add to the resources that the context was built with; those of the same name are replaced."""
        if resources:
            self._resources.update(checked_resources(resources, "the context"))
            if not self._entered:
                self._scope = None

    def _open_scope(self) -> ResourceScope:
        if self._tick is not None:
            return self._tick._open_scope()
        if self._scope is None:
            repository = self.repository_def
            known = {**(repository.resources if repository is not None else {}), **self._resources}
            if not self._entered and any(needs_closing(resource) for resource in known.values()):
                raise DagsterInvariantViolationError(
                    "At least one provided resource is a generator or has a teardown, and nothing would close it: "
                    f"use the context in a block, `with {self.builder}(...) as context:`"
                )
            self._scope = ResourceScope(known, self.log)
        return self._scope


def build_sensor_context(
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    repository_def: RepositoryDefinition | None = None,
    sensor_name: str | None = None,
    resources: Mapping[str, Any] | None = None,
    definitions: Definitions | None = None,
    last_sensor_start_time: float | None = None,
) -> SensorEvaluationContext:
    """Build a context to call a sensor with, or to hand to `SensorDefinition.evaluate_tick`.

    Args:
        instance: What ``context.instance`` is to be; anything, a fake included.
        cursor: The cursor that the sensor finds.
        repository_def: In place of *definitions*: what `Definitions.get_repository_def` returned.
        resources: What ``context.resources`` holds, by name, in place of the definitions'. Such as need
            closing are closed at the end of a ``with`` block on the context, or of `evaluate_tick`.
        definitions: Needed when the sensor targets assets.
        last_sensor_start_time: Seconds since the epoch.

    Raises:
        CheckError: An argument has the wrong type.
    """
    if resources is not None and not isinstance(resources, Mapping):
        raise CheckError(f"resources is a {type(resources).__name__}: give a mapping of names to resources")
    for name, value in (("repository_name", repository_name), ("sensor_name", sensor_name)):
        if value is not None and not isinstance(value, str):
            raise CheckError(f"{name} is {value!r} ({type(value).__name__}): give a str")
    return SensorEvaluationContext(
        instance=instance,
        cursor=cursor,
        repository_name=repository_name,
        repository_def=repository_def,
        sensor_name=sensor_name,
        resources=checked_resources(resources, "build_sensor_context"),
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )


def _cursor_text(cursor: object) -> str:
    if type(cursor) is str:
        return cursor
    if isinstance(cursor, str):
        return str.__str__(cursor)
    raise CheckError(
        f"a cursor is a str or None, got {cursor!r} ({type(cursor).__name__}): write it as text, "
        "for instance with str() or json.dumps()"
    )
