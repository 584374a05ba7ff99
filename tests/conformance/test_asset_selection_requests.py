"""Requests of sensors that target assets: which of them a run makes.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from typing import Any

import ticktrail as dg
from conformance.sensors import sensor_of, the_job
from harness.engine import START, EngineHarness
from ticktrail.core.events import AssetMaterialized, RequestRejected, TickFailed, TickLogged, TickSkipped

DAYS = dg.StaticPartitionsDefinition(["mon", "tue"])


@dg.asset
def raw() -> None: ...


@dg.asset(deps=[raw])
def clean() -> None: ...


@dg.asset(deps=[clean])
def report() -> None: ...


@dg.asset(partitions_def=DAYS, deps=[raw])
def daily() -> None: ...


@dg.asset(partitions_def=DAYS, deps=[daily])
def digest() -> None: ...


@dg.asset(deps=["elsewhere"])
def copied() -> None: ...


@dg.multi_asset(specs=[dg.AssetSpec("left", deps=[raw]), dg.AssetSpec("right", deps=[clean])])
def both() -> Any:
    yield dg.MaterializeResult(asset_key="left")
    yield dg.MaterializeResult(asset_key="right")


ASSETS = [raw, clean, report, daily, digest, copied, both, dg.AssetSpec("elsewhere")]


def keys(*names: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(name) for name in names]


def engine_for(*requests: dg.RunRequest, target: Any = "*", **options: Any) -> EngineHarness:
    options.setdefault("asset_selection", target)
    return EngineHarness(sensor_of(lambda: list(requests), job=None, **options), assets=ASSETS)


def stale(run_key: str | None = None, **fields: Any) -> dg.RunRequest:
    return dg.RunRequest(run_key=run_key, stale_assets_only=True, **fields)


def asked_after(
    made: list[str | tuple[str, str]], request: dg.RunRequest, target: Any = "*"
) -> list[list[str] | None]:
    """The selection of each run that is asked for once assets, or partitions of some, were made in this order."""
    engine = engine_for(request, target=target)
    for one in made:
        asset, partition = one if isinstance(one, tuple) else (one, None)
        engine.operate(AssetMaterialized(at=START, asset=asset, partition_key=partition))
    engine.beat()
    assert engine.of(RequestRejected) == []
    return [run.asset_selection for run in engine.requests()]


class TestAssetSelection:
    """22: a request makes the assets that it selects, or else all that the sensor targets."""

    def test_a_request_makes_a_part_of_what_the_sensor_targets(self) -> None:
        engine = engine_for(
            dg.RunRequest(asset_selection=keys("clean", "raw")), target=["raw", "clean", "report"]
        )

        engine.beat()

        [run] = engine.requests()
        assert set(run.asset_selection or ()) == {"raw", "clean"}

    def test_a_request_without_a_selection_makes_all_of_it(self) -> None:
        engine = engine_for(dg.RunRequest(), target=["raw", "report"])

        engine.beat()

        [run] = engine.requests()
        assert run.asset_selection == ["raw", "report"]

    def test_a_request_for_what_the_sensor_does_not_target_fails_the_tick(self) -> None:
        engine = engine_for(dg.RunRequest(asset_selection=keys("report")), target=["raw"])

        engine.beat()

        [failed] = engine.of(TickFailed)
        assert "DagsterInvalidSubsetError" in failed.error


class TestStaleAssetsOnly:
    """23: of the selected assets, a run makes those that are missing or stale; none of them, no run."""

    def test_all_that_was_never_made(self) -> None:
        assert asked_after([], stale(), target=["raw", "clean", "report"]) == [["raw", "clean", "report"]]

    def test_not_what_is_newer_than_all_that_it_is_made_from(self) -> None:
        assert asked_after(["raw", "clean"], stale(), target=["raw", "clean", "report"]) == [["report"]]

    def test_what_is_older_than_what_it_is_made_from_and_all_that_follows(self) -> None:
        made: list[str | tuple[str, str]] = ["raw", "clean", "report", "raw"]

        assert asked_after(made, stale(), target=["raw", "clean", "report"]) == [["clean", "report"]]

    def test_what_follows_from_a_stale_asset_that_is_not_selected(self) -> None:
        made: list[str | tuple[str, str]] = ["raw", "clean", "report", "raw"]

        assert asked_after(made, stale(asset_selection=keys("raw", "report"))) == [["report"]]

    def test_a_missing_asset_makes_what_follows_not_stale(self) -> None:
        assert asked_after(["report"], stale(), target=["clean", "report"]) == [["clean"]]

    def test_an_asset_that_is_made_elsewhere_counts_if_it_is_told_of(self) -> None:
        assert asked_after(["copied"], stale(), target=["copied"]) == []
        assert asked_after(["copied", "elsewhere"], stale(), target=["copied"]) == [["copied"]]
        assert asked_after(["elsewhere", "copied"], stale(), target=["copied"]) == []

    def test_assets_that_are_made_together_stay_together(self) -> None:
        made: list[str | tuple[str, str]] = ["raw", "left", "right", "clean"]

        assert asked_after(made, stale(), target=["left", "right"]) == [["left", "right"]]
        assert asked_after(["raw", "clean", "left", "right"], stale(), target=["left", "right"]) == []

    def test_a_partition_is_looked_at_alone(self) -> None:
        made: list[str | tuple[str, str]] = ["raw", ("daily", "mon"), ("digest", "mon"), ("daily", "tue")]

        assert asked_after(made, stale(partition_key="mon"), target=["daily", "digest"]) == []
        assert asked_after(made, stale(partition_key="tue"), target=["daily", "digest"]) == [["digest"]]

    def test_a_partition_is_older_than_what_has_none(self) -> None:
        made: list[str | tuple[str, str]] = [("daily", "mon"), ("digest", "mon"), "raw"]

        assert asked_after(made, stale(partition_key="mon"), target=["daily", "digest"]) == [
            ["daily", "digest"]
        ]

    def test_of_a_jobs_assets_too(self) -> None:
        job = dg.define_asset_job("j", ["raw", "clean"])
        engine = EngineHarness(sensor_of(lambda: stale(), job=job), assets=ASSETS)
        engine.operate(AssetMaterialized(at=START, asset="raw"))

        engine.beat()

        [run] = engine.requests()
        assert (run.job, run.asset_selection) == ("j", ["clean"])

    def test_a_request_for_nothing_disappears_and_the_ticks_log_says_so(self) -> None:
        engine = engine_for(stale("k"), dg.RunRequest("other"), target=["raw"])
        engine.operate(AssetMaterialized(at=START, asset="raw"))

        engine.beat()

        assert [run.run_key for run in engine.requests()] == ["other"]
        [line] = engine.of(TickLogged)
        assert line.message == "run request 0 (run key 'k') asks for no run: all of its assets are up to date"

    def test_a_tick_all_of_whose_requests_disappear_is_skipped_and_its_key_is_free(self) -> None:
        engine = engine_for(stale("k"), target=["raw"])
        engine.operate(AssetMaterialized(at=START, asset="raw"))

        engine.beat()

        [skipped] = engine.of(TickSkipped)
        assert (skipped.reason, skipped.last_run_key) == ("all that was asked for is up to date", None)

    def test_a_job_without_assets_rejects_the_request(self) -> None:
        engine = EngineHarness(sensor_of(lambda: stale(), job=the_job))

        engine.beat()

        [rejected] = engine.of(RequestRejected)
        assert rejected.why.startswith("job 'the_job' makes no assets, so none is stale")

    def test_without_an_instance_the_request_is_rejected(self) -> None:
        engine = EngineHarness(
            sensor_of(lambda: stale(), job=None, target="raw"), assets=ASSETS, instance=None
        )

        engine.beat()

        [rejected] = engine.of(RequestRejected)
        assert "needs to know what was materialized: give the context an instance" in rejected.why
