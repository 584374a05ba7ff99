from typing import Any

import pytest

from ticktrail.core.authoring.assets import asset
from ticktrail.core.authoring.composition import current_composition
from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvalidSubsetError,
)
from ticktrail.core.authoring.jobs import JobDefinition, define_asset_job, job
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.run_config import RunConfig


class FileConfig(Config):
    filename: str


@op
def one() -> int:
    return 1


@op
def add(left: int, right: int = 10) -> int:
    return left + right


@op
def read(config: FileConfig) -> str:
    return config.filename


def wired(body: Any, **settings: Any) -> JobDefinition:
    return job(name="j", **settings)(body)


def wires(definition: JobDefinition) -> list[tuple[str, dict[str, str]]]:
    return [
        (node.name, {name: source.node for name, source in node.inputs.items()}) for node in definition.nodes
    ]


def test_the_body_of_a_job_wires_its_ops() -> None:
    @job
    def sums() -> None:
        """Adds."""
        first = one()
        add(first, right=add(first))

    assert (sums.name, sums.description, sums.asset_keys) == ("sums", "Adds.", frozenset())
    assert wires(sums) == [
        ("one", {}),
        ("add", {"left": "one"}),
        ("add_2", {"left": "one", "right": "add"}),
    ]


def test_a_name_that_is_taken_by_an_op_is_not_given_to_a_second_call_of_another() -> None:
    taken = op(name="one_2")(lambda: 2)

    def body() -> None:
        taken()
        one()
        one()

    assert [node.name for node in wired(body).nodes] == ["one_2", "one", "one_3"]


def test_an_op_called_outside_of_a_job_runs_its_function() -> None:
    assert add(1, 2) == 3
    assert read(FileConfig(filename="f")) == "f"


def test_an_op_called_with_wrong_arguments_is_an_invalid_invocation() -> None:
    with pytest.raises(DagsterInvalidInvocationError, match="op 'add'"):
        add()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (lambda: add(), "op 'add' needs a value for left"),
        (lambda: add(1), "got 1 for 'left', it must be the output of an op"),
        (lambda: add(one(), one(), one()), "op 'add' takes left, right"),
        (lambda: add(one(), lef=one()), "op 'add' takes left, right"),
        (lambda: add(one(), left=one()), "op 'add' takes left, right"),
        (lambda: read(config=FileConfig(filename="f")), "op 'read' takes no inputs"),
        (lambda: list(one()), "the output 'result' of 'one' cannot be taken apart"),
    ],
)
def test_a_body_that_wires_wrongly_is_refused(body: Any, why: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=why):
        wired(body)


def test_a_body_that_raises_leaves_ops_callable_as_plain_functions() -> None:
    def body() -> None:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        wired(body)

    assert current_composition() is None
    assert one() == 1


def test_the_output_of_another_job_cannot_be_used() -> None:
    leaked = []
    wired(lambda: leaked.append(one()))

    with pytest.raises(DagsterInvalidDefinitionError, match="called in the same job"):
        wired(lambda: add(leaked[0]))


def test_an_asset_cannot_be_called_in_a_job() -> None:
    made = asset(name="made")(lambda: 1)

    with pytest.raises(DagsterInvalidDefinitionError, match="asset 'made' was called in the body of job 'j'"):
        wired(lambda: made())


@pytest.mark.parametrize("parameter", ["resource_defs", "executor_def", "hooks"])
def test_a_parameter_of_a_job_that_is_not_supported_yet_is_refused_by_name(parameter: str) -> None:
    refused: dict[str, Any] = {parameter: object()}

    for define in (job, lambda **more: define_asset_job("j", **more)):
        with pytest.raises(DagsterInvalidDefinitionError, match=f"{parameter!r} is not supported yet"):
            define(**refused)


@pytest.mark.parametrize("parameter", ["pool", "version"])
def test_a_parameter_of_an_op_that_is_not_supported_yet_is_refused_by_name(parameter: str) -> None:
    refused: dict[str, Any] = {parameter: object()}

    with pytest.raises(
        DagsterInvalidDefinitionError, match=f"@op: the parameter {parameter!r} is not supported"
    ):
        op(**refused)


