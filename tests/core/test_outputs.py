from collections.abc import Iterator
from typing import Any

import pytest

from harness.in_process import lines
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
)
from ticktrail.core.authoring.execution_context import OpExecutionContext
from ticktrail.core.authoring.jobs import JobDefinition, job
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.outputs import In, Nothing, Out
from ticktrail.core.authoring.results import Output
from ticktrail.core.execution.in_process_result import ExecuteInProcessResult

PAIR = {"a": Out(), "b": Out()}


def wired(body: Any) -> JobDefinition:
    return job(name="j")(body)


def run(function: Any, out: Any = PAIR) -> ExecuteInProcessResult:
    step = op(name="step", out=out)(function)
    return wired(lambda: step()).execute_in_process()


def yielding(*values: Any) -> Any:
    def generator() -> Iterator[Any]:
        yield from values

    return generator


def started(result: ExecuteInProcessResult) -> list[str | None]:
    return [event.step_key for event in result.all_events if event.is_step_start]


@pytest.mark.parametrize(
    "function",
    [
        lambda: (1, 2),
        lambda: (1, Output(2, "b")),
        lambda: (Output(1), Output(2)),
        yielding(Output(2, "b"), Output(1, "a")),
        yielding(Output(1, output_name="a"), Output(2, output_name="b")),
    ],
)
def test_each_output_has_its_value(function: Any) -> None:
    result = run(function)

    assert (result.output_for_node("step", "a"), result.output_for_node("step", "b")) == (1, 2)


def test_outputs_are_wired_by_name_and_by_position() -> None:
    split = op(name="split", out=PAIR)(lambda: (1, 2))
    keep = op(name="keep")(lambda value: value)

    def body() -> None:
        both = split()
        keep(both.b)
        first, _ = both
        keep(first)

    result = wired(body).execute_in_process()
    assert (result.output_for_node("keep"), result.output_for_node("keep_2")) == (2, 1)


def test_one_output_may_have_a_name() -> None:
    named = op(name="named", out={"only": Out(description="d")})(lambda: 5)
    keep = op(name="keep")(lambda value: value)

    result = wired(lambda: keep(named())).execute_in_process()
    assert (result.output_for_node("named", "only"), result.output_for_node("keep")) == (5, 5)


def test_a_step_without_the_output_that_it_needs_is_left_out_and_so_is_what_follows() -> None:
    maybe = op(name="maybe", out={"yes": Out(is_required=False), "no": Out(is_required=False)})(
        yielding(Output(1, "yes"))
    )
    keep = op(name="keep")(lambda value: value)

    def body() -> None:
        both = maybe()
        keep(both.yes)
        keep(keep(both.no))

    instance = DagsterInstance.ephemeral()
    result = wired(body).execute_in_process(instance=instance)
    assert result.success
    assert started(result) == ["maybe", "keep"]
    told = [event.message for event in lines(instance, result.dagster_run, "INFO")]
    assert told == [
        "not run: it depends on the output 'no' of 'maybe', which was not made",
        "not run: it depends on the output 'result' of 'keep_2', which was not made",
    ]


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda: 1, r"returned 1 \(int\), it has the outputs a, b"),
        (lambda: None, r"returned None \(NoneType\)"),
        (lambda: [1, 2], r"returned \[1, 2\] \(list\)"),
        (lambda: (1, 2, 3), "returned 3 values, it has the outputs a, b"),
        (lambda: Output(1, "a"), "produced nothing for its output 'b'"),
        (lambda: (Output(1, "a"), Output(2, "a")), "more than one result, for the output 'a'"),
        (yielding(Output(1, "a")), "produced nothing for its output 'b'"),
        (yielding(Output(1, "a"), Output(1, "a")), "more than one result, for the output 'a'"),
        (yielding(Output(1, "c")), "produced an Output 'c', its outputs are: a, b"),
        (yielding(Output(1)), "produced an Output 'result', its outputs are: a, b"),
    ],
)
def test_what_does_not_fit_the_outputs_fails_the_step(function: Any, why: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=why):
        run(function)


def test_outputs_that_are_all_optional_are_left_out_by_yielding_nothing_and_not_by_returning_none() -> None:
    optional = {"a": Out(is_required=False), "b": Out(is_required=False)}

    assert run(yielding(), optional).success
    with pytest.raises(DagsterInvariantViolationError, match="returned None"):
        run(lambda: None, optional)


def test_an_output_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match="no output 'c' in this run, its outputs are: a, b"
    ):
        run(lambda: (1, 2)).output_for_node("step", "c")


def test_metadata_are_noted_for_one_of_several_outputs() -> None:
    def function(context: OpExecutionContext) -> tuple[int, int]:
        context.add_output_metadata({"x": 1}, output_name="a")
        for name in (None, "c"):
            with pytest.raises(DagsterInvalidDefinitionError, match="its outputs are: a, b"):
                context.add_output_metadata({"x": 1}, output_name=name)
        return 1, 2

    assert run(function).success


def test_an_input_that_is_nothing_only_says_what_comes_first() -> None:
    ran: list[str] = []
    first = op(name="first", out=Out(Nothing))(lambda: ran.append("first"))
    second = op(name="second")(lambda: ran.append("second"))
    last = op(name="last", ins={"start": In(Nothing)})(lambda value=3: ran.append(f"last {value}"))

    wired(lambda: last(start=[first(), second()])).execute_in_process()
    assert ran == ["first", "second", "last 3"]


def test_what_waits_for_a_failed_step_by_an_input_that_is_nothing_does_not_run() -> None:
    bad = op(name="bad")(lambda: 1 / 0)
    last = op(name="last", ins={"start": In(Nothing)})(lambda: None)

    result = wired(lambda: last(bad())).execute_in_process(raise_on_error=False)
    assert started(result) == ["bad"]


@pytest.mark.parametrize(
    ("settings", "error", "why"),
    [
        ({"out": {}}, DagsterInvalidDefinitionError, "out of op 'o' is empty"),
        ({"out": int}, CheckError, "must be an Out or a dict of them"),
        ({"out": {"a": int}}, CheckError, "must be an Out or a dict of them"),
        ({"out": {"a-b": Out()}}, DagsterInvalidDefinitionError, "not a valid output name"),
        ({"ins": {"x": In(Nothing)}}, DagsterInvalidDefinitionError, "cannot have it as a parameter"),
        ({"ins": {"y": In(int)}}, DagsterInvalidDefinitionError, "'y' is no parameter of its function"),
        ({"ins": {"x": int}}, CheckError, "must be a dict of In"),
    ],
)
def test_wrong_inputs_and_outputs_are_refused(
    settings: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        op(name="o", **settings)(lambda x: x)


def test_parameters_of_inputs_and_outputs_that_are_not_supported_yet_are_refused_by_name() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="Out: the parameter 'io_manager_key'"):
        Out(io_manager_key="x")
    with pytest.raises(DagsterInvalidDefinitionError, match="In: the parameter 'default_value'"):
        In(default_value=1)


def test_all_outputs_of_an_op_together_are_no_input() -> None:
    split = op(name="split", out=PAIR)(lambda: (1, 2))
    keep = op(name="keep")(lambda value: value)

    with pytest.raises(DagsterInvalidDefinitionError, match="it must be the output of an op"):
        wired(lambda: keep(split()))
