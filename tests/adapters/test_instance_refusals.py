"""What an instance does not take, since it would spoil the log or find nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ticktrail as dg
from ticktrail.adapters.event_log import MemoryEventLog, open_event_log
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.errors import TickTrailError, UnreadableEvent
from ticktrail.core.events import AssetMaterialized
from ticktrail.core.log import EventLog

A = dg.AssetKey("a")

NO_TEXT: Any = 5


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    if request.param == "memory":
        yield MemoryEventLog()
        return
    log = open_event_log(tmp_path / "log.sqlite")
    yield log
    log.close()


@pytest.mark.parametrize(
    ("report", "error", "text"),
    [
        (lambda one: one.add_dynamic_partitions("p", [1]), dg.CheckError, "the partition key 1 is a int"),
        (
            lambda one: one.add_dynamic_partitions(None, ["a"]),
            dg.CheckError,
            "is None .NoneType.: give a str",
        ),
        (
            lambda one: one.add_dynamic_partitions("p", ["a\nb"]),
            dg.DagsterInvalidDefinitionError,
            "contains '.n': leave that out",
        ),
        (lambda one: one.delete_dynamic_partition("p", 1), dg.CheckError, "the partition key 1 is a int"),
        (
            lambda one: one.record(
                [AssetMaterialized(at=1, asset="b"), AssetMaterialized(at=1, asset=NO_TEXT)]
            ),
            UnreadableEvent,
            "AssetMaterialized cannot be written to the log, Expected `str`, got `int`",
        ),
        (
            lambda one: one.record([AssetMaterialized(at=1, asset="b", metadata={"x": object()})]),
            UnreadableEvent,
            "give values of the right types",
        ),
        (
            lambda one: dg.job(name="j")(lambda: None).execute_in_process(instance=one, run_id=NO_TEXT),
            UnreadableEvent,
            "RunRequested cannot be written",
        ),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    log: EventLog, report: Callable[[Any], object], error: type[TickTrailError], text: str
) -> None:
    """Fails without the check of keys, and of events: the log then ends with a frame that nobody can read."""
    instance = DagsterInstance(log)
    instance.add_dynamic_partitions("p", ["a"])

    with pytest.raises(error, match=text):
        report(instance)

    assert log.head() == 1
    assert DagsterInstance(log).get_dynamic_partitions("p") == ["a"]


def test_keys_of_a_class_of_their_own_are_kept_as_text(log: EventLog) -> None:
    class Name(str):
        __slots__ = ()

    instance = DagsterInstance(log)

    instance.add_dynamic_partitions("p", (Name(key) for key in "ba"))

    assert instance.get_dynamic_partitions("p") == ["b", "a"]


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda one: one.latest_materialization("a"), "'a' .str. is no AssetKey"),
        (lambda one: one.get_latest_materialization_event("a"), "is no AssetKey"),
        (lambda one: one.materializations_after("a", after=0, limit=1), "is no AssetKey"),
        (lambda one: one.get_materialized_partitions("a"), "is no AssetKey"),
        (lambda one: one.has_asset_key("a"), "is no AssetKey"),
        (lambda one: one.get_asset_records(["a"]), "is no AssetKey"),
        (lambda one: one.get_asset_records(A), r"asset_keys is AssetKey.*: give a list of AssetKey"),
        (lambda one: one.fetch_materializations(A, 1, "x"), "cursor is 'x': give the cursor of an earlier"),
        (
            lambda one: one.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, 1, "x"),
            "cursor is 'x'",
        ),
    ],
)
def test_a_question_that_could_find_nothing_is_refused(ask: Callable[[Any], object], text: str) -> None:
    with pytest.raises(dg.CheckError, match=text):
        ask(DagsterInstance.ephemeral())


class CountingLog(MemoryEventLog):
    """A log in memory that notes from where it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int] = []

    def read(self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None) -> Any:
        self.reads.append(start)
        return super().read(start, stop)


def test_only_the_records_that_are_handed_out_are_read() -> None:
    log = CountingLog()
    instance = DagsterInstance(log)
    for number in range(20):
        dg.job(name="j")(lambda: None).execute_in_process(instance=instance, run_id=str(number))
        instance.report_runless_asset_event(dg.AssetMaterialization(A))
    head = instance.head()
    log.reads.clear()

    instance.fetch_materializations(A, 1)
    asked = dg.EventRecordsFilter(dg.DagsterEventType.RUN_SUCCESS, after_cursor=head - 5)
    [last] = instance.get_event_records(asked, limit=1, ascending=True)

    assert last.run_id == "19"
    # The head twice, one materialization and the one after it, one end of a run.
    assert len(log.reads) == 5
    assert min(log.reads) > head - 10


def test_a_run_in_process_for_a_pair_of_partitions_is_written_as_text(log: EventLog) -> None:
    """Fails on SQLite where the key is written as the MultiPartitionKey that it is."""
    pairs = dg.MultiPartitionsDefinition(
        {"x": dg.StaticPartitionsDefinition(["a"]), "y": dg.StaticPartitionsDefinition(["b"])}
    )
    bill = dg.asset(name="bill", partitions_def=pairs)(lambda: None)
    instance = DagsterInstance(log)

    dg.materialize([bill], partition_key=dg.MultiPartitionKey({"x": "a", "y": "b"}), instance=instance)

    [run] = instance.get_runs()
    assert run.tags["dagster/partition"] == "a|b"
    assert instance.get_materialized_partitions(bill.key) == {"a|b"}
