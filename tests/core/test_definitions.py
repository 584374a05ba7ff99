from collections.abc import Callable
from typing import Any

import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.asset_selection import AssetSelection
from ticktrail.core.authoring.assets import AssetsDefinition, asset
from ticktrail.core.authoring.config import Config
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
)
from ticktrail.core.authoring.jobs import JobDefinition, define_asset_job, job
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.outputs import NodeOutput
from ticktrail.core.authoring.sensor import sensor
from ticktrail.core.authoring.sensor_definition import SensorDefinition


class FileConfig(Config):
    filename: str


@op
def step() -> None: ...


@asset
def raw(config: FileConfig) -> int:
    return len(config.filename)


@asset(key_prefix="p")
def clean(raw: int) -> int:
    return raw


def op_job(name: str = "j") -> JobDefinition:
    return job(name=name)(lambda: step())


def watch(name: str = "watch", **more: Any) -> SensorDefinition:
    return sensor(name=name, **more)(lambda: None)


def test_jobs_sensors_and_assets_are_found_by_name() -> None:
    made, seen = op_job(), watch(job_name="j")

    defs = Definitions(assets=[clean, raw], jobs=[made, define_asset_job("both")], sensors=[seen])

    assert defs.get_job_def("j") is made
    assert defs.get_sensor_def("watch") is seen
    assert defs.get_job_def("both").asset_keys == {raw.key, clean.key}
    assert defs.has_job_def("both")
    assert not defs.has_job_def("neither")
    assert [found.name for found in defs.get_all_jobs()] == ["j", "both", "__ASSET_JOB"]
    assert defs.get_repository_def().assets == [raw, clean]


def test_the_implicit_job_makes_all_assets_and_exists_only_when_there_are_some() -> None:
    assert Definitions(assets=[raw, clean]).get_job_def("__ASSET_JOB").asset_keys == {raw.key, clean.key}
    assert not Definitions(jobs=[op_job()]).has_job_def("__ASSET_JOB")


def test_an_unknown_name_is_reported_with_the_known_ones() -> None:
    defs = Definitions(jobs=[op_job()])

    with pytest.raises(DagsterInvariantViolationError, match=r"there is no job 'k', known are: j$"):
        defs.get_job_def("k")
    with pytest.raises(DagsterInvariantViolationError, match=r"there is no sensor 's', known are: none$"):
        defs.get_sensor_def("s")


def test_an_asset_job_has_the_selected_steps_in_order_with_its_settings() -> None:
    unresolved = define_asset_job(
        "some",
        AssetSelection.keys("p/clean").upstream(),
        tags={"a": "1"},
        run_tags={"b": "2"},
        description="d",
    )

    made = Definitions(assets=[clean, raw], jobs=[unresolved]).get_job_def("some")

    assert [node.name for node in made.nodes] == ["raw", "p__clean"]
    assert made.nodes[1].inputs == {"raw": NodeOutput("raw")}
    assert (made.name, made.tags, made.run_tags, made.description) == ("some", {"a": "1"}, {"b": "2"}, "d")


def test_jobs_of_sensors_are_there_without_being_listed() -> None:
    target = op_job("target")

    defs = Definitions(assets=[raw], sensors=[watch(job=target), watch("other", target=raw)])

    assert defs.get_job_def("target") is target
    assert defs.get_job_def("__anonymous_asset_job_other").asset_keys == {raw.key}


def test_one_job_may_be_listed_and_targeted_by_many_sensors() -> None:
    target = define_asset_job("target")

    defs = Definitions(
        assets=[raw], jobs=[target], sensors=[watch(job=target), watch("other", jobs=[target])]
    )

    assert [found.name for found in defs.get_all_jobs()] == ["target", "__ASSET_JOB"]


def test_two_different_jobs_of_one_name_are_refused() -> None:
    for jobs, sensors in (([op_job(), op_job()], []), ([op_job()], [watch(job=op_job())])):
        with pytest.raises(DagsterInvalidDefinitionError, match="Duplicate definition found for job 'j'"):
            Definitions(jobs=jobs, sensors=sensors).get_repository_def()


def test_two_different_sensors_of_one_name_are_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="Duplicate definition found for 'watch'"):
        Definitions(sensors=[watch(), watch()]).get_repository_def()


def test_a_sensor_of_an_unknown_job_is_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"sensor 'watch' targets the job 'k'.*jobs: j;"):
        Definitions(jobs=[op_job()], sensors=[watch(job_name="k")]).get_repository_def()


