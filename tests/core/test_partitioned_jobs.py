"""Jobs and assets with partitions, in process."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import ticktrail as dg
from ticktrail.core.authoring.errors import CheckError

COLORS = dg.StaticPartitionsDefinition(["red", "green"])
DAYS = dg.DailyPartitionsDefinition("2024-01-01")


class Shade(dg.Config):
    name: str


@dg.op
def paint(config: Shade) -> str:
    return config.name


@dg.asset(partitions_def=DAYS)
def daily() -> None: ...


@dg.asset(partitions_def=COLORS, deps=[daily])
def colored() -> None: ...


@dg.asset
def whole() -> None: ...


def painting(name: str) -> dict[str, Any]:
    return {"ops": {"paint": {"config": {"name": name}}}}


# --- whose partitions a job has -------------------------------------------------------------------


def test_a_job_has_the_partitions_that_its_assets_share() -> None:
    jobs = [dg.define_asset_job("days", [daily, whole]), dg.define_asset_job("none", [whole])]
    definitions = dg.Definitions(assets=[daily, colored, whole], jobs=jobs)

    assert definitions.get_job_def("days").partitions_def == DAYS
    assert definitions.get_job_def("none").partitions_def is None


def test_a_job_may_have_partitions_that_its_assets_do_not_have() -> None:
    job = dg.define_asset_job("colors", [whole], partitions_def=COLORS)

    assert dg.Definitions(assets=[whole], jobs=[job]).get_job_def("colors").partitions_def == COLORS


def test_assets_with_different_partitions_are_no_job() -> None:
    job = dg.define_asset_job("both", [daily, colored])

    with pytest.raises(
        dg.DagsterInvalidDefinitionError, match=r"asset job 'both': asset 'daily' .*asset 'colored' has"
    ):
        dg.Definitions(assets=[daily, colored], jobs=[job]).get_repository_def()


def test_assets_with_others_than_the_job_are_refused() -> None:
    job = dg.define_asset_job("days", [colored], partitions_def=DAYS)

    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"the job itself has .*asset 'colored' has"):
        dg.Definitions(assets=[colored, daily], jobs=[job]).get_repository_def()


def test_assets_with_different_partitions_may_be_in_one_file() -> None:
    job = dg.Definitions(assets=[daily, colored, whole]).get_job_def("__ASSET_JOB")

    assert job.partitions_for(["daily", "whole"]) == DAYS
    assert job.partitions_for(["colored"]) == COLORS
    assert job.partitions_for(["whole"]) is None
    with pytest.raises(CheckError, match="have different partitions"):
        job.partitions_for(None)


@pytest.mark.parametrize("wrong", [["a"], "daily"])
def test_partitions_that_are_none_are_refused(wrong: Any) -> None:
    for define in (
        lambda: dg.asset(name="a", partitions_def=wrong)(lambda: None),
        lambda: dg.job(name="j", partitions_def=wrong)(lambda: None),
        lambda: dg.define_asset_job("j", partitions_def=wrong),
    ):
        with pytest.raises(CheckError, match="give a partitions definition"):
            define()


def test_a_config_for_other_partitions_is_refused() -> None:
    config = dg.static_partitioned_config(["a"])(lambda key: {})

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="leave partitions_def out"):
        dg.define_asset_job("j", config=config, partitions_def=COLORS)


# --- config of a partition ------------------------------------------------------------------------


@dg.static_partitioned_config(["red", "green"], tags_for_partition_key_fn=lambda key: {"color": key})
def by_color(key: str) -> dict[str, Any]:
    """Paint it."""
    return painting(f"dark {key}")


@dg.job(config=by_color, tags={"team": "x", "color": "none"})
def painted() -> None:
    paint()


def test_a_run_of_a_partition_uses_its_config_and_tags() -> None:
    result = painted.execute_in_process(partition_key="red", tags={"mine": "1"})

    assert result.output_for_node("paint") == "dark red"
    assert result.dagster_run.tags == {
        "team": "x",
        "color": "red",
        "mine": "1",
        "dagster/partition": "red",
        "dagster/partition_set": "painted_partition_set",
    }


def test_run_config_of_its_own_beats_that_of_the_partition() -> None:
    result = painted.execute_in_process(painting("gold"), partition_key="red")

    assert result.output_for_node("paint") == "gold"
    assert result.dagster_run.tags["dagster/partition"] == "red"


def test_the_tags_of_a_partition_beat_those_that_are_given() -> None:
    tags = {"dagster/partition": "green", "dagster/partition_set": "mine", "color": "mine"}

    run = painted.execute_in_process(partition_key="red", tags=tags).dagster_run

    assert [run.tags[name] for name in ("dagster/partition", "dagster/partition_set", "color")] == [
        "red",
        "painted_partition_set",
        "red",
    ]


def test_a_config_function_is_called_as_it_was_written() -> None:
    assert by_color("red") == painting("dark red")
    assert by_color.__doc__ == "Paint it."
    assert by_color.get_partition_keys() == ["red", "green"]


@pytest.mark.parametrize(
    ("decorator", "key", "end"),
    [
        (dg.hourly_partitioned_config("2024-01-01-00:00"), "2024-01-31-23:00", datetime(2024, 2, 1)),
        (dg.daily_partitioned_config(datetime(2024, 1, 1)), "2024-01-31", datetime(2024, 2, 1)),
        (dg.weekly_partitioned_config("2024-01-01", day_offset=1), "2024-01-29", datetime(2024, 2, 5)),
        (dg.monthly_partitioned_config("2024-01-01"), "2024-01-01", datetime(2024, 2, 1)),
    ],
)
def test_a_config_of_windows_gets_the_start_and_the_end(decorator: Any, key: str, end: datetime) -> None:
    config = decorator(lambda start, end: painting(f"{start:%m-%d %H} to {end:%m-%d %H}"))
    job = dg.job(name="j", config=config)(lambda: paint())

    told: str = job.execute_in_process(partition_key=key).output_for_node("paint")

    start = config.partitions_def.time_window_for_partition_key(key).start
    assert told == f"{start:%m-%d %H} to {end:%m-%d %H}"


def test_a_config_that_does_not_fit_the_job_fails_the_run_of_its_partition() -> None:
    config = dg.PartitionedConfig(
        partitions_def=COLORS,
        run_config_for_partition_key_fn=lambda key: (
            {} if key == "red" else dg.RunConfig(painting("x")["ops"])
        ),
    )
    job = dg.job(name="j", config=config)(lambda: paint())

    assert job.execute_in_process(partition_key="green").success
    with pytest.raises(dg.DagsterInvalidConfigError, match=r"ops.paint.config"):
        job.execute_in_process(partition_key="red")


# --- runs of a partition --------------------------------------------------------------------------


def test_a_step_knows_its_partition() -> None:
    seen: dict[str, Any] = {}

    @dg.asset(partitions_def=DAYS)
    def knowing(context: dg.AssetExecutionContext) -> None:
        seen.update(
            key=context.partition_key,
            keys=context.partition_keys,
            range=context.partition_key_range,
            window=[moment.isoformat() for moment in context.partition_time_window],
        )

    result = dg.materialize([knowing], partition_key="2024-02-29")

    assert seen == {
        "key": "2024-02-29",
        "keys": ["2024-02-29"],
        "range": ("2024-02-29", "2024-02-29"),
        "window": ["2024-02-29T00:00:00+00:00", "2024-03-01T00:00:00+00:00"],
    }
    [event] = result.get_asset_materialization_events()
    assert event.partition_key == "2024-02-29"


def test_a_step_of_a_pair_knows_each_of_its_keys() -> None:
    seen: list[Any] = []

    @dg.asset(partitions_def=dg.MultiPartitionsDefinition({"day": DAYS, "color": COLORS}))
    def paired(context: dg.AssetExecutionContext) -> None:
        key = context.partition_key
        assert isinstance(key, dg.MultiPartitionKey)
        seen.extend([key.keys_by_dimension, context.partition_time_window.start.day])

    key = dg.MultiPartitionKey({"day": "2024-01-05", "color": "red"})
    result = dg.materialize([paired], partition_key=key)

    assert seen == [{"day": "2024-01-05", "color": "red"}, 5]
    [event] = result.get_asset_materialization_events()
    assert event.partition_key == "red|2024-01-05"
    assert result.dagster_run.tags["dagster/partition/day"] == "2024-01-05"
    assert result.dagster_run.tags["dagster/partition/color"] == "red"


def test_an_op_knows_the_partition_of_its_job() -> None:
    @dg.op
    def day(context: dg.OpExecutionContext) -> int:
        return context.partition_time_window.start.day

    job = dg.job(name="j", partitions_def=DAYS)(lambda: day())

    assert job.execute_in_process(partition_key="2024-01-17").output_for_node("day") == 17


def test_an_asset_without_partitions_is_made_as_a_whole_in_the_run_of_one() -> None:
    result = dg.materialize([daily, whole], partition_key="2024-01-01")

    made = {event.asset: event.partition_key for event in result.get_asset_materialization_events()}
    assert made == {"daily": "2024-01-01", "whole": None}


def test_a_partition_that_is_not_in_time_has_no_window() -> None:
    @dg.asset(partitions_def=COLORS)
    def asking(context: dg.AssetExecutionContext) -> None:
        _ = context.partition_time_window

    with pytest.raises(dg.DagsterInvariantViolationError, match="'red' of step 'asking' is not one in time"):
        dg.materialize([asking], partition_key="red")


def test_a_run_without_a_partition_of_what_has_some_is_a_run_of_none() -> None:
    result = dg.materialize([daily])

    assert [event.partition_key for event in result.get_asset_materialization_events()] == [None]


def test_a_partition_that_does_not_exist_is_refused_before_anything_runs() -> None:
    with pytest.raises(
        dg.DagsterUnknownPartitionError,
        match="job 'painted': there is no partition 'gold': keys are red, green",
    ):
        painted.execute_in_process(partition_key="gold")
    with pytest.raises(
        dg.DagsterUnknownPartitionError, match="no partition '2023-12-31': keys go from '2024-01"
    ):
        dg.materialize([daily], partition_key="2023-12-31")


def test_a_partition_of_what_has_none_is_refused() -> None:
    with pytest.raises(CheckError, match="has no partitions, and the partition 'red' of it is asked for"):
        dg.materialize([whole], partition_key="red")
