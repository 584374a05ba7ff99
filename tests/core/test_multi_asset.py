from collections.abc import Iterator
from typing import Any

import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.asset_selection import AssetSelection
from ticktrail.core.authoring.asset_spec import AssetDep, AssetOut, AssetSpec
from ticktrail.core.authoring.assets import AssetsDefinition, asset
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidDefinitionError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
)
from ticktrail.core.authoring.execution_context import AssetExecutionContext
from ticktrail.core.authoring.jobs import define_asset_job
from ticktrail.core.authoring.materialize import materialize
from ticktrail.core.authoring.metadata import MetadataValue
from ticktrail.core.authoring.multi_assets import multi_asset
from ticktrail.core.authoring.results import MaterializeResult, Output
from ticktrail.core.authoring.run_request import RunRequest
from ticktrail.core.authoring.sensor import sensor
from ticktrail.core.authoring.sensor_context import build_sensor_context
from ticktrail.core.evaluation import evaluate
from ticktrail.core.execution.in_process import ExecuteInProcessResult

AB = (AssetSpec("a"), AssetSpec(["p", "b"], deps=["a"]))


def yielding(*values: Any) -> Any:
    def generator() -> Iterator[Any]:
        yield from values

    return generator


def of_specs(function: Any, *specs: AssetSpec) -> AssetsDefinition:
    return multi_asset(name="both", specs=specs or AB)(function)


def of_outs(function: Any, **settings: Any) -> AssetsDefinition:
    return multi_asset(name="both", outs={"a": AssetOut(), "b": AssetOut(key_prefix="p")}, **settings)(
        function
    )


def made(result: ExecuteInProcessResult) -> list[str]:
    return [event.asset for event in result.get_asset_materialization_events()]


def names(keys: Any) -> list[str]:
    return [key.to_user_string() for key in keys]


def test_one_function_makes_all_assets_of_its_specs() -> None:
    function = yielding(
        MaterializeResult(asset_key="a", metadata={"rows": 1}), MaterializeResult(asset_key="p/b")
    )

    result = materialize([of_specs(function)])

    assert [(e.asset, e.step, e.metadata) for e in result.get_asset_materialization_events()] == [
        ("a", "both", {"rows": 1}),
        ("p/b", "both", {}),
    ]


def test_assets_of_specs_count_as_made_when_the_function_ends_well_unless_they_are_skippable() -> None:
    assert made(materialize([of_specs(lambda: None)])) == ["a", "p/b"]
    specs = (AssetSpec("a"), AssetSpec("b", skippable=True), AssetSpec("c"))
    assert made(materialize([of_specs(yielding(MaterializeResult(asset_key="c")), *specs)])) == ["c", "a"]


def test_what_depends_on_a_skipped_asset_is_left_out() -> None:
    both = of_specs(lambda: None, AssetSpec("a"), AssetSpec("b", skippable=True))
    after_a, after_b = (asset(name=f"after_{name}", deps=[name])(lambda: None) for name in "ab")

    result = materialize([both, after_a, after_b])

    assert result.success
    assert made(result) == ["a", "after_a"]


def test_assets_of_outs_hand_their_values_over() -> None:
    both = of_outs(lambda up: (up, Output(up + 1, "b", metadata={"x": 1})))
    up = asset(name="up")(lambda: 1)
    down = asset(name="down")(lambda a, b: a + b)

    result = materialize([down, both, up])

    assert made(result) == ["up", "a", "p/b", "down"]
    assert (result.asset_value("p/b"), result.asset_value("down")) == (2, 3)
    assert result.output_for_node("both", "b") == 2


