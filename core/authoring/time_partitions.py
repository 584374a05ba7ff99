"""Partitions in time: hours, days, weeks and months, each there once it is over."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..partitions_store import DynamicPartitionsStore
from .errors import CheckError, DagsterInvalidDefinitionError, DagsterUnknownPartitionError
from .partitions import PartitionKeyRange, PartitionsDefinition, checked_options, current_moment

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: The step of datetimes.
_INSTANT = timedelta(microseconds=1)
_MOST_WINDOWS = 1_000_000


class TimeWindow(NamedTuple):
    """A stretch of time.

    Attributes:
        start: Timezone-aware; the first moment in it.
        end: Timezone-aware; the first moment after it.
    """

    start: datetime
    end: datetime


class TimeWindowPartitions(PartitionsDefinition):
    """What hourly, daily, weekly and monthly partitions have in common.

    All reckoning is in UTC, as differences and comparisons of local times leave the change of
    clocks out. A key is the local start of its window, as text; there is one window for each of
    them from the start date on, until the current time or the end date, and ``end_offset`` more.

    Attributes:
        timezone: Name of the time zone.
        fmt: The form of the keys, as for `datetime.strftime`.
        start: The start date, in the time zone.
        end: The end date, None if there is none: no window ends after it.
        end_offset: How many windows that are not over there are; negative: how many of the last
            ones that are over there are not.
    """

    #: Whether two windows of a day can begin at the same local time.
    _begin_in_folds = False

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None,
        timezone: str | None,
        fmt: str,
        end_offset: int,
    ) -> None:
        checked_options(type(self).__name__, {"end_offset": (end_offset, -_MOST_WINDOWS, _MOST_WINDOWS)})
        self.timezone, self.fmt, self.end_offset = timezone or "UTC", fmt, end_offset
        self._zone = time_zone(self.timezone)
        self.start = self._date("start_date", start_date)
        self.end = None if end_date is None else self._date("end_date", end_date)
        self._first = self._at_or_after(self.start.astimezone(UTC))
        for start in (self._first, self._next(self._first)):
            if self._start_of_key(self._key(start)) != start:
                raise DagsterInvalidDefinitionError(
                    f"fmt {fmt!r} of {type(self).__name__} does not tell its partitions apart: "
                    f"{self._key(start)!r} is not the key of one of them only"
                )

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return all keys, in order."""
        last = self._last(current_time)
        return [] if last is None else [self._key(start) for start in self._starts(self._first, last)]

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a partition of that key."""
        start, last = self._start_of_key(partition_key), self._last(current_time)
        return start is not None and last is not None and self._first <= start <= last

    def get_first_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the first key, None if no window is over yet."""
        return None if self._last(current_time) is None else self._key(self._first)

    def get_last_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the last key, None if no window is over yet."""
        last = self._last(current_time)
        return None if last is None else self._key(last)

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return the keys from the first to the last of the range."""
        for key in partition_key_range:
            self.validate_partition_key(key)
        first, last = (self._known_start(key) for key in partition_key_range)
        return [self._key(start) for start in self._starts(first, last)]

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Return the window of the key, in the time zone; it need not have come yet.

        Raises:
            DagsterUnknownPartitionError: The key has not the form of one.
        """
        start = self._known_start(partition_key)
        return TimeWindow(start.astimezone(self._zone), self._next(start).astimezone(self._zone))

    @abstractmethod
    def _floor(self, moment: datetime) -> datetime:
        """Return the latest start of a window that is not after *moment*; all in UTC."""

    @abstractmethod
    def _later(self, start: datetime, windows: int) -> datetime:
        """Return the start of the window that many windows on, or back if negative; all in UTC."""

    def _next(self, start: datetime) -> datetime:
        return self._later(start, 1)

    def _at_or_after(self, moment: datetime) -> datetime:
        start = self._floor(moment)
        return start if start == moment else self._next(start)

    def _starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        while first <= last:
            yield first
            first = self._next(first)

    def _last(self, current_time: datetime | None) -> datetime | None:
        """Return the start of the last window that there is, in UTC."""
        last = self._last_over(self._moment(current_time))
        if self.end_offset:
            last = self._later(last, self.end_offset)
        if self.end is not None:
            last = min(last, self._last_over(self.end.astimezone(UTC)))
        return last if last >= self._first else None

    def _last_over(self, moment: datetime) -> datetime:
        return self._floor(self._floor(moment) - _INSTANT)

    def _moment(self, current_time: datetime | None) -> datetime:
        if current_time is None:
            return current_moment()
        if current_time.tzinfo is None:
            current_time = current_time.replace(tzinfo=self._zone)
        return current_time.astimezone(UTC)

    def _key(self, start: datetime) -> str:
        local = start.astimezone(self._zone)
        if local.fold and self._begin_in_folds and "%z" not in self.fmt:
            return local.strftime(f"{self.fmt}%z")
        return local.strftime(self.fmt)

    def _start_of_key(self, key: str) -> datetime | None:
        """Return the start of the key's window in UTC; None if no window has that key."""
        for fmt in (self.fmt, f"{self.fmt}%z"):
            try:
                parsed = datetime.strptime(key, fmt)
                if parsed.tzinfo is None:
                    parsed = parsed.replace(tzinfo=self._zone)
                start = self._at_or_after(parsed.astimezone(UTC))
                if self._key(start) == key:
                    return start
            except (ValueError, OverflowError):
                continue
        return None

    def _known_start(self, key: str) -> datetime:
        start = self._start_of_key(key)
        if start is None:
            raise DagsterUnknownPartitionError(
                f"{key!r} is no key of {self!r}: keys look like {self._key(self._first)!r}"
            )
        return start

    def _date(self, name: str, value: datetime | str) -> datetime:
        if isinstance(value, str):
            try:
                value = datetime.strptime(value, self.fmt)
            except ValueError as error:
                raise DagsterInvalidDefinitionError(
                    f"{name} {value!r} of {type(self).__name__} has not the form {self.fmt!r} of its keys: "
                    f"write it like {datetime(2024, 1, 31).strftime(self.fmt)!r}, or give a datetime"
                ) from error
        if not isinstance(value, datetime):
            raise CheckError(f"{name} of {type(self).__name__} is {value!r}: give a str or a datetime")
        if value.tzinfo is None:
            return value.replace(tzinfo=self._zone)
        return value.astimezone(self._zone)

    def _identity(self) -> tuple[object, ...]:
        end = None if self.end is None else self.end.astimezone(UTC)
        return (type(self), self._first, end, self.timezone, self.fmt, self.end_offset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeWindowPartitions) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        end = "" if self.end is None else f", end_date={self.end:{self.fmt}}"
        return f"{type(self).__name__}(start_date={self.start:{self.fmt}}{end}, timezone={self.timezone})"


