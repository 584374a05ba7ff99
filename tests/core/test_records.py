"""The records that the instance hands out, and what they are asked for by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import ticktrail as dg
from story import BEGIN
from ticktrail.core.authoring import (
    AssetRecordsFilter,
    DagsterEvent,
    DagsterEventType,
    DagsterRun,
    DagsterRunStatus,
    EventLogEntry,
    EventLogRecord,
    RunsFilter,
    RunStatusChangeRecordsFilter,
)
from ticktrail.core.events import (
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    RunCanceled,
    RunFailed,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorStarted,
    StepLogged,
)
from ticktrail.core.records.dagster_event import event_type_of


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (RunsFilter(), True),
        (RunsFilter(run_ids=["r", "s"]), True),
        (RunsFilter(run_ids=["s"]), False),
        (RunsFilter(run_ids=[]), False),
        (RunsFilter(job_name="j"), True),
        (RunsFilter(job_name="k"), False),
        (RunsFilter(statuses=[DagsterRunStatus.QUEUED]), True),
        (RunsFilter(statuses=[DagsterRunStatus.SUCCESS]), False),
        (RunsFilter(tags={"a": "1", "b": "2"}), True),
        (RunsFilter(tags={"a": "1", "b": "3"}), False),
        (RunsFilter(tags={"a": ["0", "1"]}), True),
        (RunsFilter(tags={"c": "1"}), False),
        (RunsFilter(created_after=moment(99), created_before=moment(101)), True),
        (RunsFilter(created_after=moment(100)), False),
        (RunsFilter(created_before=moment(100)), False),
        (RunsFilter(created_after=moment(99).replace(tzinfo=None)), True),
        (RunsFilter(created_after=moment(100).replace(tzinfo=None)), False),
        (
            RunsFilter(created_before=datetime(1970, 1, 1, 1, 1, 41, tzinfo=timezone(timedelta(hours=1)))),
            True,
        ),
        (RunsFilter(updated_after=moment(199), updated_before=moment(201)), True),
        (RunsFilter(updated_after=moment(200)), False),
        (RunsFilter(updated_before=moment(200)), False),
        (RunsFilter(job_name="j", statuses=[DagsterRunStatus.SUCCESS]), False),
    ],
)
def test_a_run_of_100_s_changed_at_200_s_fits_a_filter_that_says_nothing_else_of_it(
    asked: RunsFilter, fits: bool
) -> None:
    run = {"run_id": "r", "job_name": "j", "status": DagsterRunStatus.QUEUED, "tags": {"a": "1", "b": "2"}}

    assert asked.fits(**run, created=100.0, updated=200.0) is fits  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"run_ids": "r"}, "run_ids is the str 'r': give a list of ids"),
        ({"job_name": 5}, "job_name is 5: give a job's name"),
        (
            {"statuses": DagsterRunStatus.SUCCESS},
            "statuses is <DagsterRunStatus.SUCCESS: 'SUCCESS'>: give a list",
        ),
        ({"statuses": ["SUCCESS"]}, r"statuses is \['SUCCESS'\]: give a list of DagsterRunStatus"),
        ({"tags": {"a": 1}}, "tags has 'a': 1: give a str, or a list of str"),
        ({"tags": {"a": ["1", 2]}}, r"tags has 'a': \['1', 2\]: give a str"),
    ],
)
def test_a_filter_that_could_fit_no_run_is_refused(asked: dict[str, Any], error: str) -> None:
    with pytest.raises(dg.CheckError, match=error):
        RunsFilter(**asked)


def a_materialization(offset: int = 5, at: int = 100) -> EventLogRecord:
    event = AssetMaterialized(at=at * 1_000_000, asset="p/a", run="r", partition_key="monday", step="s")
    return EventLogRecord(storage_id=offset, event_log_entry=EventLogEntry(event=event, job_name="j"))


@pytest.mark.parametrize(
    ("bounds", "fits"),
    [
        ({}, True),
        ({"asset_partitions": ["monday"]}, True),
        ({"asset_partitions": ["friday"]}, False),
        ({"after_storage_id": 4, "before_storage_id": 6}, True),
        ({"after_storage_id": 5}, False),
        ({"before_storage_id": 5}, False),
        ({"storage_ids": [5]}, True),
        ({"storage_ids": [6]}, False),
        ({"after_timestamp": 99, "before_timestamp": 101}, True),
        ({"after_timestamp": 100}, False),
        ({"before_timestamp": 100}, False),
    ],
)
def test_bounds_of_asset_records_are_exclusive(bounds: dict[str, Any], fits: bool) -> None:
    asked, record = AssetRecordsFilter(dg.AssetKey(["p", "a"]), **bounds), a_materialization()

    assert (asked.may_be_at(record.storage_id, record.partition_key) and asked.fits(record)) is fits


@pytest.mark.parametrize(
    ("bounds", "fits"),
    [
        ({}, True),
        ({"job_names": ["j"]}, True),
        ({"job_names": ["k"]}, False),
        ({"storage_ids": [5]}, True),
        ({"storage_ids": [6]}, False),
        ({"after_storage_id": 4, "before_storage_id": 6}, True),
        ({"after_storage_id": 5}, False),
        ({"before_storage_id": 5}, False),
        ({"after_timestamp": 99, "before_timestamp": 101}, True),
        ({"after_timestamp": 100}, False),
        ({"before_timestamp": 100}, False),
    ],
)
def test_bounds_of_status_changes_are_exclusive(bounds: dict[str, Any], fits: bool) -> None:
    event = RunSucceeded(at=100_000_000, run="r", cause=0)
    record = EventLogRecord(storage_id=5, event_log_entry=EventLogEntry(event=event, job_name="j"))

    asked = RunStatusChangeRecordsFilter(DagsterEventType.RUN_SUCCESS, **bounds)

    assert (asked.may_be_at(record.storage_id) and asked.fits(record)) is fits


def step(kind: Any, message: str = "said") -> StepLogged:
    return StepLogged(at=BEGIN, run="r", step="s", level="DEBUG", message=message, kind=kind)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (RunRequested(at=BEGIN, run="r", job="j"), "PIPELINE_ENQUEUED"),
        (RunLaunched(at=BEGIN, run="r", cause=0, launcher="l"), "PIPELINE_STARTING"),
        (RunStarted(at=BEGIN, run="r", cause=0, where="w", host="h", pid=1), "PIPELINE_START"),
        (RunSucceeded(at=BEGIN, run="r", cause=0), "PIPELINE_SUCCESS"),
        (RunFailed(at=BEGIN, run="r", cause=0, error="e"), "PIPELINE_FAILURE"),
        (RunCanceled(at=BEGIN, run="r", cause=0, reason="why"), "PIPELINE_CANCELED"),
        (AssetMaterialized(at=BEGIN, asset="a"), "ASSET_MATERIALIZATION"),
        (AssetObserved(at=BEGIN, asset="a"), "ASSET_OBSERVATION"),
        (step("START"), "STEP_START"),
        (step("SUCCESS"), "STEP_SUCCESS"),
        (step("FAILURE"), "STEP_FAILURE"),
        (step("RETRY"), "STEP_UP_FOR_RETRY"),
        (step("LOG"), None),
        (SensorStarted(at=BEGIN, sensor="s", actor="ann"), None),
    ],
)
def test_each_event_of_the_log_is_of_the_sort_that_the_reference_knows(
    event: AnyEvent, kind: str | None
) -> None:
    sort = event_type_of(event)
    entry = EventLogEntry(event=event, job_name="j")

    assert (None if sort is None else sort.value) == kind
    assert entry.is_dagster_event is (kind is not None)
    assert (entry.dagster_event is None) is (kind is None)
    assert entry.message


def test_former_names_of_event_types_are_the_same() -> None:
    assert DagsterEventType["PIPELINE_SUCCESS"] is DagsterEventType.RUN_SUCCESS
    assert DagsterEventType("PIPELINE_FAILURE") is DagsterEventType.RUN_FAILURE


def test_an_event_of_a_materialization_has_what_was_told_of_it() -> None:
    event = AssetMaterialized(
        at=BEGIN, asset="p/a", step="s", partition_key="x", metadata={"rows": 3}, tags={"t": "1"}
    )

    told = DagsterEvent(event=event, job_name="j")

    assert told.is_step_materialization
    assert told.is_step_event
    assert (told.asset_key, told.partition, told.step_key) == (dg.AssetKey(["p", "a"]), "x", "s")
    assert told.step_materialization_data.materialization == dg.AssetMaterialization(
        ["p", "a"], metadata={"rows": 3}, partition="x", tags={"t": "1"}
    )
    assert told.event_specific_data == told.step_materialization_data
    with pytest.raises(
        dg.DagsterInvariantViolationError, match="sort ASSET_MATERIALIZATION is no observation"
    ):
        _ = told.asset_observation_data
    with pytest.raises(dg.DagsterInvariantViolationError, match="sort ASSET_MATERIALIZATION is no failure"):
        _ = told.step_failure_data


def test_an_event_of_an_observation_has_what_was_told_of_it() -> None:
    told = DagsterEvent(event=AssetObserved(at=BEGIN, asset="a", description="looked"))

    assert told.is_asset_observation
    assert told.asset_observation_data.asset_observation == dg.AssetObservation("a", description="looked")
    with pytest.raises(dg.DagsterInvariantViolationError, match="is no materialization"):
        _ = told.step_materialization_data


def test_an_event_of_a_failure_has_the_error_and_its_traceback() -> None:
    traceback = "Traceback (most recent call last):\n  ...\nValueError: no"

    failed = DagsterEvent(event=step("FAILURE", traceback), job_name="j")
    ended = DagsterEvent(
        event=RunFailed(at=BEGIN, run="r", cause=0, error="ValueError: no", step="s"), job_name="j"
    )

    assert (failed.is_step_failure, failed.is_run_failure, failed.is_failure) == (True, False, True)
    assert failed.step_failure_data.error.message == "ValueError: no"
    assert failed.step_failure_data.error_display_string == traceback
    assert (ended.is_job_failure, ended.is_failure, ended.is_step_failure) == (True, True, False)
    assert ended.step_failure_data.error.to_string() == "ValueError: no"
    assert ended.message == "Execution of run for \"j\" failed. Step 's' failed. ValueError: no"


def test_an_event_of_neither_has_nothing_specific() -> None:
    assert DagsterEvent(event=RunSucceeded(at=BEGIN, run="r", cause=0)).event_specific_data is None


def test_a_record_tells_what_its_entry_does() -> None:
    record = a_materialization()

    assert (record.run_id, record.timestamp, record.partition_key) == ("r", 100.0, "monday")
    assert (record.asset_key, record.event_type) == (
        dg.AssetKey(["p", "a"]),
        DagsterEventType.ASSET_MATERIALIZATION,
    )
    assert record.asset_materialization == record.event_log_entry.asset_materialization
    assert (record.asset_observation, record.event_log_entry.step_key) == (None, "s")
    runless = EventLogEntry(event=AssetMaterialized(at=BEGIN, asset="a"))
    assert (runless.run_id, runless.level, runless.user_message) == ("", 10, "Materialized value a.")


@pytest.mark.parametrize("status", list(DagsterRunStatus))
def test_a_run_is_finished_in_three_statuses(status: DagsterRunStatus) -> None:
    run = DagsterRun(run_id="r", job_name="j", status=status)

    assert run.is_finished is status.is_finished is (status.value in ("SUCCESS", "FAILURE", "CANCELED"))
    assert (run.is_success, run.is_failure) == (status.value == "SUCCESS", status.value == "FAILURE")


def test_a_run_knows_the_runs_that_it_repeats_from_its_tags() -> None:
    tags = {"dagster/parent_run_id": "p", "dagster/root_run_id": "o"}
    run = DagsterRun(run_id="r", job_name="j", tags=tags)

    assert (run.parent_run_id, run.root_run_id) == ("p", "o")
    assert DagsterRun(run_id="r", job_name="j").parent_run_id is None
