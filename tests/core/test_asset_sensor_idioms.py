"""How people test asset sensors."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest

import ticktrail as dg

ORDERS = dg.AssetKey("orders")


@dg.asset
def orders() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 3}, tags={"kind": "full"})


@dg.job
def report() -> None: ...


@dg.asset_sensor(ORDERS, job=report)
def on_orders(context: dg.SensorEvaluationContext, entry: dg.EventLogEntry) -> dg.RunRequest:
    made = entry.asset_materialization
    assert made is not None
    assert entry.dagster_event is not None
    assert entry.dagster_event.asset_key == ORDERS
    return dg.RunRequest(run_key=f"{entry.run_id}:{made.metadata['rows'].value}", tags=made.tags)


def tick(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None
) -> dg.SensorExecutionData:
    return sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))


def test_each_materialization_fires_the_sensor_once() -> None:
    instance = dg.DagsterInstance.ephemeral()

    none = tick(on_orders, instance)
    first_run = dg.materialize([orders], instance=instance)
    first = tick(on_orders, instance, none.cursor)
    second = tick(on_orders, instance, first.cursor)
    runs = [dg.materialize([orders], instance=instance).run_id for _ in range(2)]
    third = tick(on_orders, instance, second.cursor)

    assert none.skip_message == "No new materialization events found for asset key orders"
    assert none.cursor is None
    assert [request.run_key for request in first.run_requests] == [f"{first_run.run_id}:3"]
    assert first.run_requests[0].tags["kind"] == "full"
    assert (second.run_requests, second.cursor) == ([], first.cursor)
    assert [request.run_key for request in third.run_requests] == [f"{run}:3" for run in runs]


def test_the_first_tick_takes_the_newest_of_what_was_before_it() -> None:
    instance = dg.DagsterInstance.ephemeral()
    runs = [dg.materialize([orders], instance=instance).run_id for _ in range(3)]

    data = tick(on_orders, instance)

    assert [request.run_key for request in data.run_requests] == [f"{runs[-1]}:3"]


def test_a_cursor_that_is_no_offset_is_none() -> None:
    instance = dg.DagsterInstance.ephemeral()
    dg.materialize([orders], instance=instance)

    assert tick(on_orders, instance, "garbage").cursor == tick(on_orders, instance).cursor


def test_observations_and_other_assets_do_not_fire_it() -> None:
    instance = dg.DagsterInstance.ephemeral()
    instance.report_runless_asset_event(dg.AssetObservation(ORDERS))
    instance.report_runless_asset_event(dg.AssetMaterialization("other"))

    assert tick(on_orders, instance).run_requests == []


def test_a_materialization_without_a_run_fires_it_with_an_empty_run_id() -> None:
    instance = dg.DagsterInstance.ephemeral()
    instance.report_runless_asset_event(dg.AssetMaterialization(ORDERS, metadata={"rows": 5}))

    assert [request.run_key for request in tick(on_orders, instance).run_requests] == [":5"]


@pytest.mark.parametrize(
    "returned", [dg.SkipReason("no"), None, dg.SensorResult(skip_reason="no"), dg.SensorResult()]
)
def test_the_cursor_moves_whatever_was_returned(returned: Any) -> None:
    sensor = dg.asset_sensor(ORDERS, name="s")(lambda context, entry: returned)
    instance = dg.DagsterInstance.ephemeral()
    dg.materialize([orders], instance=instance)
    newest = instance.latest_materialization(ORDERS)
    assert newest is not None

    data = tick(sensor, instance)

    assert data.cursor == str(newest.storage_id)
    assert data.run_requests == []


def test_the_cursor_stays_when_the_function_raises() -> None:
    def failing(context: Any, entry: Any) -> None:
        raise ValueError("no")

    sensor = dg.asset_sensor(ORDERS, name="s")(failing)
    instance = dg.DagsterInstance.ephemeral()
    dg.materialize([orders], instance=instance)

    data = tick(sensor, instance, "0")

    assert data.cursor == "0"
    assert [reaction.error for reaction in data.dagster_run_reactions] == ["ValueError: no"]


def test_the_cursor_may_not_be_set_by_the_result() -> None:
    sensor = dg.asset_sensor(ORDERS, name="s")(lambda context, entry: dg.SensorResult(cursor="x"))
    instance = dg.DagsterInstance.ephemeral()
    dg.materialize([orders], instance=instance)

    with pytest.raises(dg.DagsterInvariantViolationError, match="The cursor is managed by the sensor 's'"):
        tick(sensor, instance)


def test_what_a_function_may_not_return_is_its_failure() -> None:
    sensor = dg.asset_sensor(ORDERS, name="s")(lambda context, entry: "text")
    instance = dg.DagsterInstance.ephemeral()
    dg.materialize([orders], instance=instance)

    [reaction] = tick(sensor, instance).dagster_run_reactions

    assert "'text'" in (reaction.error or "")


def test_a_direct_call_yields_what_the_function_produces_and_moves_the_cursor() -> None:
    instance = dg.DagsterInstance.ephemeral()
    run = dg.materialize([orders], instance=instance).run_id
    context = dg.build_sensor_context(instance=instance)

    assert [request.run_key for request in on_orders(context)] == [f"{run}:3"]
    assert list(on_orders(context)) == []
    with pytest.raises(dg.DagsterInvalidInvocationError):
        list(on_orders(context, "the event"))


def test_the_function_may_leave_its_parameters_out() -> None:
    called: list[str] = []
    instance = dg.DagsterInstance.ephemeral()
    dg.materialize([orders], instance=instance)

    tick(dg.asset_sensor(ORDERS, name="s")(lambda: called.append("none")), instance)
    tick(dg.asset_sensor(ORDERS, name="t")(lambda c: called.append(type(c).__name__)), instance)

    assert called == ["none", "SensorEvaluationContext"]


def test_a_key_that_is_a_str_is_refused() -> None:
    with pytest.raises(dg.CheckError, match=r"asset_key is 'orders' \(str\): give an AssetKey"):
        dg.asset_sensor("orders", name="s")(lambda context, entry: None)  # type: ignore[arg-type]


def test_a_sensor_takes_a_mock_for_its_instance() -> None:
    instance = MagicMock(spec=dg.DagsterInstance)
    instance.get_runs_count.return_value = 7
    sensor = dg.sensor(name="s")(lambda context: dg.SkipReason(str(context.instance.get_runs_count())))

    assert tick(sensor, instance).skip_message == "7"


def test_a_sensor_asks_a_real_instance() -> None:
    @dg.sensor(job=report)
    def unless_busy(context: dg.SensorEvaluationContext) -> Any:
        running = context.instance.get_runs(dg.RunsFilter(job_name="report"))
        return dg.SkipReason(f"{len(running)} there") if running else dg.RunRequest()

    with dg.instance_for_test() as instance:
        first = tick(unless_busy, instance)
        report.execute_in_process(instance=instance)
        second = tick(unless_busy, instance)

    assert len(first.run_requests) == 1
    assert second.skip_message == "1 there"
