from collections.abc import Callable
from typing import Any

import pytest

from ticktrail.core.authoring.asset_graph import AssetGraph
from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.assets import AssetsDefinition, asset
from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
)
from ticktrail.core.authoring.execution_context import AssetExecutionContext
from ticktrail.core.authoring.metadata import MetadataValue


class Named(Config):
    name: str = "x"


def made(name: str, *deps: str, **more: Any) -> AssetsDefinition:
    return asset(name=name, deps=deps, **more)(lambda: None)


def compiled(source: str) -> Callable[..., Any]:
    """Return the function a that *source* defines."""
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102 - the source is written below
    function: Callable[..., Any] = namespace["a"]
    return function


def test_the_key_of_a_bare_asset_is_the_name_of_its_function() -> None:
    @asset
    def numbers() -> None:
        """Some numbers."""

    assert (numbers.key, numbers.op.name, numbers.description) == (
        AssetKey("numbers"),
        "numbers",
        "Some numbers.",
    )


def test_a_prefix_comes_before_the_name_and_the_step_joins_the_parts() -> None:
    @asset(name="b", key_prefix=["p", "q"])
    def a() -> None: ...

    assert (a.key.path, a.op.name) == (["p", "q", "b"], "p__q__b")


def test_a_whole_key_replaces_name_and_prefix() -> None:
    assert asset(key="p/q")(lambda: None).key == AssetKey(["p", "q"])

    with pytest.raises(DagsterInvalidDefinitionError, match="either key, or name and key_prefix"):
        asset(key="p/q", key_prefix="r")(lambda: None)


def test_what_is_told_about_an_asset_is_kept() -> None:
    told = made(
        "a",
        group_name="g",
        description="d",
        tags={"t": "1"},
        kinds={"python"},
        metadata={"rows": 3},
        owners=["ann@example.com", "team:data"],
        code_version="2",
    )

    assert (told.group_name, told.description, told.op.code_version) == ("g", "d", "2")
    assert told.tags == {"t": "1", "dagster/kind/python": ""}
    assert told.metadata == {"rows": MetadataValue.int(3)}
    assert told.owners == ("ann@example.com", "team:data")


def test_context_config_and_upstream_values_are_told_apart() -> None:
    @asset
    def a(anything: AssetExecutionContext, config: Named, up: int, other: int = 3) -> None: ...

    function = a.op.function
    assert (function.context, function.config, function.config_schema) == ("anything", "config", Named)
    assert (function.inputs, set(function.optional)) == (("up", "other"), {"other"})


@pytest.mark.parametrize("name", ["context", "_context", "_"])
def test_a_first_parameter_named_context_needs_no_annotation(name: str) -> None:
    function = asset(compiled(f"def a({name}, up): ...")).op.function

    assert (function.context, function.inputs) == (name, ("up",))


def test_an_annotation_that_cannot_be_resolved_is_a_context_by_its_last_word() -> None:
    function = asset(compiled("def a(c: 'dg.AssetExecutionContext', up: 'Unknown'): ...")).op.function

    assert (function.context, function.inputs) == ("c", ("up",))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def a(config): ...", "must be annotated with a Config class"),
        ("def a(config: 'Missing'): ...", "cannot be resolved"),
        ("def a(*values): ...", r"\*values has no fixed name"),
        ("def a(**values): ...", r"\*values has no fixed name"),
        ("def a(x, /): ...", "positional-only"),
        ("async def a(): ...", "async functions are not supported yet"),
    ],
)
def test_a_function_that_a_step_cannot_have_is_refused(source: str, why: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=why):
        asset(compiled(source))


def test_a_config_parameter_and_a_config_schema_exclude_each_other() -> None:
    def a(config: Named) -> None: ...

    with pytest.raises(DagsterInvalidDefinitionError, match="both a config parameter and a config_schema"):
        asset(config_schema={"name": str})(a)


@pytest.mark.parametrize(
    "parameter",
    [
        "io_manager_key",
        "automation_condition",
        "ins",
    ],
)
def test_a_parameter_that_is_not_supported_yet_is_refused_by_name(parameter: str) -> None:
    refused: dict[str, Any] = {parameter: object()}

    with pytest.raises(
        DagsterInvalidDefinitionError, match=f"@asset: the parameter '{parameter}' is not supported yet"
    ):
        asset(**refused)


