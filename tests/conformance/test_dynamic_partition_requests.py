"""Sensors that add and delete dynamic partitions, and ask for runs of them.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import RUNNING, sensor_of
from harness.engine import START, EngineHarness
from ticktrail.core.events import (
    AssetMaterialized,
    DynamicPartitionsChanged,
    RequestRejected,
    RunKeyRepeated,
    SensorReacted,
    SensorStopped,
    TickCompleted,
    TickFailed,
    TickSkipped,
)
from ticktrail.projections.invariants import check

CUSTOMERS = dg.DynamicPartitionsDefinition(name="customers")


@dg.op
def look() -> None:
    pass


@dg.job(partitions_def=CUSTOMERS)
def per_customer() -> None:
    look()


@dg.asset(partitions_def=CUSTOMERS)
def bill() -> None: ...


def add(*keys: str) -> dg.AddDynamicPartitionsRequest:
    return CUSTOMERS.build_add_request(list(keys))


def delete(*keys: str) -> dg.DeleteDynamicPartitionsRequest:
    return CUSTOMERS.build_delete_request(list(keys))


def asking(function: Callable[..., Any], name: str = "s", **options: Any) -> dg.SensorDefinition:
    options.setdefault("job", per_customer)
    return sensor_of(function, name=name, **options)


def engine_of(*results: dg.SensorResult) -> EngineHarness:
    """A sensor that returns the results one after the other, the last of them for good."""
    left = list(results)
    return EngineHarness(asking(lambda: left.pop(0) if len(left) > 1 else left[0]))


def known(engine: EngineHarness) -> list[str]:
    return engine.partitions.get_dynamic_partitions("customers")


def changes(engine: EngineHarness) -> list[tuple[list[str], list[str], list[str]]]:
    """What each change in the log says: added, deleted, unchanged."""
    return [(e.added, e.deleted, e.unchanged) for e in engine.of(DynamicPartitionsChanged)]


def request(key: str, run_key: str | None = None) -> dg.RunRequest:
    return dg.RunRequest(run_key=run_key, partition_key=key)


class TestAddDeleteSkip:
    """29: what was added, deleted and left alone is recorded, and runs see new partitions."""

    def test_the_change_of_a_tick_tells_what_was_news(self) -> None:
        engine = engine_of(
            dg.SensorResult(dynamic_partitions_requests=[add("a", "b")]),
            dg.SensorResult(dynamic_partitions_requests=[add("b", "c"), delete("a", "x")]),
        )

        engine.beat()
        engine.beat(30)

        assert changes(engine) == [(["a", "b"], [], []), (["c"], ["a"], ["x", "b"])]
        assert known(engine) == ["b", "c"]
        assert [event.tick for event in engine.of(DynamicPartitionsChanged)] == [
            tick.tick for tick in engine.ticks()
        ]

    def test_a_run_of_a_partition_is_requested_in_the_tick_that_adds_it(self) -> None:
        engine = engine_of(dg.SensorResult([request("a")], dynamic_partitions_requests=[add("a")]))

        engine.beat()

        [run] = engine.requests()
        assert run.partition_key == "a"
        assert run.tags["dagster/partition"] == "a"
        kinds = [type(event) for event in engine.events()]
        assert kinds.index(DynamicPartitionsChanged) < kinds.index(type(run))

    def test_a_sensor_of_assets_may_ask_for_a_partition_that_was_added_before(self) -> None:
        results = [
            dg.SensorResult(dynamic_partitions_requests=[add("a")]),
            dg.SensorResult([request("a")]),
        ]
        sensor = asking(lambda: results.pop(0), job=None, asset_selection=[bill])
        engine = EngineHarness(sensor, assets=[bill])

        engine.beat()
        engine.beat(30)

        [run] = engine.requests()
        assert (run.partition_key, run.asset_selection) == ("a", ["bill"])

    def test_a_tick_that_only_changes_partitions_is_skipped_with_its_reason(self) -> None:
        engine = engine_of(
            dg.SensorResult(skip_reason="only cleaning", dynamic_partitions_requests=[add("a")])
        )

        engine.beat()

        [end] = engine.of(TickSkipped)
        assert end.reason == "only cleaning"
        assert known(engine) == ["a"]

    def test_a_change_that_changes_nothing_is_recorded_and_empty_requests_are_not(self) -> None:
        engine = engine_of(
            dg.SensorResult(dynamic_partitions_requests=[delete("x")]),
            dg.SensorResult(dynamic_partitions_requests=[]),
            dg.SensorResult(dynamic_partitions_requests=[add()]),
        )

        engine.beat()
        engine.beat(30)
        engine.beat(30)

        assert changes(engine) == [([], [], ["x"])]

    def test_each_set_has_a_change_of_its_own(self) -> None:
        others = dg.DynamicPartitionsDefinition(name="others")
        engine = engine_of(
            dg.SensorResult(dynamic_partitions_requests=[add("a"), others.build_add_request(["b"]), add("c")])
        )

        engine.beat()

        told = [(event.partitions, event.added) for event in engine.of(DynamicPartitionsChanged)]
        assert told == [("customers", ["a", "c"]), ("others", ["b"])]


class TestErrorOnDeletedPartition:
    """30: a request for a partition that the same tick deletes fails the tick, and deletes nothing."""

    @pytest.mark.parametrize("run_key", ["k", None])
    def test_the_tick_fails_and_the_partition_stays(self, run_key: str | None) -> None:
        engine = engine_of(
            dg.SensorResult(dynamic_partitions_requests=[add("a")]),
            dg.SensorResult([request("a", run_key)], cursor="1", dynamic_partitions_requests=[delete("a")]),
        )
        engine.beat()

        engine.beat(30)

        [rejected] = engine.of(RequestRejected)
        assert rejected.why.startswith("job 'per_customer': there is no partition 'a'")
        assert len(engine.of(TickFailed)) == 1
        assert engine.requests() == []
        assert known(engine) == ["a"]
        assert changes(engine) == [(["a"], [], [])]
        assert engine.state("s").cursor is None

    def test_the_next_tick_deletes_it_once_nothing_is_asked_for(self) -> None:
        engine = engine_of(
            dg.SensorResult(dynamic_partitions_requests=[add("a")]),
            dg.SensorResult([request("a", "k")], dynamic_partitions_requests=[delete("a")]),
            dg.SensorResult(dynamic_partitions_requests=[delete("a")]),
        )

        engine.beat()
        engine.beat(30)
        engine.beat(30)

        assert known(engine) == []


class TestOneRejectedRequest:
    """Ours: one bad request does not hold up the others, nor the partitions that they need."""

    def result(self, *keys: tuple[str, str | None]) -> dg.SensorResult:
        return dg.SensorResult(
            [request(key, run_key) for key, run_key in keys],
            cursor="1",
            dynamic_partitions_requests=[add("new"), delete("old")],
        )

    def engine(self, result: dg.SensorResult) -> EngineHarness:
        engine = engine_of(dg.SensorResult(dynamic_partitions_requests=[add("old", "kept")]), result)
        engine.beat()
        engine.beat(30)
        return engine

    def test_keys_are_added_and_deletions_wait_with_the_cursor_while_run_keys_protect(self) -> None:
        engine = self.engine(self.result(("new", "k1"), ("unknown", "k2")))

        assert [run.partition_key for run in engine.requests()] == ["new"]
        assert known(engine) == ["old", "kept", "new"]
        assert engine.state("s").cursor is None

    def test_the_same_asked_again_adds_nothing_twice(self) -> None:
        engine = self.engine(self.result(("new", "k1"), ("unknown", "k2")))

        engine.beat(30)

        assert changes(engine)[1:] == [(["new"], [], []), ([], [], ["new"])]
        assert len(engine.requests()) == len(engine.of(RunKeyRepeated)) == 1
        assert list(check(engine.log.read())) == []

    def test_deletions_go_with_the_cursor_if_a_launched_request_has_no_key(self) -> None:
        engine = self.engine(self.result(("new", None), ("unknown", "k2")))

        assert known(engine) == ["kept", "new"]
        assert engine.state("s").cursor == "1"


def test_a_failed_evaluation_changes_nothing() -> None:
    twice = dg.SensorResult(dynamic_partitions_requests=[add("a"), delete("a")])
    engine = engine_of(twice)

    engine.beat()

    [failed] = engine.of(TickFailed)
    assert "DagsterInvariantViolationError" in failed.error
    assert changes(engine) == []


def test_an_evaluation_that_timed_out_changes_nothing_when_it_returns() -> None:
    engine = engine_of(dg.SensorResult(dynamic_partitions_requests=[add("a")]))
    [ticket] = engine.start().tickets
    engine.clock.advance(61)
    engine.start()

    engine.finish(ticket)

    assert changes(engine) == []


@pytest.mark.parametrize(("requests", "expected"), [([request("a", "k")], []), ([], ["a"])])
def test_a_sensor_stopped_in_flight_changes_nothing_if_it_asks_for_runs(
    requests: Sequence[dg.RunRequest], expected: list[str]
) -> None:
    engine = engine_of(dg.SensorResult(requests, dynamic_partitions_requests=[add("a")]))
    [ticket] = engine.start().tickets
    engine.operate(SensorStopped(at=START, sensor="s", actor="ann"))

    engine.finish(ticket)

    assert known(engine) == expected


def test_a_key_that_an_operator_adds_in_flight_is_not_added_again() -> None:
    engine = engine_of(dg.SensorResult([request("a")], dynamic_partitions_requests=[add("a", "b")]))
    [ticket] = engine.start().tickets
    engine.operate(DynamicPartitionsChanged(at=START, partitions="customers", added=["a"], actor="ann"))

    engine.finish(ticket)

    assert changes(engine) == [(["a"], [], []), (["b"], [], ["a"])]
    assert len(engine.of(TickCompleted)) == 1
    assert list(check(engine.log.read())) == []


def test_reactions_of_one_tick_may_add_the_same_key() -> None:
    @dg.asset_sensor(asset_key=dg.AssetKey("upload"), job=per_customer, default_status=RUNNING)
    def s(context: Any, event: Any) -> dg.SensorResult:
        return dg.SensorResult([request("ann")], dynamic_partitions_requests=[add("ann")])

    engine, upload = EngineHarness(s), AssetMaterialized(at=START, asset="upload")
    engine.operate(upload)
    engine.beat()
    engine.operate(upload, upload)

    engine.beat(30)

    assert [event.tick for event in engine.of(SensorReacted)].count(engine.ticks()[-1].tick) == 2
    assert changes(engine) == [(["ann"], [], []), ([], [], ["ann"])]
    assert [run.partition_key for run in engine.requests()] == ["ann", "ann", "ann"]


def test_a_new_engine_knows_the_partitions_of_the_log() -> None:
    engine = engine_of(dg.SensorResult(dynamic_partitions_requests=[add("a")]))
    engine.beat()

    engine.restart()

    assert known(engine) == ["a"]


def test_without_an_instance_a_request_for_a_dynamic_partition_is_rejected_and_others_are_not() -> None:
    static = dg.job(name="static", partitions_def=dg.StaticPartitionsDefinition(["a"]))(lambda: None)
    asked = [
        dg.RunRequest(partition_key="a", job_name="static"),
        dg.RunRequest(partition_key="a", job_name="per_customer"),
    ]
    sensor = asking(lambda: asked, job=None, jobs=[static, per_customer])
    engine = EngineHarness(sensor, instance=None)

    engine.beat()

    assert [run.job for run in engine.requests()] == ["static"]
    [rejected] = engine.of(RequestRejected)
    assert "Must provide an instance" in rejected.why


class TestValidatedDynamicPartitions:
    """51: a dynamic partition is found, or refused, when the sensor is evaluated."""

    def tick(self, key: str, *requests: Any) -> list[dg.RunRequest]:
        result = dg.SensorResult([request(key)], dynamic_partitions_requests=requests)
        sensor = asking(lambda: result)
        instance = dg.DagsterInstance.ephemeral()
        context = dg.build_sensor_context(instance=instance, definitions=dg.Definitions(sensors=[sensor]))
        return sensor.evaluate_tick(context).run_requests

    def test_a_key_of_the_same_result_is_found_and_tagged(self) -> None:
        [found] = self.tick("a", add("a"))

        assert found.tags["dagster/partition"] == "a"
        assert found.tags["dagster/partition_set"] == "per_customer_partition_set"

    def test_a_key_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(
            dg.DagsterUnknownPartitionError, match="job 'per_customer': there is no partition 'b'"
        ):
            self.tick("b", add("a"))
