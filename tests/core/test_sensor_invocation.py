"""Calling a sensor directly, as unit tests do."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from ticktrail.core.authoring.errors import CheckError, DagsterInvalidInvocationError
from ticktrail.core.authoring.run_request import RunRequest, SkipReason
from ticktrail.core.authoring.sensor import sensor
from ticktrail.core.authoring.sensor_context import SensorEvaluationContext, build_sensor_context


@sensor(job_name="j")
def without_context() -> RunRequest:
    return RunRequest("k")


@sensor(job_name="j")
def with_context(_context: SensorEvaluationContext) -> RunRequest:
    _context.update_cursor("next")
    return RunRequest(_context.cursor)


def test_a_sensor_without_parameters_is_called_with_nothing() -> None:
    assert without_context() == RunRequest("k")


def test_a_context_for_a_sensor_without_parameters_is_passed_over() -> None:
    assert without_context(build_sensor_context()) == RunRequest("k")


def test_the_context_goes_in_by_position_or_by_the_parameters_own_name() -> None:
    assert with_context(build_sensor_context()) == RunRequest("next")
    assert with_context(_context=build_sensor_context()) == RunRequest("next")


def test_none_stands_for_a_new_context() -> None:
    assert with_context(None) == RunRequest("next")


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((), {}, "without its context '_context'"),
        ((), {"context": None}, "its context is named '_context'"),
        ((None, None), {}, "called with 2 arguments"),
        ((None,), {"_context": None}, "called with 2 arguments"),
        ((None,), {"api": "client"}, "called with 2 arguments"),
    ],
)
def test_anything_but_one_context_is_refused(
    args: tuple[Any, ...], kwargs: dict[str, Any], expected: str
) -> None:
    with pytest.raises(DagsterInvalidInvocationError, match=expected):
        with_context(*args, **kwargs)


def test_a_named_context_for_a_sensor_without_parameters_is_refused() -> None:
    with pytest.raises(DagsterInvalidInvocationError, match="takes no parameter"):
        without_context(context=None)


def test_what_is_no_context_is_refused() -> None:
    with pytest.raises(CheckError, match="give build_sensor_context"):
        with_context("cursor")


@pytest.mark.parametrize("value", [None, [], (), "text", SkipReason("x"), [RunRequest("a"), None]], ids=repr)
def test_a_call_returns_exactly_what_the_function_returns(value: object) -> None:
    returns = sensor(name="returns")(lambda context: value)

    assert returns(build_sensor_context()) is value


def test_a_generator_function_gives_its_generator() -> None:
    @sensor
    def yields() -> Iterator[RunRequest]:
        yield RunRequest("a")
        yield RunRequest("b")

    generator = yields()

    assert inspect.isgenerator(generator)
    assert list(generator) == [RunRequest("a"), RunRequest("b")]


def test_a_call_adds_no_tag_and_asks_for_no_target() -> None:
    @sensor(tags={"of": "the sensor"})
    def untargeted() -> RunRequest:
        return RunRequest("k")

    assert untargeted().tags == {}


def test_one_context_over_several_calls_stands_for_successive_ticks() -> None:
    @sensor
    def counts(context: SensorEvaluationContext) -> None:
        context.update_cursor(str(int(context.cursor or "0") + 1))

    context = build_sensor_context()

    counts(context)
    counts(context)

    assert context.cursor == "2"


def test_resources_are_found_on_the_context() -> None:
    @sensor
    def asks(context: SensorEvaluationContext) -> SkipReason:
        return SkipReason(context.resources.api)

    assert asks(build_sensor_context(resources={"api": "client"})) == SkipReason("client")
