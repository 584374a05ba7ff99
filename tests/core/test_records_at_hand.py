"""What records tell of themselves in a word."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import ticktrail as dg
from story import BEGIN
from ticktrail.core.events import AnyEvent, AssetMaterialized, RunCanceled, RunFailed, StepLogged
from ticktrail.core.records.dagster_event import SerializableErrorInfo

FAILED = RunFailed(at=BEGIN, run="r", cause=0, error="ValueError: no")
CANCELED = RunCanceled(at=BEGIN, run="r", cause=0, reason="enough", actor="ann")


def line(level: str = "INFO", kind: Any = "LOG") -> StepLogged:
    return StepLogged(at=BEGIN, run="r", step="s", level=level, message="said", kind=kind)


@pytest.mark.parametrize("status", list(dg.DagsterRunStatus))
def test_a_run_can_be_canceled_while_it_waits_or_works(status: dg.DagsterRunStatus) -> None:
    run = dg.DagsterRun(run_id="r", job_name="j", status=status)

    assert run.is_cancelable is (status.value in ("QUEUED", "STARTED"))
    assert run.is_failure_or_canceled is (status.value in ("FAILURE", "CANCELED"))


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (line("WARNING"), logging.WARNING),
        (line("Level 25"), 25),
        (line("NOTICE"), logging.INFO),
        (FAILED, logging.ERROR),
        (CANCELED, logging.ERROR),
        (AssetMaterialized(at=BEGIN, asset="a"), logging.DEBUG),
    ],
)
def test_the_level_of_an_entry_is_a_number(event: AnyEvent, level: int) -> None:
    assert dg.EventLogEntry(event=event).level == level


def test_an_entry_hands_out_its_event_unless_it_is_a_log_line() -> None:
    entry, said = dg.EventLogEntry(event=FAILED, job_name="j"), dg.EventLogEntry(event=line())

    assert entry.get_dagster_event() == entry.dagster_event
    assert entry.dagster_event_type is dg.DagsterEventType.RUN_FAILURE
    assert (said.dagster_event, said.dagster_event_type) == (None, None)
    with pytest.raises(dg.CheckError, match="this entry is a log line, not an event: 'said'"):
        said.get_dagster_event()


def test_a_run_that_was_canceled_counts_as_a_failure_and_has_no_error() -> None:
    event = dg.DagsterEvent(event=CANCELED, job_name="j")

    assert (event.is_failure, event.is_run_failure, event.is_step_failure) == (True, False, False)
    with pytest.raises(dg.DagsterInvariantViolationError, match="sort RUN_CANCELED is no failure of a run"):
        _ = event.job_failure_data


def test_the_failure_of_a_run_is_told_apart_from_that_of_a_step() -> None:
    run, step = dg.DagsterEvent(event=FAILED), dg.DagsterEvent(event=line(kind="FAILURE"))

    assert run.job_failure_data.error.message == "ValueError: no"
    with pytest.raises(dg.DagsterInvariantViolationError, match="sort STEP_FAILURE is no failure of a run"):
        _ = step.job_failure_data
    assert dg.DagsterEvent(event=line(kind="RETRY")).is_step_up_for_retry
    assert not step.is_step_up_for_retry


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("ValueError: no", "ValueError"),
        ("my.module.Wrong: no: really", "Wrong"),
        ("KeyError", "KeyError"),
        ("the process is gone", None),
    ],
)
def test_an_error_knows_its_class_if_its_message_says_it(message: str, name: str | None) -> None:
    assert SerializableErrorInfo(message, "").cls_name == name


def test_a_sort_of_event_equals_its_value() -> None:
    assert dg.DagsterEventType.RUN_SUCCESS in ["PIPELINE_SUCCESS"]
    assert str(dg.DagsterEventType.STEP_FAILURE) == "STEP_FAILURE"
