"""Requests for partitions: what `evaluate_tick` makes of them, and what the engine does.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ticktrail as dg
from conformance.sensors import sensor_of, the_job
from harness.engine import EngineHarness
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.authoring.errors import CheckError
from ticktrail.core.events import AssetMaterialized, RequestRejected, RunRequested
from ticktrail.core.execution import execute_job

DAYS = dg.DailyPartitionsDefinition("2024-01-01", "2024-02-01")


@dg.asset(partitions_def=DAYS)
def report() -> None: ...


@dg.asset(partitions_def=DAYS, deps=[report])
def summary() -> None: ...


@dg.asset
def whole() -> None: ...


class Place(dg.Config):
    path: str


@dg.op
def load(config: Place) -> str:
    return config.path


@dg.daily_partitioned_config("2024-01-01", tags_for_partition_fn=lambda start, end: {"month": f"{start:%m}"})
def by_day(start: Any, end: Any) -> dict[str, Any]:
    if start.day == 13:
        raise ValueError("bad luck")
    return {"ops": {"load": {"config": {"path": f"{start:%d}.csv"}}}}


@dg.job(config=by_day, tags={"team": "x", "month": "?"})
def loading() -> None:
    load()


def asking(*requests: dg.RunRequest, **options: Any) -> dg.SensorDefinition:
    return sensor_of(lambda: list(requests), **options)


def tick(*requests: dg.RunRequest, **options: Any) -> list[dg.RunRequest]:
    """What `evaluate_tick` makes of the requests of a sensor for `loading`."""
    options.setdefault("job", loading)
    definition = asking(*requests, **options)
    definitions = dg.Definitions(assets=[report, summary, whole], sensors=[definition])
    return definition.evaluate_tick(dg.build_sensor_context(definitions=definitions)).run_requests


class TestPartitionedAssetSelection:
    """24: a sensor of assets asks for a partition, and the run bears it."""

    def test_the_run_has_the_partition_in_its_tags(self) -> None:
        selection = dg.AssetSelection.assets("report", "summary")
        sensor = asking(dg.RunRequest("a", partition_key="2024-01-05"), asset_selection=selection, job=None)
        engine = EngineHarness(sensor, assets=[report, summary, whole])

        engine.beat()

        [request] = engine.requests()
        assert request.partition_key == "2024-01-05"
        assert request.tags["dagster/partition"] == "2024-01-05"
        assert "dagster/partition_set" not in request.tags
        assert request.asset_selection == ["report", "summary"]

    def test_the_selected_assets_say_which_partitions_there_are(self) -> None:
        request = dg.RunRequest(partition_key="2024-01-05", asset_selection=[dg.AssetKey("whole")])

        with pytest.raises(CheckError, match="job '__ASSET_JOB' has no partitions"):
            tick(request, job=None, asset_selection="*")
        assert tick(request.with_replaced_attrs(asset_selection=None), job=None, asset_selection="*")


class TestValidatedPartitions:
    """51: a partition is found, or refused, when the sensor is evaluated."""

    def test_a_request_gets_the_partitions_config_and_tags(self) -> None:
        [request] = tick(dg.RunRequest("a", partition_key="2024-01-05"))

        assert request.partition_key == "2024-01-05"
        assert request.run_config == {"ops": {"load": {"config": {"path": "05.csv"}}}}
        assert request.tags == {
            "month": "01",
            "dagster/sensor_name": "s",
            "dagster/partition": "2024-01-05",
            "dagster/partition_set": "loading_partition_set",
        }

    def test_run_config_of_its_own_stays(self) -> None:
        own = {"ops": {"load": {"config": {"path": "mine.csv"}}}}

        [request] = tick(dg.RunRequest(partition_key="2024-01-05", run_config=own))

        assert request.run_config == own

    def test_tags_of_the_partition_beat_the_requests_but_not_the_sensors(self) -> None:
        config = dg.static_partitioned_config(
            ["a"], tags_for_partition_key_fn=lambda key: {"t": key, "dagster/sensor_name": key}
        )(lambda key: {})
        job = dg.job(name="j", config=config)(lambda: None)

        [request] = tick(dg.RunRequest(partition_key="a", tags={"t": "mine"}), job=job)

        assert (request.tags["t"], request.tags["dagster/sensor_name"]) == ("a", "s")

    def test_a_request_without_a_partition_is_left_alone(self) -> None:
        [request] = tick(dg.RunRequest("a"))

        assert (request.run_config, request.tags) == ({}, {"dagster/sensor_name": "s"})

    def test_a_partition_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(dg.DagsterUnknownPartitionError, match=r"job 'loading'.*'2023-12-31'"):
            tick(dg.RunRequest("a"), dg.RunRequest("b", partition_key="2023-12-31"))

    def test_a_partition_of_a_job_without_any_is_refused(self) -> None:
        with pytest.raises(CheckError, match="job 'the_job' has no partitions"):
            tick(dg.RunRequest(partition_key="2024-01-05"), job=the_job)

    def test_without_definitions_there_is_nobody_to_ask(self) -> None:
        definition = asking(dg.RunRequest("k", partition_key="2024-01-05"), job=loading)

        with pytest.raises(
            dg.DagsterInvariantViolationError, match=r"\(run key 'k'\).*Must provide repository def"
        ):
            definition.evaluate_tick(dg.build_sensor_context())


def engine_for(function: Callable[..., Any]) -> EngineHarness:
    return EngineHarness(sensor_of(function, job=loading))


def test_a_request_per_day_becomes_a_run_per_day() -> None:
    days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    engine = engine_for(lambda: [dg.RunRequest(run_key=day, partition_key=day) for day in days])

    engine.beat()
    engine.beat(30)

    requests = engine.requests()
    assert [request.partition_key for request in requests] == days
    assert [request.run_config["ops"]["load"]["config"]["path"] for request in requests] == [
        "01.csv",
        "02.csv",
        "03.csv",
    ]
    assert requests[0].tags == {
        "team": "x",
        "month": "01",
        "dagster/run_key": "2024-01-01",
        "dagster/sensor_name": "s",
        "dagster/tick": str(engine.ticks()[0].tick),
        "dagster/partition": "2024-01-01",
        "dagster/partition_set": "loading_partition_set",
    }


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("2023-12-31", "job 'loading': there is no partition '2023-12-31': keys go from '2024-01-01' to"),
        ("\udcff", "job 'loading': there is no partition"),
        ("2024-01-13", "config of job 'loading' for partition '2024-01-13': ValueError: bad luck"),
    ],
)
def test_a_bad_partition_costs_its_request_and_no_other(bad: str, why: str) -> None:
    keys = ["2024-01-01", bad, "2024-01-02"]
    engine = engine_for(lambda: [dg.RunRequest(run_key=ascii(key), partition_key=key) for key in keys])

    engine.beat()

    assert [request.partition_key for request in engine.requests()] == ["2024-01-01", "2024-01-02"]
    [rejected] = engine.of(RequestRejected)
    assert rejected.why.startswith(why)
    [tick] = engine.ticks()
    assert tick.status == "FAILURE"


def test_a_partition_of_a_job_without_any_costs_its_request() -> None:
    engine = EngineHarness(asking(dg.RunRequest("a", partition_key="x"), dg.RunRequest("b"), job=the_job))

    engine.beat()

    assert [request.run_key for request in engine.requests()] == ["b"]
    [rejected] = engine.of(RequestRejected)
    assert rejected.why.startswith("job 'the_job' has no partitions")


def test_the_run_of_a_request_notes_its_partition_with_the_asset() -> None:
    sensor = asking(dg.RunRequest(partition_key="2024-01-05"), target=[report], job=None)
    engine = EngineHarness(sensor, assets=[report, whole])
    engine.beat()
    [request] = engine.requests()
    assert isinstance(request, RunRequested)

    said: list[Any] = []
    execute_job(
        engine.definitions.get_job_def(request.job),
        run_id=request.run,
        run_config=request.run_config,
        tags=request.tags,
        asset_selection=request.asset_selection,
        emit=said.append,
        clock=engine.clock,
        sleep=lambda seconds: None,
        chance=lambda: 0.5,
        instance=DagsterInstance.ephemeral(),
    )

    [made] = [event for event in said if isinstance(event, AssetMaterialized)]
    assert (made.asset, made.partition_key) == ("report", "2024-01-05")