def test_the_parts_of_a_definition_are_by_asset() -> None:
    outs = {
        "a": AssetOut(key="x/y", description="d", metadata={"m": 1}, owners=["team:t"], kinds={"sql"}),
        "b": AssetOut(group_name="own"),
    }
    both = multi_asset(outs=outs, group_name="g", deps=["up"])(yielding())

    assert both.keys == {AssetKey("b"), AssetKey(["x", "y"])}
    assert [(spec.group_name, names(spec.dep_keys)) for spec in both.specs] == [
        ("g", ["up"]),
        ("own", ["up"]),
    ]
    first = both.specs[0]
    assert (first.description, first.metadata, first.owners) == (
        "d",
        {"m": MetadataValue.int(1)},
        ("team:t",),
    )
    assert first.tags == {"dagster/kind/sql": ""}
    with pytest.raises(DagsterInvariantViolationError, match="makes several assets, it has no single key"):
        _ = both.key


def test_the_context_knows_which_assets_are_made() -> None:
    seen: list[Any] = []

    def function(context: AssetExecutionContext) -> None:
        seen.extend([context.selected_asset_keys, context.asset_key_for_output("p__b")])
        context.add_output_metadata({"x": 1}, output_name="a")
        with pytest.raises(DagsterInvariantViolationError, match="has no single asset_key"):
            _ = context.asset_key
        with pytest.raises(DagsterInvariantViolationError, match="no output 'result'"):
            context.asset_key_for_output()

    result = materialize([of_specs(function)])

    assert seen == [frozenset([AssetKey("a"), AssetKey(["p", "b"])]), AssetKey(["p", "b"])]
    assert [event.metadata for event in result.get_asset_materialization_events()] == [{"x": 1}, {}]


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda: MaterializeResult(), "makes the assets 'a', 'p/b': say which one"),
        (
            lambda: MaterializeResult(asset_key="c"),
            "makes the assets 'a', 'p/b', its MaterializeResult names 'c'",
        ),
        (lambda: 5, r"returned 5 \(int\)"),
        (yielding(Output(1, "c")), "an Output 'c', its outputs are: a, p__b"),
    ],
)
def test_a_result_must_say_which_asset_it_is(function: Any, why: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=why):
        materialize([of_specs(function)])


def test_an_asset_of_outs_must_be_produced() -> None:
    with pytest.raises(DagsterInvariantViolationError, match="produced nothing for its output 'b'"):
        materialize([of_outs(yielding(Output(1, "a")))])


