"""Instances that a script or a test gets without handing a log in."""

from __future__ import annotations

from pathlib import Path

import pytest

import ticktrail as dg
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.home import Home, HomeError
from ticktrail.adapters.identity import actor
from ticktrail.core.errors import LogUnavailable
from ticktrail.core.events import DynamicPartitionsChanged

A = dg.AssetKey("a")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TICKTRAIL_HOME", str(tmp_path / "home"))
    return Home.open(tmp_path / "home", create=True)


def test_a_script_reports_to_the_home_that_the_environment_names(home: Home) -> None:
    with dg.DagsterInstance.get() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(A))
        instance.add_dynamic_partitions("p", ["x"])

    log = home.log()
    assert dg.DagsterInstance(log).has_asset_key(A)
    frames = list(log.read())
    assert {frame.writer for frame in frames} == {f"script:{actor()}"}
    [change] = [event for event in frames[1].events if isinstance(event, DynamicPartitionsChanged)]
    assert change.actor == actor()
    log.close()


def test_a_script_without_an_environment_takes_the_home_of_its_folder(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TICKTRAIL_HOME")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HomeError, match=r"there is no ticktrail home at .*/\.ticktrail: start one"):
        dg.DagsterInstance.get()
    Home.open(".ticktrail", create=True)

    with dg.DagsterInstance.get() as instance:
        assert instance.head() == 0
        assert not instance.is_ephemeral
    with pytest.raises(LogUnavailable):
        instance.head()


def test_an_instance_over_a_log_of_others_leaves_it_open(tmp_path: Path) -> None:
    log = open_event_log(tmp_path / "log.sqlite")

    with dg.DagsterInstance(log):
        pass

    assert log.head() == 0
    log.close()


def test_in_a_test_the_instance_of_the_home_is_that_of_the_test(home: Home) -> None:
    with dg.instance_for_test() as outer:
        assert dg.DagsterInstance.get() is outer
        with dg.instance_for_test() as inner:
            assert dg.DagsterInstance.get() is inner
        with dg.instance_for_test(set_dagster_home=False):
            assert dg.DagsterInstance.get() is outer

    with dg.DagsterInstance.get() as real:
        assert real is not outer


def test_the_instance_of_a_test_can_be_in_a_folder(tmp_path: Path) -> None:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        instance.add_dynamic_partitions("p", ["a"])
        assert not instance.is_ephemeral

    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        assert instance.get_dynamic_partitions("p") == ["a"]


def test_settings_that_would_change_nothing_are_refused() -> None:
    with (
        pytest.raises(dg.CheckError, match="no settings here, so run_launcher would change nothing"),
        dg.instance_for_test(overrides={"run_launcher": {}}),
    ):
        pass
