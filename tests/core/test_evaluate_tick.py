"""`SensorDefinition.evaluate_tick`: what a function may produce, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.asset_selection import AssetSelection
from ticktrail.core.authoring.assets import asset
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    SensorTargetError,
)
from ticktrail.core.authoring.jobs import job
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.results import AssetMaterialization
from ticktrail.core.authoring.run_request import RunRequest, SkipReason
from ticktrail.core.authoring.sensor import sensor
from ticktrail.core.authoring.sensor_context import SensorEvaluationContext, build_sensor_context
from ticktrail.core.authoring.sensor_result import SensorExecutionData, SensorResult

EMPTY = "Sensor function returned an empty result"


@op
def work() -> None: ...


@job
def first_job() -> None:
    work()


@job
def second_job() -> None:
    work()


@asset
def raw() -> None: ...


@asset(deps=[raw])
def clean() -> None: ...


@asset
def unrelated() -> None: ...


def tick(function: Callable[..., Any], context: SensorEvaluationContext | None = None) -> SensorExecutionData:
    """Evaluate a function as the sensor ``s`` of the job ``j``."""
    definition = sensor(name="s", job_name="j")(function)
    return definition.evaluate_tick(context or build_sensor_context(cursor="before"))


def keys(data: SensorExecutionData) -> list[str | None]:
    return [request.run_key for request in data.run_requests]


def generator(*items: Any, returns: Any = None) -> Callable[[], Iterator[Any]]:
    """A generator function that yields *items*, then returns *returns*."""

    def function() -> Any:
        yield from items
        return returns

    return function


def gives(value: Any) -> Callable[[], Any]:
    """A function that returns *value*."""
    return lambda: value


# --- what may be produced -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda: None,
        gives([]),
        lambda: [None],
        generator(),
        generator(None),
        lambda: SensorResult(),
        lambda: SensorResult(run_requests=[]),
    ],
    ids=["None", "[]", "[None]", "no yield", "yield None", "empty result", "result of []"],
)
def test_producing_nothing_is_a_skip_that_says_so(function: Callable[..., Any]) -> None:
    data = tick(function)

    assert data.run_requests == []
    assert data.skip_message == EMPTY


@pytest.mark.parametrize(
    "function",
    [
        lambda: RunRequest("a"),
        lambda: [RunRequest("a")],
        generator(RunRequest("a")),
        generator(returns=RunRequest("a")),
        lambda: SensorResult(run_requests=[RunRequest("a")]),
        generator(SensorResult(run_requests=[RunRequest("a")])),
        lambda: [SensorResult(run_requests=[RunRequest("a")])],
    ],
    ids=["return", "list", "yield", "generator return", "result", "yield result", "list of result"],
)
def test_one_request_may_be_produced_in_many_ways(function: Callable[..., Any]) -> None:
    data = tick(function)

    assert keys(data) == ["a"]
    assert data.skip_message is None


def test_a_list_of_requests_keeps_its_order() -> None:
    assert keys(tick(lambda: [RunRequest("b"), RunRequest("a"), RunRequest("b")])) == ["b", "a", "b"]


def test_a_generator_may_yield_requests_and_return_one_more() -> None:
    assert keys(tick(generator(RunRequest("a"), returns=RunRequest("b")))) == ["a", "b"]


@pytest.mark.parametrize(
    "function",
    [
        lambda: SkipReason("no file"),
        lambda: [SkipReason("no file")],
        generator(SkipReason("no file")),
        generator(returns=SkipReason("no file")),
        lambda: SensorResult(skip_reason="no file"),
        generator(returns=SensorResult(skip_reason=SkipReason("no file"))),
    ],
    ids=["return", "list", "yield", "generator return", "result", "generator returns result"],
)
def test_one_skip_reason_may_be_produced_in_many_ways(function: Callable[..., Any]) -> None:
    data = tick(function)

    assert data.run_requests == []
    assert data.skip_message == "no file"


def test_a_skip_reason_without_a_message_is_a_skip_without_a_message() -> None:
    assert tick(lambda: SkipReason()).skip_message is None
    assert tick(lambda: SensorResult(skip_reason=SkipReason())).skip_message is None


@pytest.mark.parametrize(
    "function",
    [
        lambda: [RunRequest("a"), SkipReason("b")],
        generator(RunRequest("a"), SkipReason("b")),
        generator(SkipReason("b"), RunRequest("a")),
        generator(RunRequest("a"), returns=SkipReason("b")),
        generator(SkipReason("b"), returns=RunRequest("a")),
    ],
)
def test_requests_together_with_a_skip_reason_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CheckError, match="received both RunRequest and SkipReason"):
        tick(function)


@pytest.mark.parametrize(
    "function",
    [
        lambda: [SkipReason("a"), SkipReason("b")],
        generator(SkipReason("a"), SkipReason("a")),
        generator(SkipReason("a"), returns=SkipReason("b")),
    ],
)
def test_two_skip_reasons_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CheckError, match="received multiple SkipReasons"):
        tick(function)


@pytest.mark.parametrize(
    "function",
    [
        lambda: [SensorResult(), RunRequest("a")],
        lambda: [SensorResult(), SensorResult()],
        lambda: [SensorResult(), None],
        generator(SensorResult(), SkipReason("a")),
        generator(RunRequest("a"), returns=SensorResult()),
    ],
)
def test_a_sensor_result_with_company_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CheckError, match=r"it must be the only object returned\."):
        tick(function)


async def asynchronous() -> None: ...


async def asynchronous_generator() -> Any:
    yield None


@pytest.mark.parametrize(
    "function",
    [
        lambda: (),
        lambda: (RunRequest("a"),),
        lambda: "a",
        gives({}),
        lambda: {"run_key": "a"},
        lambda: {RunRequest},
        lambda: 0,
        lambda: iter([RunRequest("a")]),
        asynchronous,
        asynchronous_generator,
        generator(returns=[RunRequest("a")]),
        generator(returns="done"),
    ],
    ids=[
        "empty tuple",
        "tuple",
        "str",
        "empty dict",
        "dict",
        "set",
        "int",
        "iterator",
        "coroutine",
        "async generator",
        "list from generator",
        "str from generator",
    ],
)
def test_any_other_return_value_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CheckError, match="Sensor unexpectedly returned output"):
        tick(function)


@pytest.mark.parametrize(
    ("function", "index"),
    [
        (lambda: ["a"], 0),
        (lambda: [None, RunRequest("a")], 0),
        (lambda: [RunRequest("a"), None], 1),
        (lambda: [None, None], 0),
        (lambda: [RunRequest("a"), SkipReason("b"), 3], 2),
        (generator([RunRequest("a")]), 0),
        (generator(RunRequest("a"), None), 1),
        (generator(None, SkipReason("a")), 0),
    ],
)
def test_an_item_that_is_no_request_is_refused_by_its_place(function: Callable[..., Any], index: int) -> None:
    with pytest.raises(CheckError, match=f"as item {index} of .* must be a RunRequest"):
        tick(function)


def test_an_exception_of_the_function_comes_out_as_it_is() -> None:
    error = ValueError("no such folder")

    def fails() -> Iterator[RunRequest]:
        yield RunRequest("a")
        raise error

    with pytest.raises(ValueError, match="no such folder") as raised:
        tick(fails)

    assert raised.value is error


def test_a_sensor_that_asks_for_nothing_needs_neither_target_nor_definitions() -> None:
    untargeted = sensor(name="s")(lambda: SkipReason("a"))
    of_assets = sensor(name="s", asset_selection="raw")(lambda: None)

    assert untargeted.evaluate_tick(build_sensor_context()).skip_message == "a"
    assert of_assets.evaluate_tick(build_sensor_context()).skip_message == EMPTY


# --- the cursor ---------------------------------------------------------------------------------


def test_a_cursor_that_nobody_touches_is_handed_on() -> None:
    assert tick(lambda: SkipReason("a")).cursor == "before"
    assert tick(lambda: SensorResult()).cursor == "before"


@pytest.mark.parametrize("cursor", ["after", "", None])
@pytest.mark.parametrize("produced", [None, RunRequest("a"), SensorResult(), SensorResult(skip_reason="x")])
def test_an_updated_cursor_is_what_the_next_tick_gets(cursor: str | None, produced: Any) -> None:
    def updates(context: SensorEvaluationContext) -> Any:
        context.update_cursor(cursor)
        return produced

    assert tick(updates).cursor == cursor


@pytest.mark.parametrize("cursor", ["after", ""])
@pytest.mark.parametrize("fields", [{}, {"run_requests": [RunRequest("a")]}, {"skip_reason": "x"}])
def test_the_cursor_of_a_result_is_what_the_next_tick_gets(cursor: str, fields: dict[str, Any]) -> None:
    assert tick(lambda: SensorResult(cursor=cursor, **fields)).cursor == cursor


def test_a_cursor_in_the_result_and_one_updated_are_refused_together() -> None:
    def sets_twice(context: SensorEvaluationContext) -> SensorResult:
        context.update_cursor("a")
        return SensorResult(cursor="b")

    with pytest.raises(DagsterInvariantViolationError, match="the cursor was set twice"):
        tick(sets_twice)


def test_an_updated_cursor_wins_over_an_empty_one_in_the_result() -> None:
    def sets_twice(context: SensorEvaluationContext) -> SensorResult:
        context.update_cursor("a")
        return SensorResult(cursor="")

    assert tick(sets_twice).cursor == "a"


# --- targets ------------------------------------------------------------------------------------


def test_a_request_of_a_sensor_without_a_target_is_refused() -> None:
    untargeted = sensor(name="s")(lambda: RunRequest("a"))

    with pytest.raises(SensorTargetError, match="lacking a specified target"):
        untargeted.evaluate_tick(build_sensor_context())


def test_a_request_for_a_job_that_is_not_targeted_is_refused() -> None:
    mismatched = sensor(name="s", job=first_job)(lambda: RunRequest("a", job_name="second_job"))

    with pytest.raises(SensorTargetError, match=r"second_job.* Expected one of: \['first_job'\]"):
        mismatched.evaluate_tick(build_sensor_context())


def test_a_request_that_does_not_choose_among_several_jobs_is_refused() -> None:
    unspecified = sensor(name="s", jobs=[first_job, second_job])(lambda: RunRequest("a"))

    with pytest.raises(
        SensorTargetError, match=r"'a'.* did not specify job_name.*\['first_job', 'second_job'\]"
    ):
        unspecified.evaluate_tick(build_sensor_context())


def test_a_request_may_choose_among_several_jobs() -> None:
    requests = [RunRequest("a", job_name="second_job"), RunRequest("b", job_name="first_job")]
    chooses = sensor(name="s", jobs=[first_job, second_job])(lambda: requests)

    data = chooses.evaluate_tick(build_sensor_context())

    assert [request.job_name for request in data.run_requests] == ["second_job", "first_job"]


def test_the_job_name_stays_unset_when_there_is_one_job_only() -> None:
    assert tick(lambda: RunRequest("a")).run_requests[0].job_name is None


# --- assets -------------------------------------------------------------------------------------


def asset_tick(request: RunRequest) -> RunRequest:
    """What becomes of a request of a sensor that targets ``raw`` and ``clean``."""
    selection = AssetSelection.keys("clean", "raw")
    definition = sensor(name="s", asset_selection=selection)(lambda: request)
    definitions = Definitions(assets=[clean, raw, unrelated], sensors=[definition])
    [resolved] = definition.evaluate_tick(build_sensor_context(definitions=definitions)).run_requests
    return resolved


def test_a_request_of_an_asset_sensor_is_for_all_of_its_assets_by_default() -> None:
    resolved = asset_tick(RunRequest("a"))

    assert resolved.job_name == "__ASSET_JOB"
    assert resolved.asset_selection == [AssetKey("raw"), AssetKey("clean")]


@pytest.mark.parametrize("selected", [[AssetKey("clean")], []], ids=["one", "none"])
def test_a_request_of_an_asset_sensor_may_choose_some_of_its_assets(selected: list[AssetKey]) -> None:
    assert asset_tick(RunRequest("a", asset_selection=selected)).asset_selection == selected


def test_a_request_for_assets_that_are_not_targeted_is_refused() -> None:
    with pytest.raises(
        DagsterInvalidSubsetError, match=r"selects unrelated, which .* choose from raw, clean"
    ):
        asset_tick(RunRequest("a", asset_selection=[AssetKey("clean"), AssetKey("unrelated")]))


def test_the_repository_serves_in_place_of_the_definitions() -> None:
    definition = sensor(name="s", asset_selection="raw")(lambda: RunRequest("a"))
    repository = Definitions(assets=[raw], sensors=[definition]).get_repository_def()

    context = build_sensor_context(repository_def=repository)
    [resolved] = definition.evaluate_tick(context).run_requests

    assert resolved.asset_selection == [AssetKey("raw")]
    assert context.repository_name == "__repository__"


def test_an_asset_sensor_without_definitions_says_what_it_needs() -> None:
    definition = sensor(name="s", asset_selection="raw")(lambda: RunRequest("a"))

    with pytest.raises(DagsterInvariantViolationError, match="Must provide repository def"):
        definition.evaluate_tick(build_sensor_context())


# --- tags, log, events --------------------------------------------------------------------------


def test_every_request_is_tagged_with_the_sensors_name_over_a_tag_of_its_own() -> None:
    request = RunRequest("a", tags={"dagster/sensor_name": "other", "mine": "1"})

    data = tick(lambda: [request, RunRequest("b")])

    assert data.run_requests[0].tags == {"dagster/sensor_name": "s", "mine": "1"}
    assert data.run_requests[1].tags == {"dagster/sensor_name": "s"}
    assert request.tags == {"dagster/sensor_name": "other", "mine": "1"}


def test_the_tags_of_the_sensor_are_not_on_its_requests() -> None:
    tagged = sensor(name="s", job_name="j", tags={"team": "x"})(lambda: RunRequest("a"))

    data = tagged.evaluate_tick(build_sensor_context())

    assert data.run_requests[0].tags == {"dagster/sensor_name": "s"}


def test_the_log_key_is_told_when_something_was_logged() -> None:
    def logs(context: SensorEvaluationContext) -> None:
        context.log.info("hello")

    key = ["__repository__", "s", "7"]

    assert tick(logs, SensorEvaluationContext(log_key=key)).log_key == key
    assert tick(lambda: None, SensorEvaluationContext(log_key=key)).log_key is None


def test_asset_events_are_handed_on() -> None:
    event = AssetMaterialization("a")

    assert tick(lambda: SensorResult(asset_events=[event])).asset_events == [event]


def test_the_functions_result_is_not_changed_by_the_tick() -> None:
    result = SensorResult(run_requests=[RunRequest("a")])

    tick(lambda: result)

    assert result == SensorResult(run_requests=[RunRequest("a")])
