"""Run config that follows from the partition of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from ..partitions_store import DynamicPartitionsStore
from .errors import CheckError
from .partitions import PartitionsDefinition, StaticPartitionsDefinition
from .results import str_tags
from .run_config import RunConfig, plain_run_config
from .time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitions,
    WeeklyPartitionsDefinition,
)

AnyRunConfig: TypeAlias = Mapping[str, Any] | RunConfig
KeyConfigFn: TypeAlias = Callable[[str], AnyRunConfig]
KeyTagsFn: TypeAlias = Callable[[str], Mapping[str, str]]
WindowConfigFn: TypeAlias = Callable[[datetime, datetime], AnyRunConfig]
WindowTagsFn: TypeAlias = Callable[[datetime, datetime], Mapping[str, str]]


class PartitionedConfig:
    """Partitions, and the run config of a run of each. Calling it calls the decorated function.

    Attributes:
        partitions_def: The partitions.
    """

    def __init__(
        self,
        partitions_def: PartitionsDefinition,
        *,
        run_config_for_partition_key_fn: KeyConfigFn,
        tags_for_partition_key_fn: KeyTagsFn | None = None,
        decorated_fn: Callable[..., AnyRunConfig] | None = None,
    ) -> None:
        """Keep the partitions and the functions of a key.

        Raises:
            CheckError: A parameter has the wrong type.
        """
        if not isinstance(partitions_def, PartitionsDefinition):
            raise CheckError(f"partitions_def of a PartitionedConfig is {partitions_def!r}: give partitions")
        for fn in (run_config_for_partition_key_fn, tags_for_partition_key_fn):
            if fn is not None and not callable(fn):
                raise CheckError(f"a PartitionedConfig takes functions of the partition key, got {fn!r}")
        self.partitions_def = partitions_def
        self._run_config, self._tags = run_config_for_partition_key_fn, tags_for_partition_key_fn
        self._decorated = decorated_fn or run_config_for_partition_key_fn
        self.__doc__ = inspect.getdoc(self._decorated)

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return all keys of the partitions."""
        return self.partitions_def.get_partition_keys(current_time, dynamic_partitions_store)

    def get_run_config_for_partition_key(self, partition_key: str) -> dict[str, Any]:
        """Return the run config of a run of the partition, as plain data.

        Raises:
            CheckError: The function returned no run config.
            DagsterInvalidConfigError: It is not plain data.
            Exception: What the function raised.
        """
        return plain_run_config(self._run_config(self.partitions_def.key_from_text(partition_key)))

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """Return the tags that the function of tags puts on a run of the partition."""
        key = self.partitions_def.key_from_text(partition_key)
        return {} if self._tags is None else str_tags(self._tags(key))

    def __call__(self, *args: Any, **kwargs: Any) -> AnyRunConfig:
        """Call the decorated function as plain Python does, for unit tests."""
        return self._decorated(*args, **kwargs)


def static_partitioned_config(
    partition_keys: Sequence[str],
    tags_for_partition_fn: KeyTagsFn | None = None,
    tags_for_partition_key_fn: KeyTagsFn | None = None,
) -> Callable[[KeyConfigFn], PartitionedConfig]:
    """Make a function of a partition key the config of a job with these partitions.

    Args:
        tags_for_partition_fn: Former name of *tags_for_partition_key_fn*.
    """
    partitions = StaticPartitionsDefinition(partition_keys)

    def decorate(fn: KeyConfigFn) -> PartitionedConfig:
        return PartitionedConfig(
            partitions,
            run_config_for_partition_key_fn=fn,
            tags_for_partition_key_fn=tags_for_partition_key_fn or tags_for_partition_fn,
        )

    return decorate


def hourly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTagsFn | None = None,
) -> Callable[[WindowConfigFn], PartitionedConfig]:
    """Make a function of the start and the end of an hour the config of a job with hourly partitions."""
    return _of_windows(
        HourlyPartitionsDefinition(start_date, None, minute_offset, timezone, fmt, end_offset),
        tags_for_partition_fn,
    )


def daily_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTagsFn | None = None,
) -> Callable[[WindowConfigFn], PartitionedConfig]:
    """Make a function of the start and the end of a day the config of a job with daily partitions."""
    return _of_windows(
        DailyPartitionsDefinition(start_date, None, minute_offset, hour_offset, timezone, fmt, end_offset),
        tags_for_partition_fn,
    )


def weekly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTagsFn | None = None,
) -> Callable[[WindowConfigFn], PartitionedConfig]:
    """Make a function of the start and the end of a week the config of a job with weekly partitions."""
    return _of_windows(
        WeeklyPartitionsDefinition(
            start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset
        ),
        tags_for_partition_fn,
    )


def monthly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 1,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTagsFn | None = None,
) -> Callable[[WindowConfigFn], PartitionedConfig]:
    """Make a function of the start and the end of a month the config of a job with monthly partitions."""
    return _of_windows(
        MonthlyPartitionsDefinition(
            start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset
        ),
        tags_for_partition_fn,
    )


def _of_windows(
    partitions: TimeWindowPartitions, tags: WindowTagsFn | None
) -> Callable[[WindowConfigFn], PartitionedConfig]:
    def decorate(fn: WindowConfigFn) -> PartitionedConfig:
        return PartitionedConfig(
            partitions,
            run_config_for_partition_key_fn=lambda key: fn(*partitions.time_window_for_partition_key(key)),
            tags_for_partition_key_fn=None
            if tags is None
            else lambda key: tags(*partitions.time_window_for_partition_key(key)),
            decorated_fn=fn,
        )

    return decorate
