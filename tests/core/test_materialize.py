from collections.abc import Iterator
from typing import Any

import pytest

from harness.in_process import events, materialized, observed
from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.assets import asset
from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterExecutionStepExecutionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
)
from ticktrail.core.authoring.execution_context import AssetExecutionContext, OpExecutionContext
from ticktrail.core.authoring.jobs import define_asset_job, job
from ticktrail.core.authoring.materialize import materialize
from ticktrail.core.authoring.metadata import MetadataValue
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.partitions import StaticPartitionsDefinition
from ticktrail.core.authoring.results import (
    AssetMaterialization,
    AssetObservation,
    MaterializeResult,
    Output,
)
from ticktrail.core.authoring.run_config import RunConfig
from ticktrail.core.events import RunFailed


class FileConfig(Config):
    filename: str
    lines: int = 2


@asset
def raw(config: FileConfig) -> list[str]:
    return [config.filename] * config.lines


@asset(key_prefix="p", deps=["outside"])
def clean(raw: list[str]) -> MaterializeResult[int]:
    return MaterializeResult(
        metadata={"rows": len(raw), "report": MetadataValue.url("https://x")}, value=len(raw)
    )


def test_assets_are_made_in_order_and_hand_their_values_over() -> None:
    result = materialize([clean, raw], run_config=RunConfig(ops={"raw": FileConfig(filename="f")}))

    assert result.success
    assert (result.output_for_node("raw"), result.asset_value("p/clean")) == (["f", "f"], 2)
    made = [(event.asset, event.step, event.metadata) for event in materialized(result)]
    assert made == [("raw", "raw", {}), ("p/clean", "p__clean", {"rows": 2, "report": "https://x"})]


def test_noted_metadata_keeps_its_kind_in_the_result() -> None:
    result = materialize([clean, raw], run_config=RunConfig(ops={"raw": FileConfig(filename="f")}))

    (noted,) = result.asset_materializations_for_node("p__clean")
    assert noted == AssetMaterialization(
        "p/clean", metadata={"rows": 2, "report": MetadataValue.url("https://x")}
    )


def test_the_events_of_a_run_end_with_its_end() -> None:
    result = materialize([asset(name="a")(lambda: 1)])

    assert {getattr(event, "run", None) for event in events(result)} == {result.run_id}
    assert [(event.event_type_value, event.step_key) for event in result.all_events] == [
        ("PIPELINE_START", None),
        ("STEP_START", "a"),
        ("ASSET_MATERIALIZATION", "a"),
        ("STEP_SUCCESS", "a"),
        ("PIPELINE_SUCCESS", None),
    ]
    assert result.all_node_events == result.events_for_node("a") == result.all_events[1:4]
    assert result.filter_events(lambda event: event.is_step_success) == result.get_step_success_events()
    assert result.get_job_success_event() is result.get_run_success_event() is result.all_events[-1]
    assert result.get_run_success_event().is_job_success
    with pytest.raises(DagsterInvariantViolationError, match="ended well, it has no failure"):
        result.get_job_failure_event()


def test_runs_have_different_ids_unless_one_is_given() -> None:
    one = asset(name="a")(lambda: 1)
    made = Definitions(assets=[one]).get_job_def("__ASSET_JOB")

    assert materialize([one]).run_id != materialize([one]).run_id
    assert made.execute_in_process(run_id="r").run_id == "r"


def test_run_config_that_does_not_fit_is_raised_even_without_raise_on_error() -> None:
    with pytest.raises(DagsterInvalidConfigError, match=r"ops\.raw\.config\.filename: missing"):
        materialize([raw], raise_on_error=False)
    with pytest.raises(CheckError, match="mapping or a RunConfig"):
        materialize([raw], run_config="x")  # type: ignore[arg-type]


def test_a_selection_leaves_the_others_out() -> None:
    free = asset(name="free")(lambda: 1)

    result = materialize([raw, free], selection="free")
    assert [event.asset for event in materialized(result)] == ["free"]


def test_a_value_from_outside_of_the_run_is_missed_when_it_is_needed() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match="needs the value of 'raw' for its parameter 'raw'"
    ):
        materialize([clean])


def test_a_value_from_outside_of_the_run_may_have_a_default() -> None:
    @asset
    def tolerant(missing: int = 7) -> int:
        return missing

    assert materialize([tolerant]).output_for_node("tolerant") == 7


