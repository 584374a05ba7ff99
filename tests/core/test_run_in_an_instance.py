"""Runs in process that an instance is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

import ticktrail as dg
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.events import RunCanceled, RunRequested, RunStarted
from ticktrail.projections.invariants import check
from ticktrail.projections.outbox import Outbox


@dg.asset
def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.log.info("hello")
    return dg.MaterializeResult(metadata={"rows": 3})


@dg.op
def breaks() -> None:
    raise ValueError("no such table")


@dg.job(tags={"team": "x"})
def broken() -> None:
    breaks()


def test_a_run_in_an_instance_is_there_with_its_status_lines_and_materialization() -> None:
    instance = DagsterInstance.ephemeral()

    result = dg.materialize([orders], instance=instance, tags={"a": "b"})

    [run] = instance.get_runs()
    assert run == result.dagster_run
    assert (run.run_id, run.status, run.tags) == (result.run_id, dg.DagsterRunStatus.SUCCESS, {"a": "b"})
    assert "hello" in [entry.message for entry in instance.all_logs(run.run_id)]
    entry = instance.get_latest_materialization_event(orders.key)
    assert entry is not None
    assert entry.run_id == run.run_id
    assert entry.asset_materialization == dg.AssetMaterialization("orders", metadata={"rows": 3})


def test_a_failed_run_is_failed_in_the_instance_also_when_it_raises() -> None:
    instance = DagsterInstance.ephemeral()

    with pytest.raises(ValueError, match="no such table"):
        broken.execute_in_process(instance=instance)

    [run] = instance.get_runs()
    assert (run.job_name, run.status, run.tags) == ("broken", dg.DagsterRunStatus.FAILURE, {"team": "x"})


def test_the_result_of_a_failed_run_has_it_as_it_ended() -> None:
    result = broken.execute_in_process(raise_on_error=False)

    assert result.dagster_run.is_failure
    assert result.get_run_failure_event().is_failure
    [step] = result.get_step_failure_events()
    assert step.step_failure_data.error.message == "ValueError: no such table"
    with pytest.raises(dg.DagsterInvariantViolationError, match="failed: ValueError: no such table"):
        result.get_run_success_event()


def test_a_run_is_asked_for_and_claimed_in_one_append_so_that_no_engine_starts_it(tmp_path: Path) -> None:
    log = open_event_log(tmp_path / "log.sqlite")

    dg.materialize([orders], instance=DagsterInstance(log))

    first, *_ = log.read()
    requested, started = first.events
    assert isinstance(requested, RunRequested)
    assert isinstance(started, RunStarted)
    assert (requested.actor, started.cause) == ("in process", first.first_offset)
    outbox = Outbox()
    outbox.apply(first.first_offset, first.events)
    assert list(outbox.pending()) == []
    assert list(check(log.read())) == []
    log.close()


def test_a_run_is_asked_for_once_when_another_writer_is_faster() -> None:
    instance = DagsterInstance.ephemeral()
    asked: list[int] = []

    def slow(offset: int) -> list[RunRequested]:
        asked.append(offset)
        if len(asked) == 1:
            instance.report_runless_asset_event(dg.AssetMaterialization("other"))
        return [RunRequested(at=1, run=f"run at {offset}", job="j")]

    assert instance.record_from(slow) == 1
    assert (asked, [run.run_id for run in instance.get_runs()]) == ([0, 1], ["run at 1"])


def test_a_step_sees_its_own_run_and_the_assets_before_it() -> None:
    seen = []

    @dg.asset(deps=[orders])
    def totals(context: dg.AssetExecutionContext) -> None:
        run = context.instance.get_run_by_id(context.run_id)
        latest = context.instance.latest_materialization(orders.key)
        assert run is not None
        assert latest is not None
        seen.append((run == context.run, run.status, latest.run_id == context.run_id))

    for instance in (None, DagsterInstance.ephemeral()):
        dg.materialize([orders, totals], instance=instance)

    assert seen == [(True, dg.DagsterRunStatus.STARTED, True)] * 2


def test_without_an_instance_runs_know_nothing_of_each_other() -> None:
    runs = []

    @dg.op
    def count(context: dg.OpExecutionContext) -> None:
        runs.append(len(context.instance.get_runs()))

    counting = dg.job(name="counting")(lambda: count())
    counting.execute_in_process()
    counting.execute_in_process()

    assert runs == [1, 1]


def test_a_run_that_is_interrupted_is_canceled() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    instance = DagsterInstance.ephemeral()

    with pytest.raises(KeyboardInterrupt):
        dg.materialize([dg.asset(name="a")(interrupted)], instance=instance)

    [run] = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.CANCELED
    last = instance.all_logs(run.run_id)[-1].event
    assert isinstance(last, RunCanceled)
    assert (last.reason, last.actor, last.cause) == ("interrupted", "in process", 0)


def test_an_id_is_used_once_in_an_instance() -> None:
    instance = DagsterInstance.ephemeral()
    job = dg.job(name="nothing")(lambda: None)
    job.execute_in_process(run_id="r", instance=instance)

    with pytest.raises(dg.DagsterInvariantViolationError, match="the instance knows a run r already"):
        job.execute_in_process(run_id="r", instance=instance)

    assert len(instance.get_runs()) == 1


def test_a_dynamic_partition_is_one_that_the_instance_knows() -> None:
    instance = DagsterInstance.ephemeral()
    customers = dg.DynamicPartitionsDefinition(name="customers")
    bill = dg.asset(name="bill", partitions_def=customers)(lambda: None)

    with pytest.raises(dg.DagsterUnknownPartitionError):
        dg.materialize([bill], partition_key="ann", instance=instance)
    instance.add_dynamic_partitions("customers", ["ann"])
    dg.materialize([bill], partition_key="ann", instance=instance)

    assert instance.get_materialized_partitions(bill.key) == {"ann"}


def test_a_selection_of_assets_is_in_the_run() -> None:
    instance = DagsterInstance.ephemeral()
    job = dg.Definitions(assets=[orders, dg.asset(name="other")(lambda: None)]).get_job_def("__ASSET_JOB")

    result = job.execute_in_process(asset_selection=[orders.key], instance=instance)

    assert result.dagster_run.asset_selection == frozenset([orders.key])
    assert instance.get_run_by_id(result.run_id) == result.dagster_run


def test_contexts_made_by_hand_have_the_instance_given_or_one_of_their_own() -> None:
    instance = DagsterInstance.ephemeral()

    assert dg.build_op_context(instance=instance).instance is instance
    assert dg.build_asset_context(instance=instance).instance is instance
    own = dg.build_op_context().instance
    own.add_dynamic_partitions("p", ["a"])
    assert list(own.get_dynamic_partitions("p")) == ["a"]
    assert list(dg.build_asset_context().instance.get_dynamic_partitions("p")) == []
