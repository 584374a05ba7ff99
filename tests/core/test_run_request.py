"""`RunRequest` and `SkipReason`: the values that a sensor function hands back."""

from __future__ import annotations

import copy
import enum
import pickle
from typing import Any

import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.errors import CheckError, DagsterInvalidDefinitionError
from ticktrail.core.authoring.run_config import RunConfig
from ticktrail.core.authoring.run_request import RunRequest, SkipReason


class Colour(enum.StrEnum):
    RED = "red"


def test_an_empty_request_has_the_documented_defaults() -> None:
    request = RunRequest()

    assert request.run_key is None
    assert request.run_config == {}
    assert request.tags == {}
    assert request.job_name is None
    assert request.asset_selection is None
    assert request.stale_assets_only is False
    assert request.partition_key is None
    assert request.asset_check_keys is None


def test_the_fields_keep_the_order_of_the_reference() -> None:
    request = RunRequest("k", {"ops": {}}, {"a": "b"}, "j", [AssetKey("x")], True, "p", [])

    assert (request.run_key, request.job_name, request.partition_key) == ("k", "j", "p")
    assert request.run_config == {"ops": {}}
    assert request.tags == {"a": "b"}
    assert request.asset_selection == [AssetKey("x")]
    assert request.stale_assets_only is True
    assert request.asset_check_keys == []


def test_requests_are_equal_by_value() -> None:
    assert RunRequest("k", tags={"a": "b"}) == RunRequest("k", tags={"a": "b"})
    assert RunRequest("k") != RunRequest("l")


def test_a_request_cannot_be_hashed() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(RunRequest("k"))


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        RunRequest("k").run_key = "l"  # type: ignore[misc]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_copy_equals_its_request(copied: Any) -> None:
    request = RunRequest("k", {"ops": {"a": {}}}, {"t": 1}, "j", [AssetKey("x")])

    assert copied(request) == request


def test_the_run_config_is_not_changed_by_what_the_sensor_does_to_its_dict_later() -> None:
    config: dict[str, Any] = {"ops": {"load": {"config": {"file": "a"}}}}
    request = RunRequest("k", config)

    config["ops"]["load"]["config"]["file"] = "b"

    assert request.run_config == {"ops": {"load": {"config": {"file": "a"}}}}


def test_a_run_config_object_is_expanded() -> None:
    request = RunRequest(run_config=RunConfig(ops={"load": {"config": {"file": "a"}}}))

    assert request.run_config == {
        "loggers": {},
        "resources": {},
        "ops": {"load": {"config": {"file": "a"}}},
        "execution": {},
    }


def test_tag_values_that_are_not_text_are_written_as_json() -> None:
    request = RunRequest(tags={"text": "x", "number": 1, "none": None, "yes": True, "list": [1, "a"]})

    assert request.tags == {"text": "x", "number": "1", "none": "null", "yes": "true", "list": '[1, "a"]'}


def test_a_tag_value_that_json_cannot_write_is_refused_by_name() -> None:
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r"tag 'when' of a run request is .* JSON cannot write"
    ):
        RunRequest(tags={"when": object()})


def test_kinds_of_str_become_plain_str() -> None:
    request = RunRequest(run_key=Colour.RED, tags={Colour.RED: Colour.RED})

    assert type(request.run_key) is str
    assert request == RunRequest(run_key="red", tags={"red": "red"})
    assert all(type(text) is str for pair in request.tags.items() for text in pair)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"run_key": 1}, r"RunRequest.run_key is 1 \(int\): give a str or None"),
        ({"run_key": b"k"}, "RunRequest.run_key"),
        ({"run_config": [1]}, "run config must be a mapping or a RunConfig"),
        ({"run_config": "ops"}, "run config must be a mapping or a RunConfig"),
        ({"tags": ["a"]}, "RunRequest.tags is .* give a mapping"),
        ({"tags": {1: "a"}}, "RunRequest.tags has the key 1"),
        ({"job_name": 1}, "RunRequest.job_name"),
        ({"asset_selection": "a"}, "RunRequest.asset_selection is 'a' .* give a list of AssetKey"),
        ({"asset_selection": ""}, "RunRequest.asset_selection"),
        ({"asset_selection": ["a"]}, "RunRequest.asset_selection"),
        ({"stale_assets_only": 1}, "RunRequest.stale_assets_only"),
        ({"partition_key": 2024}, "RunRequest.partition_key"),
        ({"asset_check_keys": "c"}, "RunRequest.asset_check_keys"),
    ],
)
def test_a_field_of_the_wrong_type_is_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(CheckError, match=expected):
        RunRequest(**fields)


def test_replaced_attributes_leave_the_others_and_the_original_alone() -> None:
    request = RunRequest("k", tags={"a": "b"})

    replaced = request.with_replaced_attrs(job_name="j")

    assert replaced == RunRequest("k", tags={"a": "b"}, job_name="j")
    assert request.job_name is None


def test_a_skip_reason_may_say_nothing() -> None:
    assert SkipReason().skip_message is None
    assert SkipReason("no file") == SkipReason(skip_message="no file")


def test_a_skip_reason_that_is_no_text_is_refused() -> None:
    with pytest.raises(CheckError, match=r"SkipReason.skip_message is 3 \(int\)"):
        SkipReason(3)  # type: ignore[arg-type]