def test_a_parameter_that_does_not_exist_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="'grup_name'"):
        asset(grup_name="g")


@pytest.mark.parametrize("name", ["a-b", "a b", "", "context", "class", "é"])
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="not a valid asset name"):
        made(name)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"group_name": "a b"}, DagsterInvalidDefinitionError),
        ({"owners": ["ann"]}, DagsterInvalidDefinitionError),
        ({"owners": ["team:"]}, DagsterInvalidDefinitionError),
        ({"owners": "ann@example.com"}, CheckError),
        ({"kinds": ["a", "b", "c", "d"]}, DagsterInvalidDefinitionError),
        ({"tags": {"a": 1}}, CheckError),
        ({"tags": {"a": "\udcff"}}, CheckError),
    ],
)
def test_wrong_particulars_are_refused(more: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        made("a", **more)


def test_deps_take_assets_keys_and_written_keys() -> None:
    first = made("first")

    assert asset(name="a", deps=[first, AssetKey("k"), "p/q", ["r", "s"]])(lambda: None).deps == (
        AssetKey("first"),
        AssetKey("k"),
        AssetKey(["p", "q"]),
        AssetKey(["r", "s"]),
    )


def test_deps_must_be_a_list() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="deps must be a list"):
        asset(name="a", deps="first")(lambda: None)


def test_an_upstream_asset_is_named_once() -> None:
    def a(up: int) -> None: ...

    with pytest.raises(DagsterInvalidDefinitionError, match="both as a parameter and in deps"):
        asset(deps=["up"])(a)


def test_calling_an_asset_runs_its_function() -> None:
    @asset
    def double(up: int, config: Named) -> str:
        return config.name * up

    assert double(2, Named(name="y")) == "yy"
    assert double(up=3, config=Named()) == "xxx"


def test_calling_an_asset_with_wrong_arguments_is_an_invalid_invocation() -> None:
    @asset
    def double(up: int) -> int:
        return 2 * up

    with pytest.raises(
        DagsterInvalidInvocationError, match=r"asset 'double'.*missing a required argument: 'up'"
    ):
        double()


def test_what_is_given_without_a_name_must_be_the_function() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="parameters are given by name"):
        asset("name")  # type: ignore[call-overload]


def test_assets_are_put_in_order_of_what_they_are_made_from() -> None:
    graph = AssetGraph([made("c", "b"), made("b", "a", "outside"), made("a")])

    assert [key.to_user_string() for key in graph.by_key] == ["a", "b", "c"]
    assert graph.upstream(AssetKey("b")) == [AssetKey("a")]
    assert graph.downstream(AssetKey("b")) == [AssetKey("c")]


def test_a_parameter_finds_the_one_asset_of_its_group_with_that_last_part() -> None:
    def use(numbers: int) -> None: ...

    near, far = (
        made("numbers", key_prefix="p", group_name="g"),
        made("numbers", key_prefix="q", group_name="h"),
    )
    user = asset(group_name="g")(use)

    assert AssetGraph([user, near, far]).inputs(user.key) == {"numbers": near.key}


def test_a_parameter_that_could_mean_two_assets_means_neither() -> None:
    def use(numbers: int) -> None: ...

    user = asset(use)
    graph = AssetGraph([user, made("numbers", key_prefix="p"), made("numbers", key_prefix="q")])

    assert graph.inputs(user.key) == {"numbers": AssetKey("numbers")}


def test_assets_made_from_each_other_are_refused_naming_the_circle() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"circle: (a -> b -> a|b -> a -> b)$"):
        AssetGraph([made("a", "b"), made("b", "a")])


def test_an_asset_made_from_itself_is_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="circle: a -> a"):
        AssetGraph([made("a", "a")])


def test_two_assets_with_one_key_are_refused_and_the_same_asset_twice_is_one() -> None:
    one = made("a")

    assert AssetGraph([one, one]).keys == {one.key}
    with pytest.raises(DagsterInvalidDefinitionError, match="Duplicate asset key 'a'"):
        AssetGraph([one, made("a")])


def test_two_assets_with_one_step_name_are_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="both be made by a step named 'p__a'"):
        AssetGraph([made("a", key_prefix="p"), made("p__a")])