def test_what_a_step_raised_is_raised_after_the_others_ran() -> None:
    ran = []

    @asset
    def broken() -> None:
        raise ZeroDivisionError("by zero")

    @asset
    def fine() -> None:
        ran.append("fine")

    with pytest.raises(ZeroDivisionError, match="by zero"):
        materialize([broken, fine])
    assert ran == ["fine"]


def test_sys_exit_in_a_step_does_not_end_the_process() -> None:
    @asset
    def leaving() -> None:
        raise SystemExit(3)

    with pytest.raises(DagsterExecutionStepExecutionError, match=r"SystemExit\(3\)"):
        materialize([leaving])

    result = materialize([leaving], raise_on_error=False)
    end = result.get_run_failure_event().event
    assert isinstance(end, RunFailed)
    assert (end.error, end.step, end.cause) == ("SystemExit: the code called sys.exit(3)", "leaving", 0)


def test_a_failed_run_tells_what_failed_and_what_did_not() -> None:
    @op
    def good() -> int:
        return 1

    @op
    def bad(value: int) -> int:
        raise ValueError(f"boom {value}")

    @job
    def both() -> None:
        bad(good())

    result = both.execute_in_process(raise_on_error=False)

    assert not result.success
    assert result.get_failed_step_keys() == {"bad"}
    assert [event.step_key for event in result.get_step_failure_events()] == ["bad"]
    assert result.output_for_node("good") == 1
    with pytest.raises(DagsterInvariantViolationError, match=r"step 'bad' has no output 'result'.*are: good"):
        result.output_for_node("bad")


def test_the_context_knows_the_run() -> None:
    seen: dict[str, Any] = {}

    @asset(key_prefix="p", partitions_def=StaticPartitionsDefinition(["2025"]))
    def knowing(context: AssetExecutionContext, config: FileConfig) -> None:
        seen.update(
            run=(context.run_id, context.run.run_id, context.job_name, context.run.job_name),
            tags=dict(context.run_tags),
            config=(context.run_config, context.op_config),
            key=context.asset_key,
            partition=(context.has_partition_key, context.partition_key),
            retry=context.retry_number,
            resource=context.resources.db,
        )

    run_config = {"ops": {"p__knowing": {"config": {"filename": "f"}}}}
    result = materialize(
        [knowing], run_config, resources={"db": "the db"}, partition_key="2025", tags={"team": "x"}
    )

    name = "__ephemeral_asset_job__"
    assert seen == {
        "run": (result.run_id, result.run_id, name, name),
        "tags": {
            "team": "x",
            "dagster/partition": "2025",
            "dagster/partition_set": f"{name}_partition_set",
        },
        "config": (run_config, {"filename": "f"}),
        "key": AssetKey(["p", "knowing"]),
        "partition": (True, "2025"),
        "retry": 0,
        "resource": "the db",
    }
    (event,) = result.get_asset_materialization_events()
    assert event.partition == "2025"


def test_what_a_context_does_not_have_is_said_clearly() -> None:
    told = []

    @op
    def asking(context: OpExecutionContext) -> None:
        for attribute in ("partition_key", "asset_key"):
            with pytest.raises(DagsterInvariantViolationError) as error:
                getattr(context, attribute)
            told.append(str(error.value))
        with pytest.raises(AttributeError, match="there is no resource 'db', known are: none"):
            _ = context.resources.db
        assert not context.has_partition_key
        assert context.op_config is None

    job(name="j")(lambda: asking()).execute_in_process(run_id="r")

    assert told == [
        "run r is not for a partition: request it with partition_key=..., or ask has_partition_key first",
        "step 'asking' is an op, it has no asset_key",
    ]


def test_tags_of_the_job_are_on_the_run_unless_it_has_run_tags() -> None:
    free = asset(name="free")(lambda: 1)
    jobs = [
        define_asset_job("a", tags={"x": "1", "y": "1"}),
        define_asset_job("b", tags={"x": "1"}, run_tags={"z": "1"}),
    ]
    defs = Definitions(assets=[free], jobs=jobs)

    assert defs.get_job_def("a").execute_in_process(tags={"y": "2"}).dagster_run.tags == {"x": "1", "y": "2"}
    assert defs.get_job_def("b").execute_in_process().dagster_run.tags == {"z": "1"}