@pytest.mark.parametrize("name", ["a-b", "", "lambda", "config", "<lambda>"])
def test_an_invalid_name_is_refused(name: str) -> None:
    for define in (op(name=name), job(name=name)):
        with pytest.raises(DagsterInvalidDefinitionError, match="not a valid"):
            define(lambda: None)
    with pytest.raises(DagsterInvalidDefinitionError, match="not a valid job name"):
        define_asset_job(name)


def test_tags_of_a_job_must_be_text() -> None:
    with pytest.raises(CheckError, match="tags must be a mapping from str to str"):
        wired(one, tags={"a": 1})


def test_run_tags_that_are_not_given_are_none() -> None:
    assert define_asset_job("j").run_tags is None
    assert define_asset_job("j", run_tags={}).run_tags == {}


class TestRunConfig:
    """`validate_run_config` of a job with the ops one, add and read."""

    @pytest.fixture
    def definition(self) -> JobDefinition:
        def body() -> None:
            add(one())
            read()

        return wired(body)

    def problems(self, definition: JobDefinition, run_config: Any) -> list[str]:
        with pytest.raises(DagsterInvalidConfigError) as error:
            definition.validate_run_config(run_config)
        assert all(problem in str(error.value) for problem in error.value.problems)
        return error.value.problems

    def test_what_fits_passes(self, definition: JobDefinition) -> None:
        definition.validate_run_config(
            {
                "ops": {"read": {"config": {"filename": "f"}}, "add": None},
                "execution": {"config": {"x": 1}},
                "loggers": {},
                "resources": None,
            }
        )

    def test_an_op_without_config_accepts_anything(self, definition: JobDefinition) -> None:
        ops = {"one": {"config": {"any": [1, {"thing": None}]}}, "read": {"config": {"filename": "f"}}}

        definition.validate_run_config({"ops": ops})

    def test_every_problem_is_listed_with_its_place(self, definition: JobDefinition) -> None:
        run_config = {
            "opps": {},
            "ops": {"two": {}, "one": {"confg": 1}, "add": 3, "read": {"config": {"filename": 1, "x": 2}}},
            "loggers": 1,
            "resources": {"db": {}},
        }

        assert self.problems(definition, run_config) == [
            "opps: unknown key, known are: execution, loggers, ops, resources",
            "loggers: expected a mapping, got 1",
            "resources.db: unknown resource, known are: none",
            "ops.two: unknown op, known are: add, one, read",
            "ops.one.confg: unknown key, known are: config",
            "ops.add: expected a mapping with the key config, got 3",
            "ops.read.config.filename: Expected str, got int, the value is 1",
            "ops.read.config.x: unknown field, known are: filename",
        ]

    @pytest.mark.parametrize("run_config", [{}, {"ops": {}}, {"ops": {"read": {"config": None}}}])
    def test_missing_config_names_the_field(self, definition: JobDefinition, run_config: Any) -> None:
        assert self.problems(definition, run_config) == ["ops.read.config.filename: missing, expected str"]

    def test_empty_text_is_no_config(self, definition: JobDefinition) -> None:
        assert self.problems(definition, {"ops": {"read": {"config": ""}}}) == [
            "ops.read.config: expected a mapping, got ''"
        ]

    def test_run_config_must_be_a_mapping(self, definition: JobDefinition) -> None:
        assert self.problems(definition, "ops") == ["run config: expected a mapping, got 'ops'"]

    def test_the_default_of_the_job_stands_in_for_an_empty_one(self) -> None:
        definition = wired(read, config=RunConfig(ops={"read": FileConfig(filename="f")}))

        definition.validate_run_config({})
        assert self.problems(definition, {"ops": {}}) == ["ops.read.config.filename: missing, expected str"]

    def test_a_default_that_does_not_fit_is_refused_when_the_job_is_defined(self) -> None:
        with pytest.raises(DagsterInvalidConfigError, match=r"ops\.rd: unknown op"):
            wired(read, config={"ops": {"rd": {}}})

    def test_a_named_resource_may_be_configured(self, definition: JobDefinition) -> None:
        ops = {"read": {"config": {"filename": "f"}}}

        definition.with_resources({"db": object()}).validate_run_config({"ops": ops, "resources": {"db": {}}})

    def test_a_job_of_ops_makes_no_asset(self, definition: JobDefinition) -> None:
        with pytest.raises(DagsterInvalidSubsetError, match="job 'j' does not make a/b"):
            definition.validate_run_config({"ops": {"read": {"config": {"filename": "f"}}}}, ["a/b"])
