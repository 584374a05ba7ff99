"""`SensorResult` and `SensorExecutionData`: what may stand in them."""

from __future__ import annotations

from typing import Any

import pytest

from ticktrail.core.authoring.errors import CheckError
from ticktrail.core.authoring.results import AssetMaterialization, AssetObservation
from ticktrail.core.authoring.run_request import RunRequest, SkipReason
from ticktrail.core.authoring.sensor_result import SensorExecutionData, SensorResult


def test_an_empty_result_has_the_documented_defaults() -> None:
    result = SensorResult()

    assert result.run_requests is None
    assert result.skip_reason is None
    assert result.cursor is None
    assert result.dynamic_partitions_requests is None
    assert result.asset_events == []


def test_a_skip_reason_may_be_given_as_text() -> None:
    assert SensorResult(skip_reason="no file").skip_reason == SkipReason("no file")
    assert SensorResult(skip_reason=SkipReason("no file")).skip_reason == SkipReason("no file")


def test_a_skip_reason_beside_requests_is_refused() -> None:
    with pytest.raises(CheckError, match="1 run_requests and a skip_reason"):
        SensorResult(run_requests=[RunRequest()], skip_reason="but why")


def test_a_skip_reason_beside_no_requests_is_fine() -> None:
    result = SensorResult(run_requests=[], skip_reason="none found")

    assert result.run_requests == []
    assert result.skip_reason == SkipReason("none found")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"run_requests": RunRequest()}, "SensorResult.run_requests is a RunRequest: give a list"),
        ({"run_requests": [None]}, r"SensorResult.run_requests\[0\] is None"),
        ({"run_requests": [RunRequest(), SkipReason()]}, r"SensorResult.run_requests\[1\]"),
        ({"run_requests": iter([RunRequest()])}, "SensorResult.run_requests is a list_iterator"),
        ({"skip_reason": 3}, "SensorResult.skip_reason is 3"),
        ({"cursor": 3}, r"SensorResult.cursor is 3 \(int\)"),
        (
            {"dynamic_partitions_requests": ["add"]},
            r"SensorResult.dynamic_partitions_requests\[0\] is 'add' \(str\): give AddDynamic.* or Delete",
        ),
        ({"asset_events": ["a"]}, r"SensorResult.asset_events\[0\] is 'a'"),
        ({"asset_events": AssetMaterialization("a")}, "SensorResult.asset_events is a AssetMaterialization"),
    ],
)
def test_a_field_of_the_wrong_type_is_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(CheckError, match=expected):
        SensorResult(**fields)


def test_asset_events_keep_their_order() -> None:
    events: list[AssetMaterialization | AssetObservation] = [AssetMaterialization("a"), AssetObservation("b")]

    assert SensorResult(asset_events=events).asset_events == events


def test_a_result_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        SensorResult().cursor = "x"  # type: ignore[misc]


def test_execution_data_with_both_requests_and_a_skip_message_is_refused() -> None:
    with pytest.raises(CheckError, match="1 run requests together with the skip message 'no'"):
        SensorExecutionData(run_requests=[RunRequest()], skip_message="no")


def test_execution_data_has_the_fields_of_the_reference() -> None:
    data = SensorExecutionData()

    assert (data.run_requests, data.skip_message, data.cursor, data.log_key) == ([], None, None, None)
    assert (data.dagster_run_reactions, data.dynamic_partitions_requests) == ([], [])
    assert (data.asset_events, data.automation_condition_evaluations) == ([], [])