@pytest.mark.parametrize("more", [{"asset_selection": "gone"}, {"target": "gone"}])
def test_a_sensor_of_an_unknown_asset_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"watch.*there is no asset gone to select"):
        Definitions(assets=[raw], sensors=[watch(**more)]).get_repository_def()


def test_an_asset_job_of_an_unknown_asset_is_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="asset job 'some': there is no asset gone"):
        Definitions(assets=[raw], jobs=[define_asset_job("some", ["raw", "gone"])]).get_repository_def()


def test_the_name_of_the_implicit_job_is_reserved() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="'__ASSET_JOB' is reserved"):
        Definitions(jobs=[op_job("__ASSET_JOB")]).get_repository_def()


def test_an_upstream_asset_may_be_outside() -> None:
    assert Definitions(assets=[clean]).get_job_def("__ASSET_JOB").asset_keys == {AssetKey(["p", "clean"])}


def test_a_circle_of_assets_is_refused() -> None:
    first: AssetsDefinition = asset(name="first", deps=["second"])(lambda: None)
    second: AssetsDefinition = asset(name="second", deps=["first"])(lambda: None)

    with pytest.raises(DagsterInvalidDefinitionError, match="circle"):
        Definitions(assets=[first, second]).get_repository_def()


def test_a_default_run_config_that_does_not_fit_an_asset_job_is_refused() -> None:
    with pytest.raises(
        DagsterInvalidConfigError, match=r"job 'some':\n  ops\.raw\.config\.filename: missing"
    ):
        Definitions(
            assets=[raw], jobs=[define_asset_job("some", config={"ops": {"raw": {}}})]
        ).get_repository_def()


@pytest.mark.parametrize(
    ("part", "value", "why"),
    [
        ("sensors", [lambda context: None], r"sensors\[0\] must be what @sensor made"),
        ("jobs", [step], r"jobs\[0\] must be what @job or define_asset_job made"),
        ("assets", [raw, [clean]], r"assets\[1\] must be what @asset made"),
        ("assets", raw, "assets must be a list"),
        ("jobs", "j", "jobs must be a list"),
        ("resources", {1: 2}, "resources must be a mapping"),
        (
            "schedules",
            [object()],
            r"schedules\[0\] must be what @schedule or build_schedule_from_partitioned_job made",
        ),
        ("asset_checks", [object()], "asset_checks are not supported yet"),
        ("executor", object(), "executor are not supported yet"),
        ("loggers", {"console": object()}, "loggers are not supported yet"),
    ],
)
def test_parts_of_the_wrong_kind_are_refused(part: str, value: Any, why: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=why):
        Definitions(**{part: value})


def test_empty_parts_of_a_kind_that_is_not_supported_are_accepted() -> None:
    defs = Definitions(schedules=[], loggers={}, asset_checks=[], executor=None)

    assert defs.get_all_jobs() == []


def test_config_is_needed_only_for_selected_assets() -> None:
    made = Definitions(assets=[raw, clean]).get_job_def("__ASSET_JOB")

    made.validate_run_config({}, ["p/clean"])
    with pytest.raises(DagsterInvalidConfigError, match=r"ops\.raw\.config\.filename: missing"):
        made.validate_run_config({}, ["raw"])
    with pytest.raises(DagsterInvalidConfigError, match=r"ops\.raw\.config\.filename: Expected str"):
        made.validate_run_config({"ops": {"raw": {"config": {"filename": 1}}}}, ["p/clean"])
    with pytest.raises(DagsterInvalidSubsetError, match="does not make clean, q/x"):
        made.validate_run_config({}, ["q/x", "clean", "p/clean"])


@pytest.mark.parametrize(
    "use",
    [
        Definitions.get_repository_def,
        Definitions.get_all_jobs,
        Definitions.validate_loadable,
        lambda defs: defs.get_job_def("j"),
        lambda defs: defs.has_job_def("j"),
        lambda defs: defs.get_sensor_def("watch"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_the_first_use_and_not_before(
    use: Callable[[Definitions], object],
) -> None:
    defs = Definitions(jobs=[op_job()], sensors=[watch(job_name="k")])

    assert [found.name for found in defs.sensors] == ["watch"]
    with pytest.raises(DagsterInvalidDefinitionError, match="targets the job 'k'"):
        use(defs)


def test_only_definitions_are_loadable() -> None:
    Definitions.validate_loadable(Definitions())

    with pytest.raises(CheckError, match="takes a Definitions object"):
        Definitions.validate_loadable([raw])  # type: ignore[arg-type]
