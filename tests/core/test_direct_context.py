import logging

import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.assets import asset
from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.direct_context import build_asset_context, build_op_context
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
)
from ticktrail.core.authoring.execution_context import AssetExecutionContext, OpExecutionContext
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.results import AssetObservation


class Sized(Config):
    size: int = 1


@op
def multiplied(context: OpExecutionContext, config: Sized, value: int) -> int:
    factor: int = context.resources.factor
    return value * config.size * factor


@asset(key_prefix="p")
def named(context: AssetExecutionContext) -> str:
    return f"{context.asset_key.to_user_string()} {context.op_name} {context.partition_key}"


def test_an_op_is_called_with_a_built_context() -> None:
    context = build_op_context(resources={"factor": 10}, op_config={"size": 2})

    assert multiplied(context, value=3) == 60
    assert multiplied(context, Sized(size=5), 3) == 150
    assert multiplied(context, config=Sized(size=5), value=3) == 150
    assert multiplied(build_op_context({"factor": 10}, config=Sized(size=2)), value=3) == 60


def test_config_of_a_built_context_is_checked() -> None:
    with pytest.raises(DagsterInvalidConfigError, match="size"):
        multiplied(build_op_context(config={"size": "x"}), value=3)


def test_an_asset_is_called_with_a_built_context_and_names_itself() -> None:
    context = build_asset_context(partition_key="2025")

    with pytest.raises(DagsterInvariantViolationError, match="no single asset_key"):
        _ = context.asset_key
    assert named(context) == "p/named p__named 2025"
    assert context.selected_asset_keys == {AssetKey(["p", "named"])}


def test_a_function_without_a_context_may_be_given_one() -> None:
    double = op(name="double")(lambda value: 2 * value)

    assert double(build_op_context(), 2) == 4


def test_a_context_that_is_missing_is_an_invalid_invocation() -> None:
    with pytest.raises(DagsterInvalidInvocationError, match="missing a required argument: 'context'"):
        named()


def test_a_built_context_keeps_what_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    @op
    def noting(context: OpExecutionContext) -> None:
        context.log_event(AssetObservation("a"))
        context.add_output_metadata({"x": 1})
        context.log.info("hello")

    context = build_op_context(run_tags={"t": "1"})
    with caplog.at_level(logging.INFO):
        noting(context)

    assert context.get_events() == [AssetObservation("a")]
    assert set(context.output_metadata("result")) == {"x"}
    assert (context.run_tags, context.has_partition_key, context.retry_number) == ({"t": "1"}, False, 0)
    assert "hello" in caplog.text


def test_what_a_built_context_cannot_have_is_refused_by_name() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="build_op_context: the parameter 'mapping_key'"):
        build_op_context(mapping_key="a")
    with pytest.raises(
        DagsterInvalidDefinitionError, match="build_asset_context: the parameter 'resources_c"
    ):
        build_asset_context(resources_config={})
    with pytest.raises(CheckError, match="both op_config and config"):
        build_op_context(op_config=1, config=1)
