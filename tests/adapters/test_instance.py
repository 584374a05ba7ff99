"""What an instance answers and reports, on a log in memory and in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

import ticktrail as dg
from story import BEGIN, Story
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.events import AssetMaterialized, DynamicPartitionsChanged
from ticktrail.core.log import EventLog

A, B = dg.AssetKey("a"), dg.AssetKey(["p", "b"])
SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


@pytest.fixture(params=["memory", "sqlite"])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[EventLog, EventLog]]:
    """Two handles on one log; in memory they are one."""
    if request.param == "memory":
        log = MemoryEventLog()
        yield log, log
        return
    opened = open_event_log(tmp_path / "log.sqlite"), open_event_log(tmp_path / "log.sqlite")
    yield opened
    for one in opened:
        one.close()


@pytest.fixture
def log(logs: tuple[EventLog, EventLog]) -> EventLog:
    return logs[0]


@pytest.fixture
def instance(log: EventLog) -> DagsterInstance:
    return DagsterInstance(log)


def tell(log: EventLog, story: Story) -> None:
    for append in story.appends:
        log.append(append, expected=None, recorded_at=BEGIN, writer="engine:1")


def three_runs(log: EventLog) -> list[str]:
    """Ask for three runs; the first succeeds, the second fails."""
    story = Story()
    runs = story.end_tick(story.start_tick("s"), "1", "2", "3")
    story.start_run(runs[0])
    story.log_step(runs[0], "hello")
    story.succeed(runs[0])
    story.start_run(runs[1])
    story.fail(runs[1])
    tell(log, story)
    return runs


class TestRuns:
    def test_runs_come_the_newest_first_and_page_by_the_id_of_the_last(
        self, log: EventLog, instance: DagsterInstance
    ) -> None:
        first, second, third = three_runs(log)

        def ids(**asked: object) -> list[str]:
            return [run.run_id for run in instance.get_runs(**asked)]  # type: ignore[arg-type]

        assert ids() == [third, second, first]
        assert ids(ascending=True) == [first, second, third]
        assert ids(limit=2) == [third, second]
        assert ids(limit=2, cursor=second) == [first]
        assert ids(filters=dg.RunsFilter(statuses=[SUCCESS, FAILURE])) == [second, first]

    def test_a_run_and_its_record_tell_how_it_went(self, log: EventLog, instance: DagsterInstance) -> None:
        first, _, third = three_runs(log)

        run, record = instance.get_run_by_id(first), instance.get_run_record_by_id(first)

        assert run is not None
        assert record is not None
        assert (run.status, run.job_name) == (SUCCESS, "j")
        assert run.tags == {"a": "b", "dagster/run_key": "1", "dagster/tick": "0"}
        assert (record.dagster_run, record.storage_id) == (run, 1)
        assert record.start_time is not None
        assert record.end_time == record.update_timestamp.timestamp() > record.start_time
        waiting = instance.get_run_record_by_id(third)
        assert waiting is not None
        assert (waiting.start_time, waiting.end_time) == (None, None)
        assert (instance.has_run(first), instance.has_run("gone")) == (True, False)
        assert (instance.get_run_by_id("gone"), instance.get_run_record_by_id("gone")) == (None, None)
        assert instance.get_runs_count(dg.RunsFilter(job_name="j")) == 3

    def test_records_are_ordered_by_what_is_named(self, log: EventLog, instance: DagsterInstance) -> None:
        first, second, third = three_runs(log)

        records = instance.get_run_records(order_by="update_timestamp")

        assert [record.dagster_run.run_id for record in records] == [second, first, third]

    def test_the_entries_of_a_run_come_in_order(self, log: EventLog, instance: DagsterInstance) -> None:
        first, _, third = three_runs(log)

        kinds = [type(entry.event).__name__ for entry in instance.all_logs(first)]

        assert kinds == ["RunRequested", "RunLaunched", "RunStarted", "StepLogged", "RunSucceeded"]
        ends = instance.all_logs(first, dg.DagsterEventType.RUN_SUCCESS)
        assert [(entry.run_id, entry.job_name) for entry in ends] == [(first, "j")]
        assert len(instance.all_logs(third)) == 1
        assert instance.all_logs("gone") == []

    def test_changes_of_status_page_by_cursor(self, log: EventLog, instance: DagsterInstance) -> None:
        story = Story()
        runs = story.end_tick(story.start_tick("s"), "1", "2", "3")
        for run in runs:
            story.start_run(run)
            story.succeed(run)
        tell(log, story)

        pages = []
        cursor, more = None, True
        while more:
            page = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, 2, cursor)
            pages.append([record.run_id for record in page.records])
            cursor, more = page.cursor, page.has_more

        assert pages == [[runs[2], runs[1]], [runs[0]]]
        first = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, 1, ascending=True)
        assert [record.run_id for record in first.records] == [runs[0]]
        asked = dg.RunStatusChangeRecordsFilter(dg.DagsterEventType.RUN_SUCCESS, job_names=["other"])
        assert instance.fetch_run_status_changes(asked, 9).records == []
        with pytest.raises(dg.CheckError, match="tells of no status of a run"):
            instance.fetch_run_status_changes(dg.DagsterEventType.STEP_START, 9)

    def test_the_changes_behind_an_offset_come_in_order(
        self, log: EventLog, instance: DagsterInstance
    ) -> None:
        three_runs(log)
        latest = instance.latest_status_change(SUCCESS)
        assert latest is not None

        assert [one.storage_id for one in instance.status_changes(SUCCESS, after=-1, limit=9)] == [latest]
        assert instance.status_changes(SUCCESS, after=latest, limit=9) == []
        assert instance.latest_status_change(dg.DagsterRunStatus.CANCELED) is None


class TestAssets:
    def test_materializations_page_by_cursor_both_ways(
        self, log: EventLog, instance: DagsterInstance
    ) -> None:
        for number in range(5):
            instance.report_runless_asset_event(dg.AssetMaterialization(A, metadata={"n": number}))
            instance.report_runless_asset_event(dg.AssetObservation(A))

        def pages(ascending: bool) -> list[list[int]]:
            found, cursor, more = [], None, True
            while more:
                page = instance.fetch_materializations(A, 2, cursor, ascending=ascending)
                found.append([record.storage_id for record in page.records])
                cursor, more = page.cursor, page.has_more
            return found

        assert pages(ascending=False) == [[8, 6], [4, 2], [0]]
        assert pages(ascending=True) == [[0, 2], [4, 6], [8]]
        assert [one.storage_id for one in instance.fetch_observations(A, 2).records] == [9, 7]
        with pytest.raises(dg.CheckError, match="is no AssetKey"):
            instance.fetch_materializations("a", 2)  # type: ignore[arg-type]

    def test_filters_choose_among_materializations(self, instance: DagsterInstance) -> None:
        for partition in ("x", "y", "x"):
            instance.report_runless_asset_event(dg.AssetMaterialization(A, partition=partition))

        def found(**asked: object) -> list[int]:
            result = instance.fetch_materializations(dg.AssetRecordsFilter(A, **asked), 9)  # type: ignore[arg-type]
            return [record.storage_id for record in result.records]

        assert found(asset_partitions=["x"]) == [2, 0]
        assert found(after_storage_id=0, before_storage_id=2) == [1]
        assert found(storage_ids=[0, 1]) == [1, 0]
        assert found(before_timestamp=0) == []

    def test_what_is_known_of_assets(self, instance: DagsterInstance) -> None:
        instance.report_runless_asset_event(dg.AssetMaterialization(B, partition="x", metadata={"n": 1}))
        instance.report_runless_asset_event(dg.AssetObservation(A))
        instance.report_runless_asset_event(dg.AssetMaterialization(B, partition="y"))

        assert instance.all_asset_keys() == [A, B]
        assert (instance.has_asset_key(B), instance.has_asset_key(dg.AssetKey("c"))) == (True, False)
        assert instance.get_materialized_partitions(B) == {"x", "y"}
        latest = instance.latest_materialization(B, "x")
        assert latest is not None
        assert latest.asset_materialization == dg.AssetMaterialization(B, partition="x", metadata={"n": 1})
        events = instance.get_latest_materialization_events([A, B])
        assert events[A] is None
        assert events[B] is not None
        observed, made = instance.get_asset_records()
        assert (observed.storage_id, observed.asset_entry.last_materialization) == (1, None)
        assert (made.storage_id, made.asset_entry.last_materialization_storage_id) == (2, 2)
        assert made.asset_entry.last_run_id is None
        assert [one.asset_entry.asset_key for one in instance.get_asset_records([B])] == [B]

    def test_event_records_are_asked_for_by_sort(self, log: EventLog, instance: DagsterInstance) -> None:
        three_runs(log)
        instance.report_runless_asset_event(dg.AssetMaterialization(A))
        instance.report_runless_asset_event(dg.AssetObservation(A))
        kinds = dg.DagsterEventType

        for kind, key in (
            (kinds.RUN_FAILURE, None),
            (kinds.ASSET_MATERIALIZATION, A),
            (kinds.ASSET_OBSERVATION, A),
        ):
            [record] = instance.get_event_records(dg.EventRecordsFilter(kind, key))
            assert record.event_type is kind
            offset = record.storage_id
            assert instance.get_event_records(dg.EventRecordsFilter(kind, key, storage_ids=[offset]))
            assert not instance.get_event_records(dg.EventRecordsFilter(kind, key, storage_ids=[offset + 1]))
        with pytest.raises(dg.CheckError, match="needs an asset_key"):
            instance.get_event_records(dg.EventRecordsFilter(kinds.ASSET_MATERIALIZATION))
        with pytest.raises(dg.CheckError, match="cannot be asked for"):
            instance.get_event_records(dg.EventRecordsFilter(kinds.STEP_START, A))

    def test_only_events_about_assets_are_reported(self, instance: DagsterInstance) -> None:
        with pytest.raises(dg.CheckError, match="is no event"):
            instance.report_runless_asset_event("a")  # type: ignore[arg-type]
        assert instance.head() == 0


class TestDynamicPartitions:
    def test_keys_are_added_once_in_order_and_deleted(self, instance: DagsterInstance) -> None:
        instance.add_dynamic_partitions("p", ["b", "a", "b"])
        instance.add_dynamic_partitions("p", ["a", "c"])
        instance.delete_dynamic_partition("p", "b")

        assert instance.get_dynamic_partitions("p") == ["a", "c"]
        assert instance.has_dynamic_partition("p", "a")
        assert not instance.has_dynamic_partition("p", "b")
        with pytest.raises(dg.CheckError, match="is the str 'ab'"):
            instance.add_dynamic_partitions("p", "ab")

    def test_what_changes_nothing_is_not_written(self, instance: DagsterInstance) -> None:
        instance.add_dynamic_partitions("p", ["a"])
        head = instance.head()

        instance.add_dynamic_partitions("p", ["a"])
        instance.delete_dynamic_partition("p", "gone")

        assert instance.head() == head

    def test_a_change_says_who_asked(self, log: EventLog) -> None:
        DagsterInstance(log, writer="run:r", run="r", actor=None).add_dynamic_partitions("p", ["a"])
        DagsterInstance(log).add_dynamic_partitions("p", ["a", "b"])

        events = [event for frame in log.read() for event in frame.events]
        changes = [event for event in events if isinstance(event, DynamicPartitionsChanged)]
        assert [(one.run, one.actor, one.added, one.unchanged) for one in changes] == [
            ("r", None, ["a"], []),
            (None, "instance", ["b"], ["a"]),
        ]
        assert [frame.writer for frame in log.read()] == ["run:r", "instance"]

    def test_two_instances_that_add_at_once_add_each_key_once(self, logs: tuple[EventLog, EventLog]) -> None:
        barrier = Barrier(4)

        def add(log: EventLog) -> None:
            own = DagsterInstance(log)
            barrier.wait()
            for number in range(10):
                own.add_dynamic_partitions("p", [str(number), str(number + 1)])

        threads = [Thread(target=add, args=(logs[number % 2],)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        events = [event for frame in logs[0].read() for event in frame.events]
        added = [k for event in events if isinstance(event, DynamicPartitionsChanged) for k in event.added]
        assert sorted(added, key=int) == [str(number) for number in range(11)]
        assert sorted(DagsterInstance(logs[1]).get_dynamic_partitions("p")) == sorted(added)


def test_two_instances_on_one_log_see_each_other(logs: tuple[EventLog, EventLog]) -> None:
    one, other = (DagsterInstance(log) for log in logs)
    assert other.latest_materialization(A) is None

    result = dg.materialize([dg.asset(name="a")(lambda: None)], instance=one)

    assert other.get_run_by_id(result.run_id) == result.dagster_run
    seen = other.latest_materialization(A)
    assert seen is not None
    assert seen.run_id == result.run_id
    assert one.head() == other.head()


def test_threads_share_an_instance(log: EventLog, instance: DagsterInstance) -> None:
    heads: list[int] = []

    def work(number: int) -> None:
        for _ in range(10):
            instance.report_runless_asset_event(dg.AssetMaterialization(A, partition=str(number)))
            found = instance.fetch_materializations(dg.AssetRecordsFilter(A, [str(number)]), 99)
            heads.append(len(found.records))

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(heads) == sorted([*range(1, 11)] * 4)
    assert len(instance.materializations_after(A, after=-1, limit=99)) == 40


def test_a_read_only_instance_answers_and_takes_no_report(log: EventLog) -> None:
    DagsterInstance(log).report_runless_asset_event(dg.AssetMaterialization(A))
    reading = DagsterInstance(log, read_only="a preview stores nothing")

    assert reading.has_asset_key(A)
    for report in (
        lambda: reading.report_runless_asset_event(dg.AssetMaterialization(A)),
        lambda: reading.add_dynamic_partitions("p", ["a"]),
        lambda: reading.record([AssetMaterialized(at=BEGIN, asset="a")]),
        lambda: reading.record_from(lambda offset: [AssetMaterialized(at=BEGIN, asset="a")]),
        lambda: dg.materialize([dg.asset(name="a")(lambda: None)], instance=reading),
    ):
        with pytest.raises(dg.DagsterInvariantViolationError, match="instance: a preview stores nothing"):
            report()
    assert log.head() == 1


def test_what_an_instance_does_not_have_is_said_with_what_it_has() -> None:
    with pytest.raises(AttributeError, match="DagsterInstance has no wipe here: it answers about runs"):
        DagsterInstance.ephemeral().wipe()


def test_an_ephemeral_instance_is_one_of_its_own(tmp_path: Path) -> None:
    with dg.instance_for_test() as one, dg.DagsterInstance.ephemeral() as other:
        one.add_dynamic_partitions("p", ["a"])

        assert other.get_dynamic_partitions("p") == []
        assert one.is_ephemeral
    log = open_event_log(tmp_path / "log.sqlite")
    assert not DagsterInstance(log).is_ephemeral
    log.close()