class HourlyPartitionsDefinition(TimeWindowPartitions):
    """One partition per hour; where clocks go back, the second hour's key ends with its UTC offset."""

    _begin_in_folds = True

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Hours that begin *minute_offset* minutes past.

        Raises:
            CheckError: A parameter has the wrong type.
            DagsterInvalidDefinitionError: A parameter is out of its limits, or a date or the format
                cannot be used.
        """
        checked_options(type(self).__name__, {"minute_offset": (minute_offset, 0, 59)})
        self.minute_offset = minute_offset
        super().__init__(start_date, end_date, timezone, fmt or "%Y-%m-%d-%H:%M", end_offset)

    def _floor(self, moment: datetime) -> datetime:
        start = moment
        # More than once only where clocks change by a part of an hour.
        while past := self._past(start):
            start -= past
        return start

    def _next(self, start: datetime) -> datetime:
        later = start + _HOUR
        if later.astimezone(self._zone).utcoffset() == start.astimezone(self._zone).utcoffset():
            return later
        while past := self._past(later):
            later += _HOUR - past
        between = self._floor(later - _INSTANT)
        return between if between > start else later

    def _later(self, start: datetime, windows: int) -> datetime:
        return self._floor(start + windows * _HOUR)

    def _past(self, moment: datetime) -> timedelta:
        """Return how long ago the clocks of the zone showed the minute at which hours begin."""
        local = moment.astimezone(self._zone)
        minutes = local.minute - self.minute_offset
        return timedelta(minutes=minutes, seconds=local.second, microseconds=local.microsecond) % _HOUR

    def _identity(self) -> tuple[object, ...]:
        return (*super()._identity(), self.minute_offset)


class _WholeDays(TimeWindowPartitions):
    """Windows of one or more days, that begin at the same local time of a day."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None,
        minute_offset: int,
        hour_offset: int,
        timezone: str | None,
        fmt: str | None,
        end_offset: int,
    ) -> None:
        limits = {"minute_offset": (minute_offset, 0, 59), "hour_offset": (hour_offset, 0, 23)}
        checked_options(type(self).__name__, limits)
        self.minute_offset, self.hour_offset = minute_offset, hour_offset
        super().__init__(start_date, end_date, timezone, fmt or "%Y-%m-%d", end_offset)

    @abstractmethod
    def _first_day(self, day: date) -> date:
        """Return the latest day that is not after *day* and on which a window begins."""

    @abstractmethod
    def _later_day(self, day: date, windows: int) -> date:
        """Return the first day of the window that many windows on."""

    def _start_on(self, day: date) -> datetime:
        # The first of two times that clocks repeat.
        local = datetime.combine(day, time(self.hour_offset, self.minute_offset), self._zone)
        return _after_gap(local).astimezone(UTC)

    def _day_of(self, moment: datetime) -> date:
        """Return the first day of the window in which the moment is."""
        day = self._first_day(moment.astimezone(self._zone).date())
        return day if self._start_on(day) <= moment else self._first_day(day - _DAY)

    def _floor(self, moment: datetime) -> datetime:
        return self._start_on(self._day_of(moment))

    def _later(self, start: datetime, windows: int) -> datetime:
        return self._start_on(self._later_day(self._day_of(start), windows))

    def _identity(self) -> tuple[object, ...]:
        return (*super()._identity(), self.minute_offset, self.hour_offset)