@pytest.mark.parametrize(
    ("settings", "error", "why"),
    [
        ({}, DagsterInvalidDefinitionError, "either outs or specs"),
        ({"specs": AB, "outs": {"a": AssetOut()}}, DagsterInvalidDefinitionError, "either outs or specs"),
        ({"specs": []}, DagsterInvalidDefinitionError, "specs of @multi_asset is empty"),
        ({"outs": {}}, DagsterInvalidDefinitionError, "outs of @multi_asset is empty"),
        ({"specs": ["a"]}, CheckError, "must be a list of AssetSpec"),
        ({"specs": AssetSpec("a")}, CheckError, "must be a list of AssetSpec"),
        ({"outs": {"a": 1}}, CheckError, "must be a dict of AssetOut"),
        ({"specs": AB, "deps": ["x"]}, DagsterInvalidDefinitionError, "deps belong to each AssetSpec"),
        ({"specs": AB, "group_name": "g"}, DagsterInvalidDefinitionError, "group_name belongs to each"),
        (
            {"specs": AB, "can_subset": True},
            DagsterInvalidDefinitionError,
            "can_subset=True is not supported yet",
        ),
        (
            {"specs": AB, "partitions_def": 1},
            DagsterInvalidDefinitionError,
            "'partitions_def' is not supported",
        ),
        ({"specs": (AB[0], AssetSpec("a"))}, DagsterInvalidDefinitionError, "have one key"),
    ],
)
def test_a_wrong_declaration_is_refused(settings: dict[str, Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        multi_asset(**settings)(lambda: None)


def test_assets_that_are_made_together_are_selected_together() -> None:
    both = of_specs(lambda: None)

    with pytest.raises(DagsterInvalidDefinitionError, match=r"asset job 'j': .*together: select p/b too"):
        Definitions(assets=[both], jobs=[define_asset_job("j", ["a"])]).get_repository_def()
    whole = Definitions(assets=[both], jobs=[define_asset_job("j", [both])]).get_job_def("j")
    with pytest.raises(DagsterInvalidSubsetError, match="together: select a too"):
        whole.execute_in_process(asset_selection=[AssetKey(["p", "b"])])


def test_a_request_for_one_of_the_assets_made_together_is_a_problem_of_that_request() -> None:
    definitions = Definitions(assets=[of_specs(lambda: None)])
    asking = sensor(name="asking", asset_selection="*")(lambda: RunRequest(asset_selection=[AssetKey("a")]))

    (request,) = evaluate(asking, build_sensor_context(), definitions).requests

    assert request.problem is not None
    assert "makes its assets together: select p/b too" in request.problem


def test_functions_that_wait_for_each_other_are_refused() -> None:
    both = of_specs(lambda: None, AssetSpec("first"), AssetSpec("last", deps=["middle"]))
    middle = asset(name="middle", deps=["first"])(lambda: None)

    with pytest.raises(DagsterInvalidDefinitionError, match="each wait for the other"):
        Definitions(assets=[both, middle]).get_repository_def()


def test_a_function_comes_after_what_any_of_its_assets_is_made_from() -> None:
    both = of_specs(lambda: None, AssetSpec("a"), AssetSpec("b", deps=["up"]))
    up = asset(name="up")(lambda: None)

    assert made(materialize([both, up])) == ["up", "a", "b"]


def test_all_assets_of_a_definition_are_meant_where_it_is_named() -> None:
    both = of_specs(lambda: None)
    after = asset(name="after", deps=[both, AssetDep("x")])(lambda: None)

    assert names(after.deps) == ["a", "p/b", "x"]
    assert AssetSelection.assets(both).resolve([both, after]) == both.keys
    with pytest.raises(DagsterInvalidDefinitionError, match="an AssetDep is one asset"):
        AssetDep(both)
    with pytest.raises(DagsterInvalidDefinitionError, match="'partition_mapping' is not supported"):
        AssetDep("x", partition_mapping=object())


def test_an_asset_that_is_made_elsewhere_is_known_and_never_made() -> None:
    outside = AssetSpec("outside", group_name="g")
    inside = asset(name="inside", deps=[outside])(lambda: None)
    defs = Definitions(assets=[outside, inside])

    assert defs.get_job_def("__ASSET_JOB").asset_keys == {inside.key}
    graph = defs.get_repository_def().asset_graph
    assert graph.all_keys == {outside.key, inside.key}
    assert graph.keys == {inside.key}
    assert made(materialize([outside, inside])) == ["inside"]
    assert AssetSelection.assets(outside).downstream(include_self=False).resolve(graph) == {inside.key}
    assert AssetSelection.assets(inside).upstream().resolve(graph) == {inside.key}


def test_a_job_or_sensor_of_an_asset_that_is_made_elsewhere_is_refused() -> None:
    outside = AssetSpec("outside")
    asking = sensor(name="s", asset_selection=["outside"])(lambda: None)

    with pytest.raises(DagsterInvalidDefinitionError, match="outside cannot be made: there is an AssetSpec"):
        Definitions(assets=[outside], jobs=[define_asset_job("j", ["outside"])]).get_repository_def()
    with pytest.raises(DagsterInvalidDefinitionError, match="outside cannot be made"):
        Definitions(assets=[outside], sensors=[asking]).get_repository_def()


def test_definitions_of_nothing_but_assets_made_elsewhere_have_no_job() -> None:
    assert Definitions(assets=[AssetSpec("outside")]).get_all_jobs() == []


def test_a_key_is_told_of_once() -> None:
    inside = asset(name="a")(lambda: None)

    both = of_specs(lambda: None)
    pairs: list[list[Any]] = [[AssetSpec("a"), inside], [AssetSpec("a"), AssetSpec("a")], [both, inside]]
    for twice in pairs:
        with pytest.raises(DagsterInvalidDefinitionError, match="Duplicate asset key 'a'"):
            Definitions(assets=twice).get_repository_def()


def test_a_multi_asset_called_directly_runs_its_function() -> None:
    assert of_outs(lambda up: (up, 2))(1) == (1, 2)
