"""The clock: `time`, and the classes of `datetime` in the modules that sensors are written in."""

from __future__ import annotations

import datetime as datetime_module
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ...core.tape import observe, reading

_NUMBERS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
_originals = {name: getattr(time, name) for name in _NUMBERS}
_sleep, _localtime, _gmtime, _ctime = time.sleep, time.localtime, time.gmtime, time.ctime
_datetime, _date = datetime_module.datetime, datetime_module.date


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    for name in _NUMBERS:
        yield time, name, _reader(name)
    for replacement in (sleep, localtime, gmtime, ctime):
        yield time, replacement.__name__, replacement


def proxies() -> dict[Any, Any]:
    """Return what modules of sensors see in the place of `datetime` and its classes."""
    return {_datetime: datetime, _date: date, datetime_module: _module()}


def _reader(name: str) -> Callable[[], Any]:
    original = _originals[name]

    def read() -> Any:
        current = reading()
        if current is None or current.inside:
            return original()
        return current.observe("clock", name, "", original, _same, _same)

    read.__name__ = read.__qualname__ = name
    return read


def _same(value: Any) -> Any:
    return value


def sleep(seconds: float) -> None:
    """Do as `time.sleep`; no time passes when a tape is played."""
    current = reading()
    if current is None or not current.replays:
        _sleep(seconds)


def localtime(seconds: float | None = None) -> time.struct_time:
    """Do as `time.localtime`."""
    return _localtime(time.time() if seconds is None else seconds)


def gmtime(seconds: float | None = None) -> time.struct_time:
    """Do as `time.gmtime`."""
    return _gmtime(time.time() if seconds is None else seconds)


def ctime(seconds: float | None = None) -> str:
    """Do as `time.ctime`."""
    return _ctime(time.time() if seconds is None else seconds)


def _now() -> float:
    """Return seconds since the epoch, exact to the microsecond."""
    return float(observe("clock", "now", "", _originals["time"]))


class _Passes(type):
    """Classes whose instances are those of the class that they stand for."""

    stands_for: type

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.stands_for)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.stands_for)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.stands_for

    def __hash__(cls) -> int:
        return hash(cls.stands_for)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.stands_for, name)


class datetime(metaclass=_Passes):
    """What a sensor's module has in the place of `datetime.datetime`: it makes real ones, and asks the tape for the time."""

    stands_for = _datetime

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        return _datetime(*arguments, **named)

    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> datetime_module.datetime:
        """Do as `datetime.datetime.now`."""
        return _datetime.fromtimestamp(_now(), tz)

    @classmethod
    def today(cls) -> datetime_module.datetime:
        """Do as `datetime.datetime.today`."""
        return cls.now()

    @classmethod
    def utcnow(cls) -> datetime_module.datetime:
        """Do as `datetime.datetime.utcnow`."""
        return _datetime.fromtimestamp(_now(), datetime_module.UTC).replace(tzinfo=None)


class date(metaclass=_Passes):
    """What a sensor's module has in the place of `datetime.date`."""

    stands_for = _date

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        return _date(*arguments, **named)

    @classmethod
    def today(cls) -> datetime_module.date:
        """Do as `datetime.date.today`."""
        return _date.fromtimestamp(_now())


def _module() -> ModuleType:
    """Return what stands for the module `datetime`."""
    module = ModuleType("datetime", datetime_module.__doc__)
    vars(module).update(vars(datetime_module), datetime=datetime, date=date)
    return module
