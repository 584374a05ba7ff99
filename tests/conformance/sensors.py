"""Sensors that tests of the engine share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ticktrail as dg
from harness.engine import EngineHarness

RUNNING = dg.DefaultSensorStatus.RUNNING


@dg.op
def nothing() -> None:
    pass


@dg.job
def the_job() -> None:
    nothing()


@dg.job
def other_job() -> None:
    nothing()


def sensor_of(function: Callable[..., Any], **options: Any) -> dg.SensorDefinition:
    """A running sensor named ``s`` for `the_job`, unless told otherwise."""
    options.setdefault("job", the_job)
    options.setdefault("default_status", RUNNING)
    options.setdefault("name", "s")
    sensor: dg.SensorDefinition = dg.sensor(**options)(function)
    return sensor


def engine_of(function: Callable[..., Any], **options: Any) -> EngineHarness:
    """An engine with that one sensor."""
    return EngineHarness(sensor_of(function, **options))


def asking(*keys: str) -> Callable[[], Iterator[dg.RunRequest]]:
    """A sensor function that requests a run per key, every time."""

    def ask() -> Iterator[dg.RunRequest]:
        for key in keys:
            yield dg.RunRequest(run_key=key)

    return ask