class DailyPartitionsDefinition(_WholeDays):
    """One partition per day of the time zone, however long that is."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Days that begin at *hour_offset*:*minute_offset*.

        Raises:
            CheckError: A parameter has the wrong type.
            DagsterInvalidDefinitionError: A parameter is out of its limits, or a date or the format
                cannot be used.
        """
        super().__init__(start_date, end_date, minute_offset, hour_offset, timezone, fmt, end_offset)

    def _first_day(self, day: date) -> date:
        return day

    def _later_day(self, day: date, windows: int) -> date:
        return day + windows * _DAY


class WeeklyPartitionsDefinition(_WholeDays):
    """One partition per week."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Weeks that begin at *hour_offset*:*minute_offset* of a day: 0 is Sunday, 6 is Saturday.

        Raises:
            CheckError: A parameter has the wrong type.
            DagsterInvalidDefinitionError: A parameter is out of its limits, or a date or the format
                cannot be used.
        """
        checked_options(type(self).__name__, {"day_offset": (day_offset, 0, 6)})
        self.day_offset = day_offset
        super().__init__(start_date, end_date, minute_offset, hour_offset, timezone, fmt, end_offset)

    def _first_day(self, day: date) -> date:
        return day - ((day.isoweekday() - self.day_offset) % 7) * _DAY

    def _later_day(self, day: date, windows: int) -> date:
        return day + windows * 7 * _DAY

    def _identity(self) -> tuple[object, ...]:
        return (*super()._identity(), self.day_offset)


class MonthlyPartitionsDefinition(_WholeDays):
    """One partition per month."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Months that begin at *hour_offset*:*minute_offset* of their day *day_offset*: 1 to 28.

        Raises:
            CheckError: A parameter has the wrong type.
            DagsterInvalidDefinitionError: A parameter is out of its limits, or a date or the format
                cannot be used.
        """
        checked_options(type(self).__name__, {"day_offset": (day_offset, 1, 28)})
        self.day_offset = day_offset
        super().__init__(start_date, end_date, minute_offset, hour_offset, timezone, fmt, end_offset)

    def _first_day(self, day: date) -> date:
        begun = day.replace(day=self.day_offset)
        return begun if begun <= day else self._later_day(begun, -1)

    def _later_day(self, day: date, windows: int) -> date:
        years, month = divmod(day.month - 1 + windows, 12)
        return date(day.year + years, month + 1, self.day_offset)

    def _identity(self) -> tuple[object, ...]:
        return (*super()._identity(), self.day_offset)


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of that name.

    Raises:
        DagsterInvalidDefinitionError: There is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        raise DagsterInvalidDefinitionError(
            f"there is no time zone {name!r}: give a name such as 'UTC' or 'Europe/Paris'"
        ) from error


def _after_gap(local: datetime) -> datetime:
    """Return the first time from *local* on that the clocks of its zone show that day.

    Cron schedules of the zone have their moment then, so that a window is over when its schedule ticks.
    """
    shown = local
    while shown.astimezone(UTC).astimezone(shown.tzinfo) != shown:
        shown += _MINUTE
    return shown if shown.date() == local.date() else local
