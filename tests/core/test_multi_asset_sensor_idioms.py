"""What multi-asset sensors see and consume, and how people test them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import ticktrail as dg
from ticktrail.core.authoring.multi_asset_cursor import MAX_TRAILING

A, B = dg.AssetKey("a"), dg.AssetKey("b")
PARTS = dg.StaticPartitionsDefinition([f"p{number:02}" for number in range(MAX_TRAILING + 5)])


@dg.job
def the_job() -> None: ...


a = dg.asset(name="a")(lambda: None)
b = dg.asset(name="b")(lambda: None)
parted = dg.asset(name="parted", partitions_def=PARTS)(lambda: None)
DEFS = dg.Definitions(assets=[a, b, parted], jobs=[the_job])


def sensor_of(function: Any, *keys: dg.AssetKey, **options: Any) -> dg.MultiAssetSensorDefinition:
    return dg.multi_asset_sensor(list(keys) or [A, B], name="s", job=the_job, **options)(function)


def context_on(
    instance: dg.DagsterInstance, *keys: dg.AssetKey, **known: Any
) -> dg.MultiAssetSensorEvaluationContext:
    return dg.build_multi_asset_sensor_context(
        monitored_assets=list(keys) or [A, B], definitions=DEFS, instance=instance, **known
    )


def told(instance: dg.DagsterInstance, *assets: dg.AssetKey, partition: str | None = None) -> None:
    for key in assets:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))


def when_all(context: dg.MultiAssetSensorEvaluationContext) -> Any:
    records = context.latest_materialization_records_by_key()
    if not all(records.values()):
        return dg.SkipReason("waiting")
    context.advance_cursor(records)
    return dg.RunRequest(run_key=context.cursor or "first")


def test_it_waits_until_all_assets_are_there_and_then_consumes_them() -> None:
    instance, sensor = dg.DagsterInstance.ephemeral(), sensor_of(when_all)
    cursor: str | None = None
    outcomes: list[Any] = []

    for step in ([A], [A], [B], [], [B], [A]):
        told(instance, *step)
        data = sensor.evaluate_tick(
            dg.build_sensor_context(instance=instance, cursor=cursor, definitions=DEFS)
        )
        outcomes.append([request.run_key for request in data.run_requests] or data.skip_message)
        cursor = data.cursor

    assert outcomes == ["waiting", "waiting", ["first"], "waiting", "waiting", [outcomes[5][0]]]
    assert json.loads(outcomes[5][0]) == {"AssetKey(['a'])": [None, 1, {}], "AssetKey(['b'])": [None, 2, {}]}
    assert json.loads(cursor or "") == {"AssetKey(['a'])": [None, 4, {}], "AssetKey(['b'])": [None, 3, {}]}


def test_a_backlog_is_worked_off_two_at_a_time() -> None:
    def by_two(context: dg.MultiAssetSensorEvaluationContext) -> Any:
        records = context.materialization_records_for_key(A, limit=2)
        if len(records) < 2:
            return None
        context.advance_cursor({A: records[-1]})
        return dg.RunRequest(run_key="-".join(str(record.storage_id) for record in records))

    instance, sensor = dg.DagsterInstance.ephemeral(), sensor_of(by_two, A)
    told(instance, A, A, A, A, A)
    context = context_on(instance, A)

    ticks = [sensor.evaluate_tick(context) for _ in range(3)]

    assert [[request.run_key for request in data.run_requests] for data in ticks] == [["0-1"], ["2-3"], []]
    assert ticks[2].skip_message == "Sensor function returned an empty result"
    assert ticks[2].cursor == ticks[1].cursor


def test_one_context_serves_successive_calls() -> None:
    instance, sensor = dg.DagsterInstance.ephemeral(), sensor_of(when_all)
    told(instance, A, B)
    context = context_on(instance)

    assert sensor(context) == dg.RunRequest(run_key="first")
    assert sensor(context) == dg.SkipReason("waiting")
    assert json.loads(context.cursor or "") == {
        "AssetKey(['a'])": [None, 0, {}],
        "AssetKey(['b'])": [None, 1, {}],
    }


def test_a_generator_moves_the_cursor_of_its_context_when_it_ends() -> None:
    def yielding(context: dg.MultiAssetSensorEvaluationContext) -> Iterator[dg.RunRequest]:
        yield dg.RunRequest(run_key="1")
        context.advance_all_cursors()

    instance = dg.DagsterInstance.ephemeral()
    told(instance, A)
    context = context_on(instance, A)

    assert list(sensor_of(yielding, A)(context)) == [dg.RunRequest(run_key="1")]
    assert json.loads(context.cursor or "") == {"AssetKey(['a'])": [None, 0, {}]}


def test_it_is_not_called_with_another_context() -> None:
    with pytest.raises(dg.DagsterInvalidInvocationError, match=r"give build_multi_asset_sensor_context\("):
        sensor_of(when_all)(dg.build_sensor_context())


def test_what_is_there_counts_as_consumed_if_a_context_is_built_so() -> None:
    instance = dg.DagsterInstance.ephemeral()
    told(instance, A, B)
    context = context_on(instance, cursor_from_latest_materializations=True)

    assert context.latest_materialization_records_by_key() == {A: None, B: None}
    told(instance, A)
    [record] = context.materialization_records_for_key(A)
    assert record.storage_id == 2
    with pytest.raises(dg.CheckError, match="not both"):
        context_on(instance, cursor="{}", cursor_from_latest_materializations=True)


def test_requests_without_consuming_anything_are_an_error() -> None:
    sensor = sensor_of(lambda context: dg.RunRequest())

    with pytest.raises(
        dg.DagsterInvalidDefinitionError, match="asks for 1 runs and the cursor was not updated"
    ):
        sensor.evaluate_tick(context_on(dg.DagsterInstance.ephemeral()))


def test_a_cursor_in_the_result_is_an_error() -> None:
    sensor = sensor_of(lambda context: dg.SensorResult(cursor="x"))

    with pytest.raises(dg.DagsterInvariantViolationError, match="The cursor is managed by the sensor 's'"):
        sensor.evaluate_tick(context_on(dg.DagsterInstance.ephemeral()))


def test_a_yielded_result_is_an_error_and_a_returned_one_is_not() -> None:
    def yielding(context: Any) -> Iterator[dg.SensorResult]:
        yield dg.SensorResult(skip_reason="no")

    context = context_on(dg.DagsterInstance.ephemeral())

    with pytest.raises(dg.DagsterInvariantViolationError, match="yields a SensorResult"):
        sensor_of(yielding).evaluate_tick(context)
    returned = sensor_of(lambda context: dg.SensorResult(skip_reason="no")).evaluate_tick(context)
    assert returned.skip_message == "no"


def test_update_cursor_is_an_error() -> None:
    with pytest.raises(dg.DagsterInvariantViolationError, match=r"call advance_cursor\(\)"):
        sensor_of(lambda context: context.update_cursor("x")).evaluate_tick(
            context_on(dg.DagsterInstance.ephemeral())
        )


def test_assets_are_given_by_keys_or_a_selection_and_by_nothing_else() -> None:
    selected = dg.multi_asset_sensor(dg.AssetSelection.assets("a", "b"), name="s", job=the_job)(when_all)
    instance = dg.DagsterInstance.ephemeral()
    told(instance, A, B)

    data = selected.evaluate_tick(dg.build_sensor_context(instance=instance, definitions=DEFS))

    assert len(data.run_requests) == 1
    for wrong in ("a", ["a"], A):
        with pytest.raises(dg.CheckError, match="give a list of AssetKey or an AssetSelection"):
            dg.multi_asset_sensor(wrong, name="s")(when_all)  # type: ignore[arg-type]


def test_it_needs_to_know_the_definitions() -> None:
    with pytest.raises(dg.DagsterInvariantViolationError, match="give definitions= or repository_def="):
        sensor_of(when_all).evaluate_tick(dg.build_sensor_context(instance=dg.DagsterInstance.ephemeral()))


def test_requests_about_assets_run_in_the_asset_job() -> None:
    def asking(context: dg.MultiAssetSensorEvaluationContext) -> dg.RunRequest:
        context.advance_all_cursors()
        return dg.RunRequest(run_key="1")

    sensor = dg.multi_asset_sensor([A], name="s", request_assets=dg.AssetSelection.assets("b"))(asking)
    instance = dg.DagsterInstance.ephemeral()
    told(instance, A)

    [request] = sensor.evaluate_tick(context_on(instance, A)).run_requests

    assert (request.job_name, request.asset_selection) == ("__ASSET_JOB", [B])


def test_an_asset_that_is_not_monitored_cannot_be_asked_for() -> None:
    context = context_on(dg.DagsterInstance.ephemeral(), A)

    for ask in (
        lambda: context.materialization_records_for_key(B),
        lambda: context.latest_materialization_records_by_key([B]),
        lambda: context.get_trailing_unconsumed_events(B),
        lambda: context.all_partitions_materialized(B),
    ):
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="is not monitored: choose from a"):
            ask()


class TestPartitions:
    KEY = parted.key

    def test_the_newest_of_each_partition_is_found_in_their_order(self) -> None:
        instance = dg.DagsterInstance.ephemeral()
        for partition in ("p03", "p01", "p03"):
            told(instance, self.KEY, partition=partition)
        context = context_on(instance, self.KEY)

        found = context.latest_materialization_records_by_partition(self.KEY)

        assert [(name, record.storage_id) for name, record in found.items()] == [("p01", 1), ("p03", 2)]
        by_asset = context.latest_materialization_records_by_partition_and_asset()
        assert {name: list(records) for name, records in by_asset.items()} == {
            "p01": [self.KEY],
            "p03": [self.KEY],
        }

    def test_what_is_passed_over_is_left_trailing_until_it_is_consumed(self) -> None:
        instance = dg.DagsterInstance.ephemeral()
        for partition in ("p01", "p02", "p03"):
            told(instance, self.KEY, partition=partition)
        context = context_on(instance, self.KEY)
        newest = context.latest_materialization_records_by_partition(self.KEY)

        context.advance_cursor({self.KEY: newest["p03"]})
        cursor = context.next_cursor

        assert json.loads(cursor) == {"AssetKey(['parted'])": ["p03", 2, {"p01": 0, "p02": 1}]}
        later = context_on(instance, self.KEY, cursor=cursor)
        trailing = later.get_trailing_unconsumed_events(self.KEY)
        assert [record.partition_key for record in trailing] == ["p01", "p02"]
        assert later.get_cursor_partition(self.KEY) == later.get_cursor_partition(None) == "p03"
        assert list(later.latest_materialization_records_by_partition(self.KEY)) == ["p01", "p02"]
        behind = later.latest_materialization_records_by_partition(self.KEY, after_cursor_partition=True)
        assert behind == {}
        later.advance_cursor({self.KEY: trailing[0]})
        assert json.loads(later.next_cursor) == {"AssetKey(['parted'])": ["p03", 2, {"p02": 1}]}
        later.advance_all_cursors()
        assert json.loads(later.next_cursor) == {"AssetKey(['parted'])": ["p03", 2, {}]}

    def test_25_partitions_may_be_left_trailing_and_no_more(self) -> None:
        instance = dg.DagsterInstance.ephemeral()
        keys = PARTS.get_partition_keys()
        for partition in keys[: MAX_TRAILING + 1]:
            told(instance, self.KEY, partition=partition)
        context = context_on(instance, self.KEY)
        last = instance.latest_materialization(self.KEY)

        context.advance_cursor({self.KEY: last})
        assert len(json.loads(context.next_cursor)["AssetKey(['parted'])"][2]) == MAX_TRAILING
        told(instance, self.KEY, partition=keys[MAX_TRAILING + 1])
        with pytest.raises(
            dg.DagsterInvariantViolationError, match="26 partitions of parted were passed over"
        ):
            context_on(instance, self.KEY).advance_cursor(
                {self.KEY: instance.latest_materialization(self.KEY)}
            )

    def test_it_is_known_whether_all_partitions_are_there(self) -> None:
        instance = dg.DagsterInstance.ephemeral()
        told(instance, self.KEY, partition="p01")
        context = context_on(instance, self.KEY)

        assert context.all_partitions_materialized(self.KEY, ["p01"])
        assert not context.all_partitions_materialized(self.KEY, ["p01", "p02"])
        assert not context.all_partitions_materialized(self.KEY)

    def test_partitions_downstream_have_the_same_key_or_the_time_in_common(self) -> None:
        days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-20")
        weeks = dg.WeeklyPartitionsDefinition("2024-01-01", end_date="2024-01-22", day_offset=1)
        daily = dg.asset(name="daily", partitions_def=days)(lambda: None)
        weekly = dg.asset(name="weekly", partitions_def=weeks)(lambda: None)
        twin = dg.asset(name="twin", partitions_def=PARTS)(lambda: None)
        context = dg.build_multi_asset_sensor_context(
            monitored_assets=[daily.key],
            definitions=dg.Definitions(assets=[daily, weekly, parted, twin, a]),
            instance=dg.DagsterInstance.ephemeral(),
        )

        assert context.get_downstream_partition_keys("2024-01-10", daily.key, weekly.key) == ["2024-01-08"]
        assert context.get_downstream_partition_keys("p01", self.KEY, twin.key) == ["p01"]
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="has no counterpart"):
            context.get_downstream_partition_keys("gone", self.KEY, twin.key)
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="asset a has no partitions here"):
            context.get_downstream_partition_keys("p01", self.KEY, a.key)

    def test_dynamic_partitions_are_those_of_the_instance(self) -> None:
        customers = dg.DynamicPartitionsDefinition(name="customers")
        bill = dg.asset(name="bill", partitions_def=customers)(lambda: None)
        instance = dg.DagsterInstance.ephemeral()
        instance.add_dynamic_partitions("customers", ["ann", "bob"])
        dg.materialize([bill], partition_key="bob", instance=instance)
        context = dg.build_multi_asset_sensor_context(
            monitored_assets=[bill.key], definitions=dg.Definitions(assets=[bill]), instance=instance
        )

        assert list(context.latest_materialization_records_by_partition(bill.key)) == ["bob"]
        assert not context.all_partitions_materialized(bill.key)


def test_a_cursor_that_is_none_of_its_own_is_refused() -> None:
    with pytest.raises(
        dg.DagsterInvariantViolationError, match="'garbage' is no cursor of a multi-asset sensor"
    ):
        context_on(dg.DagsterInstance.ephemeral(), cursor="garbage")


def test_the_context_knows_who_makes_the_assets() -> None:
    elsewhere = dg.AssetKey("elsewhere")

    context = context_on(dg.DagsterInstance.ephemeral(), A, elsewhere)

    assert (context.asset_keys, list(context.assets_defs_by_key)) == ([A, elsewhere], [A, elsewhere])
    assert context.assets_defs_by_key[elsewhere] is None
    assert context.assets_defs_by_key[A] is not None