def test_the_default_run_config_of_a_job_is_used_when_none_is_given() -> None:
    config = RunConfig(ops={"raw": FileConfig(filename="default")})
    made = Definitions(assets=[raw], jobs=[define_asset_job("j", config=config)]).get_job_def("j")

    assert made.execute_in_process().output_for_node("raw") == ["default"] * 2
    given = RunConfig(ops={"raw": FileConfig(filename="given")})
    assert made.execute_in_process(given).output_for_node("raw") == ["given"] * 2


def test_some_assets_of_a_job_can_be_made_alone() -> None:
    free = asset(name="free")(lambda: 1)
    made = Definitions(assets=[raw, free]).get_job_def("__ASSET_JOB")

    result = made.execute_in_process(asset_selection=[free.key])

    assert [event.asset for event in materialized(result)] == ["free"]
    with pytest.raises(DagsterInvalidSubsetError, match="does not make gone"):
        made.execute_in_process(asset_selection=[AssetKey("gone")])


def test_a_generator_tells_events_as_they_happen_and_yields_one_result() -> None:
    @asset
    def many(context: AssetExecutionContext) -> Iterator[Any]:
        yield AssetObservation("source", metadata={"size": 1}, description="looked")
        context.add_output_metadata({"a": 1, "b": 1})
        yield AssetMaterialization("other", partition="p1", tags={"t": "1"})
        yield Output(5, metadata={"b": 2}, data_version="v1")

    result = materialize([many])

    assert result.output_for_node("many") == 5
    (look,) = observed(result)
    assert (look.asset, look.metadata, look.description) == ("source", {"size": 1}, "looked")
    assert result.asset_observations_for_node("many") == [
        AssetObservation("source", metadata={"size": 1}, description="looked")
    ]
    other, own = materialized(result)
    assert (other.asset, other.partition_key, other.tags) == ("other", "p1", {"t": "1"})
    assert (own.asset, own.metadata, own.tags) == ("many", {"a": 1, "b": 2}, {"dagster/data_version": "v1"})


def test_an_op_notes_assets_through_its_context() -> None:
    @op
    def noting(context: OpExecutionContext) -> None:
        context.log_event(AssetMaterialization(["p", "q"]))
        with pytest.raises(CheckError, match="log_event takes"):
            context.log_event("p/q")  # type: ignore[arg-type]

    result = job(name="j")(lambda: noting()).execute_in_process()

    assert [event.asset for event in materialized(result)] == ["p/q"]


def returning(value: Any) -> Any:
    return lambda: value


def yielding(*values: Any) -> Any:
    def generator() -> Iterator[Any]:
        yield from values

    return generator


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (returning(AssetMaterialization("a")), "returned an AssetMaterialization: yield it"),
        (returning(MaterializeResult(asset_key="b")), "makes the asset 'a', its MaterializeResult names 'b'"),
        (yielding(AssetMaterialization("a")), "yielded no result: yield a MaterializeResult"),
        (yielding(Output(1), Output(2)), "produced more than one result"),
        (yielding(1), r"yielded 1 \(int\)"),
        (yielding(None), r"yielded None \(NoneType\)"),
    ],
)
def test_what_an_asset_may_not_produce_fails_its_step(function: Any, why: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=why):
        materialize([asset(name="a")(function)])


def test_an_op_may_not_produce_a_materialize_result() -> None:
    made = op(name="o")(returning(MaterializeResult()))

    with pytest.raises(DagsterInvariantViolationError, match="is an op and produced a MaterializeResult"):
        job(name="j")(lambda: made()).execute_in_process()


@pytest.mark.parametrize("value", [None, 0, [], {"a": 1}, (1, 2), "x"])
def test_a_plain_value_is_the_value_of_the_step(value: Any) -> None:
    assert materialize([asset(name="a")(returning(value))]).output_for_node("a") == value


def test_what_is_not_supported_yet_is_refused_by_name() -> None:
    one = asset(name="a")(lambda: 1)

    with pytest.raises(DagsterInvalidDefinitionError, match="'op_selection' is not supported yet"):
        job(name="j")(lambda: None).execute_in_process(op_selection=["a"])
    with pytest.raises(DagsterInvalidDefinitionError, match="check_results"):
        MaterializeResult(check_results=[1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'rais_on_error'"):
        materialize([one], rais_on_error=False)  # type: ignore[call-arg]
