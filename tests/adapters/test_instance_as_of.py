"""An instance as it was: what it answers is what one answered then, and nothing can be reported to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import ticktrail as dg
from story import BEGIN, Story
from ticktrail.adapters.event_log import MemoryEventLog, open_event_log
from ticktrail.adapters.past import NoSuchMoment, NoSuchPosition
from ticktrail.core.errors import LogUnavailable
from ticktrail.core.log import EventLog

A, B = dg.AssetKey("a"), dg.AssetKey("b")


@pytest.fixture
def story() -> Story:
    """Two runs, one of which fails; an asset by partitions, another one observed; partitions that come and go."""
    story = Story()
    story.define("files")
    story.change_partitions("p", add=["x", "y"])
    done, failed = story.end_tick(story.start_tick("files"), "k1", "k2", materialized=["b"])
    story.materialize("a", "1")
    story.start_run(done)
    story.materialize("a", "2", run=done)
    story.log_step(done, "said")
    story.succeed(done)
    story.observe("b")
    story.change_partitions("p", add=["z"], delete=["x"])
    story.start_run(failed)
    story.fail(failed)
    story.materialize("a", "1")
    return story


def tell(log: EventLog, story: Story, stop: int | None = None) -> EventLog:
    """Append the events below offset *stop*, each append recorded when its events happened."""
    head = 0
    for append in story.appends:
        part = append if stop is None else append[: max(stop - head, 0)]
        if part:
            log.append(part, expected=head, recorded_at=part[0].at, writer="engine:1")
        head += len(part)
    return log


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path, story: Story) -> Iterator[EventLog]:
    log = MemoryEventLog() if request.param == "memory" else open_event_log(tmp_path / "log.sqlite")
    yield tell(log, story)
    log.close()


def answers(instance: dg.DagsterInstance) -> list[Any]:
    """What it says to a question of each sort."""
    runs = instance.get_runs()
    return [
        instance.head(),
        [(run.run_id, run.status) for run in runs],
        instance.get_run_records(order_by="update_timestamp"),
        [instance.all_logs(run.run_id) for run in runs],
        [instance.fetch_run_status_changes(kind, 9) for kind in (RUN_START, RUN_FAILURE)],
        instance.latest_status_change(dg.DagsterRunStatus.SUCCESS),
        [instance.fetch_materializations(key, 9) for key in (A, B)],
        instance.fetch_observations(B, 9),
        instance.latest_materialization(A, "1"),
        instance.get_materialized_partitions(A),
        instance.all_asset_keys(),
        instance.get_asset_records(),
        instance.get_dynamic_partitions("p"),
        instance.has_dynamic_partition("p", "x"),
    ]


RUN_START, RUN_FAILURE = dg.DagsterEventType.RUN_START, dg.DagsterEventType.RUN_FAILURE


def test_at_every_position_it_answers_as_an_instance_of_a_log_that_ends_there(
    log: EventLog, story: Story
) -> None:
    """Seen to fail when `as_of` handed the whole log on."""
    now = dg.DagsterInstance(log)
    answers(now)

    differing = [
        position
        for position in range(story.head + 1)
        if answers(now.as_of(position))
        != answers(dg.DagsterInstance(tell(MemoryEventLog(), story, position)))
    ]

    assert differing == []
    assert answers(now.as_of(story.head)) == answers(now)
    assert answers(now.as_of(story.head - 1)) != answers(now)


def test_what_comes_later_is_not_heard_of(log: EventLog) -> None:
    now = dg.DagsterInstance(log)
    past = now.as_of(now.head())
    before = answers(past)

    now.report_runless_asset_event(dg.AssetMaterialization(A, partition="3"))

    assert answers(past) == before
    assert now.get_materialized_partitions(A) == {"1", "2", "3"}


def at(second: int) -> datetime:
    return datetime.fromtimestamp(BEGIN / 1e6, UTC) + timedelta(seconds=second)


@pytest.mark.parametrize(
    "moment",
    [at(2), at(2).replace(tzinfo=None), at(2).astimezone(timezone(timedelta(hours=5)))],
    ids=["UTC", "without a zone", "another zone"],
)
def test_a_time_stands_for_all_that_was_recorded_by_then(log: EventLog, moment: datetime) -> None:
    past = dg.DagsterInstance(log).as_of(moment)

    assert past.head() == 3
    assert past.get_dynamic_partitions("p") == ["x", "y"]
    assert past.get_runs() == []
    assert dg.DagsterInstance(log).as_of(moment - timedelta(microseconds=1)).head() == 2


@pytest.mark.parametrize(
    "report",
    [
        lambda one: one.report_runless_asset_event(dg.AssetMaterialization(A)),
        lambda one: one.add_dynamic_partitions("p", ["new"]),
        lambda one: one.delete_dynamic_partition("p", "x"),
        lambda one: dg.materialize([dg.asset(name="a")(lambda: None)], instance=one),
    ],
    ids=["asset event", "add", "delete", "run"],
)
def test_nothing_can_be_reported_to_it(
    log: EventLog, story: Story, report: Callable[[dg.DagsterInstance], object]
) -> None:
    """Seen to fail when `as_of` left *read_only* out: the log refused, in words about partitions of the log."""
    past = dg.DagsterInstance(log).as_of(3)

    with pytest.raises(
        dg.DagsterInvariantViolationError,
        match="nothing can be reported to this instance: it shows the log as it was at position 3",
    ):
        report(past)

    assert log.head() == story.head


def test_one_can_go_back_further_and_not_forward(log: EventLog) -> None:
    past = dg.DagsterInstance(log).as_of(5)

    assert past.as_of(3).head() == 3
    with pytest.raises(NoSuchPosition, match="it has 5 events"):
        past.as_of(6)


def test_a_moment_that_the_log_cannot_know_is_refused(log: EventLog) -> None:
    now = dg.DagsterInstance(log)

    with pytest.raises(NoSuchMoment, match=r"it begins at 2026-01-01T00:00:00\+00:00"):
        now.as_of(at(-1))
    with pytest.raises(NoSuchMoment, match="it is to come"):
        now.as_of(datetime(9000, 1, 1))
    with pytest.raises(NoSuchPosition, match="never been at position -1"):
        now.as_of(-1)


@pytest.mark.parametrize("moment", ["2026-01-01", None, True, 3.0])
def test_what_is_neither_a_position_nor_a_time_is_refused(log: EventLog, moment: Any) -> None:
    with pytest.raises(dg.CheckError, match="give a position or a datetime"):
        dg.DagsterInstance(log).as_of(moment)


def test_it_ends_with_the_log_that_it_was_taken_of(log: EventLog) -> None:
    now = dg.DagsterInstance(log)
    past = now.as_of(3)
    past.dispose()
    assert now.head() == log.head()

    log.close()

    with pytest.raises(LogUnavailable, match="closed"):
        past.get_runs()


def test_the_past_of_a_log_in_memory_is_in_memory_too(log: EventLog) -> None:
    now = dg.DagsterInstance(log)

    assert now.as_of(3).is_ephemeral == now.is_ephemeral
