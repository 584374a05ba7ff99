"""`@sensor` and `SensorDefinition`: what may be declared, and what the definition then says."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.asset_selection import AssetSelection
from ticktrail.core.authoring.assets import asset
from ticktrail.core.authoring.default_status import DefaultSensorStatus, SensorType
from ticktrail.core.authoring.definitions import Definitions
from ticktrail.core.authoring.errors import CheckError, DagsterInvalidDefinitionError
from ticktrail.core.authoring.jobs import define_asset_job, job
from ticktrail.core.authoring.metadata import MetadataValue
from ticktrail.core.authoring.ops import op
from ticktrail.core.authoring.sensor import SensorDefinition, sensor
from ticktrail.core.authoring.sensor_context import build_sensor_context


@op
def work() -> None: ...


@job
def first_job() -> None:
    work()


@job
def second_job() -> None:
    work()


@asset
def table() -> None: ...


def nothing() -> None:
    """Do nothing."""


def test_a_sensor_is_named_for_its_function_and_has_the_documented_defaults() -> None:
    @sensor()
    def my_sensor() -> None:
        """Look around."""

    assert isinstance(my_sensor, SensorDefinition)
    assert my_sensor.name == "my_sensor"
    assert my_sensor.description is None
    assert my_sensor.minimum_interval_seconds is None
    assert my_sensor.default_status is DefaultSensorStatus.STOPPED
    assert my_sensor.sensor_type is SensorType.STANDARD
    assert my_sensor.required_resource_keys == frozenset()
    assert (my_sensor.tags, my_sensor.metadata, my_sensor.owners) == ({}, {}, None)
    assert (my_sensor.targets, my_sensor.jobs, my_sensor.asset_selection) == ([], [], None)
    assert my_sensor.evaluation_timeout_seconds == 60.0


def test_the_decorator_works_without_parentheses() -> None:
    @sensor
    def bare(context: object) -> None: ...

    assert isinstance(bare, SensorDefinition)
    assert bare.name == "bare"


def test_the_only_positional_parameter_is_the_name_of_the_job() -> None:
    @sensor("first_job")
    def named() -> None: ...

    assert named.job_name == "first_job"
    with pytest.raises(TypeError):
        sensor("first_job", "name")  # type: ignore[call-overload]


def test_everything_declared_is_on_the_definition() -> None:
    @sensor(
        name="other",
        minimum_interval_seconds=45,
        description="Looks around.",
        default_status=DefaultSensorStatus.RUNNING,
        tags={"team": "x"},
        metadata={"rows": 3},
        owners=["ann@example.com", "team:data"],
        evaluation_timeout_seconds=5,
    )
    def declared() -> None: ...

    assert declared.name == "other"
    assert declared.minimum_interval_seconds == 45
    assert declared.interval_seconds == 45.0
    assert declared.description == "Looks around."
    assert declared.default_status is DefaultSensorStatus.RUNNING
    assert declared.tags == {"team": "x"}
    assert declared.metadata == {"rows": MetadataValue.int(3)}
    assert declared.owners == ["ann@example.com", "team:data"]
    assert declared.evaluation_timeout_seconds == 5.0


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["with space", "dash-ed", "", "dotted.name", "ünicode", "line\n"])
def test_a_name_of_other_than_letters_digits_and_underscores_is_refused(name: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="not a valid sensor name"):
        SensorDefinition(name, evaluation_fn=nothing)


@pytest.mark.parametrize("name", ["class", "None", "context", "config", "input_arg_dict", "str", "type"])
def test_a_reserved_name_is_refused(name: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="reserved"):
        SensorDefinition(name, evaluation_fn=nothing)


def test_a_lambda_needs_a_name() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="<lambda>"):
        sensor()(lambda context: None)

    assert sensor(name="named")(lambda context: None).name == "named"


def test_a_definition_without_a_function_is_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="needs a function"):
        SensorDefinition("s")


def test_two_sensors_of_one_name_do_not_fit_into_one_definitions() -> None:
    one, other = SensorDefinition("s", evaluation_fn=nothing), SensorDefinition("s", evaluation_fn=nothing)

    with pytest.raises(DagsterInvalidDefinitionError, match="Duplicate definition found for 's'"):
        Definitions(sensors=[one, other]).get_repository_def()


# --- intervals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("declared", "effective"), [(None, 30.0), (1, 1.0), (0.25, 0.25), (3600, 3600.0)])
def test_the_interval_is_what_was_declared_or_half_a_minute(declared: float | None, effective: float) -> None:
    declared_sensor = SensorDefinition("s", evaluation_fn=nothing, minimum_interval_seconds=declared)

    assert declared_sensor.minimum_interval_seconds == declared
    assert declared_sensor.interval_seconds == effective


@pytest.mark.parametrize(("declared", "effective"), [(0, 30.0), (0.0, 30.0), (-1, 5.0), (-0.5, 5.0)])
def test_an_interval_of_zero_or_less_is_kept_and_warned_about(declared: float, effective: float) -> None:
    with pytest.warns(UserWarning, match=f"the engine uses {effective:g} s") as caught:
        declared_sensor = SensorDefinition("s", evaluation_fn=nothing, minimum_interval_seconds=declared)

    assert declared_sensor.minimum_interval_seconds == declared
    assert declared_sensor.interval_seconds == effective
    assert caught[0].filename == __file__


def test_the_warning_points_at_the_decorated_function() -> None:
    with pytest.warns(UserWarning) as caught:

        @sensor(minimum_interval_seconds=0)
        def eager() -> None: ...

    assert caught[0].filename == __file__


@pytest.mark.parametrize("seconds", [True, "30", float("nan"), float("inf"), [30]])
def test_an_interval_that_is_no_number_is_refused(seconds: Any) -> None:
    with pytest.raises(CheckError, match="minimum_interval_seconds of sensor 's'"):
        SensorDefinition("s", evaluation_fn=nothing, minimum_interval_seconds=seconds)


@pytest.mark.parametrize("seconds", [True, "30", float("nan"), 0, -1, None])
def test_a_timeout_that_is_no_positive_number_is_refused(seconds: Any) -> None:
    with pytest.raises(CheckError, match="evaluation_timeout_seconds of sensor 's'"):
        SensorDefinition("s", evaluation_fn=nothing, evaluation_timeout_seconds=seconds)


# --- types --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"default_status": "RUNNING"},
        {"description": 1},
        {"tags": ["a"]},
        {"tags": {"a": 1}},
        {"metadata": ["a"]},
        {"owners": "ann@example.com"},
        {"required_resource_keys": ["api"]},
        {"job_name": 1},
        {"job": "first_job"},
        {"job": nothing},
        {"jobs": first_job},
        {"jobs": ["first_job"]},
        {"asset_selection": 3},
        {"target": 3},
        {"evaluation_fn": 3},
    ],
    ids=lambda wrong: repr(wrong),
)
def test_a_parameter_of_the_wrong_type_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CheckError):
        SensorDefinition("s", **({"evaluation_fn": nothing} | wrong))


@pytest.mark.parametrize("owner", ["ann", "team:", "@example.com", "ann@", ""])
def test_an_owner_is_an_address_or_a_team(owner: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="e-mail address or 'team:'"):
        SensorDefinition("s", evaluation_fn=nothing, owners=[owner])


def test_required_resources_are_known() -> None:
    sensor = SensorDefinition("s", evaluation_fn=nothing, required_resource_keys={"api"})

    assert sensor.required_resource_keys == {"api"}


def test_a_parameter_after_the_context_that_takes_no_resource_is_refused_by_name() -> None:
    def with_more(context: object, api: object) -> None: ...

    with pytest.raises(DagsterInvalidDefinitionError, match=r"needs more than its context: api\."):
        SensorDefinition(evaluation_fn=with_more)


def test_a_function_that_does_not_tell_its_parameters_is_refused() -> None:
    def secretive() -> None: ...

    secretive.__signature__ = "unknown"  # type: ignore[attr-defined]

    with pytest.raises(DagsterInvalidDefinitionError, match="does not tell its parameters"):
        SensorDefinition("s", evaluation_fn=secretive)


# --- targets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "targets",
    [
        {"job": first_job, "job_name": "first_job"},
        {"job": first_job, "jobs": [second_job]},
        {"job": first_job, "target": second_job},
        {"asset_selection": "table", "target": "table"},
        {"asset_selection": "table", "job_name": "first_job"},
    ],
    ids=lambda targets: "+".join(targets),
)
def test_more_than_one_way_to_give_a_target_is_refused(targets: dict[str, Any]) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="more than one of") as error:
        SensorDefinition("s", evaluation_fn=nothing, **targets)

    assert all(name in str(error.value) for name in targets)


def test_one_job_can_be_asked_for_by_object_and_by_name() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, job=first_job)

    assert declared.job is first_job
    assert declared.job_name == "first_job"
    assert declared.jobs == declared.target_jobs == [first_job]
    assert declared.target_job_names == ["first_job"]
    assert declared.has_jobs


def test_a_job_known_by_name_has_no_object() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, job_name="first_job")

    assert declared.job_name == "first_job"
    assert declared.target_job_names == ["first_job"]
    assert declared.target_jobs == []
    assert not declared.has_jobs
    with pytest.raises(DagsterInvalidDefinitionError, match="by name only"):
        _ = declared.job


def test_several_jobs_have_no_single_one() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, jobs=[first_job, second_job])

    assert declared.jobs == [first_job, second_job]
    assert [target.job_name for target in declared.targets] == ["first_job", "second_job"]
    for attribute in ("job", "job_name"):
        with pytest.raises(DagsterInvalidDefinitionError, match="has 2 jobs"):
            getattr(declared, attribute)


@pytest.mark.parametrize("targets", [{}, {"asset_selection": "table"}], ids=["no target", "assets"])
def test_without_a_job_there_is_neither_object_nor_name(targets: dict[str, Any]) -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, **targets)

    for attribute in ("job", "job_name"):
        with pytest.raises(DagsterInvalidDefinitionError, match="has no job"):
            getattr(declared, attribute)


def test_jobs_named_by_a_sensor_only_are_part_of_the_definitions() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, job=first_job)

    assert Definitions(sensors=[declared]).get_job_def("first_job").name == "first_job"


def test_an_unknown_job_name_is_found_when_the_definitions_are_used() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, job_name="missing")

    with pytest.raises(DagsterInvalidDefinitionError, match="targets the job 'missing'"):
        Definitions(sensors=[declared], jobs=[first_job]).get_repository_def()


def test_a_target_that_is_a_job_is_that_job() -> None:
    assert SensorDefinition("s", evaluation_fn=nothing, target=first_job).job is first_job
    asset_job = define_asset_job("assets", "table")
    assert SensorDefinition("s", evaluation_fn=nothing, target=asset_job).job is asset_job


@pytest.mark.parametrize(
    "target",
    ["table", table, AssetKey("table"), [table], ["table"], AssetSelection.keys("table")],
    ids=["str", "asset", "key", "list of assets", "list of str", "selection"],
)
def test_a_target_that_is_assets_gets_an_anonymous_job_of_them(target: Any) -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, target=target)

    assert declared.asset_selection is None
    assert declared.job_name == "__anonymous_asset_job_s"
    resolved = Definitions(assets=[table], sensors=[declared]).get_job_def("__anonymous_asset_job_s")
    assert resolved.asset_keys == {AssetKey("table")}


def test_an_asset_selection_is_kept_as_such() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, asset_selection=["table"])

    assert declared.asset_selection is not None
    assert declared.asset_selection.resolve([table]) == {AssetKey("table")}
    assert declared.targets == []


# --- copies -------------------------------------------------------------------------------------


def test_an_updated_job_is_on_the_copy_only() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, job=first_job, tags={"a": "b"})

    updated = declared.with_updated_job(second_job)

    assert updated.job is second_job
    assert declared.job is first_job
    assert (updated.name, updated.tags, updated.evaluation_fn) == ("s", {"a": "b"}, nothing)


def test_updated_jobs_and_metadata_replace_the_former_ones() -> None:
    declared = SensorDefinition("s", evaluation_fn=nothing, job=first_job, metadata={"a": 1})

    assert declared.with_updated_jobs([first_job, second_job]).jobs == [first_job, second_job]
    assert declared.with_attributes(metadata={"b": 2}).metadata == {"b": MetadataValue.int(2)}
    assert declared.with_attributes(metadata={"b": 2}).job is first_job
    assert declared.metadata == {"a": MetadataValue.int(1)}


def test_jobs_of_a_copy_are_checked() -> None:
    with pytest.raises(CheckError, match="is no job"):
        SensorDefinition("s", evaluation_fn=nothing).with_updated_jobs(["first_job"])  # type: ignore[list-item]


# --- functions ----------------------------------------------------------------------------------


def test_attributes_of_the_function_do_not_shadow_those_of_the_sensor() -> None:
    def marked() -> None: ...

    marked.name = "other"  # type: ignore[attr-defined]

    declared = sensor(marked)

    assert declared.name == "marked"
    assert declared.__doc__ is None
    assert declared.evaluation_fn is marked


@pytest.mark.parametrize(
    "function",
    [
        lambda: "seen",
        lambda anything: "seen",
        lambda context, limit=3: "seen",
        lambda *arguments: "seen",
        lambda **options: "seen",
        lambda *, context: "seen",
        functools.partial(lambda folder, context: "seen", "folder"),
    ],
    ids=["nothing", "one", "default", "args", "kwargs", "keyword only", "partial"],
)
def test_a_function_gets_its_context_whatever_it_is_called(function: Any) -> None:
    declared = SensorDefinition("s", evaluation_fn=function)

    assert declared.call_function(build_sensor_context()) == "seen"
