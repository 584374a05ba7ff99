"""Which runs an instance finds, in which order, and what it refuses to look for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import ticktrail as dg
from story import BEGIN, Story
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.core.events import RunRequested
from ticktrail.projections.runs import Run, Runs

STARTED, QUEUED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED
SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE


@pytest.fixture
def runs() -> dict[str, str]:
    """Ids of runs by what became of them."""
    return {}


@pytest.fixture
def instance(runs: dict[str, str]) -> DagsterInstance:
    """Five runs: four of job j that a sensor asked for, then one of job k; a second passes between events."""
    story = Story()
    ids = story.end_tick(story.start_tick("s"), "1", "2", "3", "4")
    runs.update(zip(("well", "badly", "started", "waiting"), ids, strict=True))
    for run in ids[:3]:
        story.start_run(run)
    story.fail(ids[1])
    story.succeed(ids[0])
    story.add(RunRequested(at=story.at, run="k1", job="k", given_tags={"a": "c"}))
    runs["other"] = "k1"
    log = MemoryEventLog()
    log.append(story.events, expected=None, recorded_at=BEGIN, writer="engine:1")
    return DagsterInstance(log)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (dg.RunsFilter(), ["other", "waiting", "started", "badly", "well"]),
        (dg.RunsFilter(statuses=[STARTED]), ["started"]),
        (dg.RunsFilter(statuses=[STARTED, QUEUED]), ["other", "waiting", "started"]),
        (dg.RunsFilter(statuses=[STARTED, FAILURE]), ["started", "badly"]),
        (dg.RunsFilter(job_name="j", statuses=[QUEUED]), ["waiting"]),
        (dg.RunsFilter(job_name="j", statuses=[SUCCESS]), ["well"]),
        (dg.RunsFilter(job_name="k"), ["other"]),
        (dg.RunsFilter(job_name="l"), []),
        (dg.RunsFilter(job_name="k", tags={"a": "b"}), []),
        (dg.RunsFilter(tags={"a": ["c", "d"]}), ["other"]),
        (dg.RunsFilter(run_ids=["k1", "gone", "k1"]), ["other"]),
        (dg.RunsFilter(run_ids=["k1"], job_name="j"), []),
    ],
)
def test_the_runs_that_fit_are_found_the_newest_first(
    instance: DagsterInstance, runs: dict[str, str], asked: dg.RunsFilter, found: list[str]
) -> None:
    ids = [runs[name] for name in found]

    assert [run.run_id for run in instance.get_runs(asked)] == ids
    assert [run.run_id for run in instance.get_runs(asked, ascending=True)] == ids[::-1]
    assert [one.dagster_run.run_id for one in instance.get_run_records(asked, limit=1)] == ids[:1]
    assert instance.get_runs_count(asked) == len(ids)


def test_runs_are_found_by_ids_in_the_order_of_their_requests(
    instance: DagsterInstance, runs: dict[str, str]
) -> None:
    asked = dg.RunsFilter(run_ids=[runs["badly"], runs["well"], runs["other"]])

    found = [run.run_id for run in instance.get_runs(asked)]

    assert found == [runs["other"], runs["badly"], runs["well"]]


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_moment_without_a_zone_is_in_utc(instance: DagsterInstance, runs: dict[str, str]) -> None:
    record = instance.get_run_record_by_id("k1")
    assert record is not None
    moment = record.create_timestamp.replace(tzinfo=None)

    for at in (moment, moment.replace(tzinfo=UTC)):
        assert runs["other"] not in [run.run_id for run in instance.get_runs(dg.RunsFilter(created_after=at))]
        assert len(instance.get_runs(dg.RunsFilter(created_before=at))) == 4
    assert len(instance.get_runs(dg.RunsFilter(updated_after=datetime(2025, 12, 31)))) == 5


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("id", ["other", "waiting", "started", "badly", "well"]),
        ("update_timestamp", ["other", "well", "badly", "started", "waiting"]),
        ("start_time", ["started", "badly", "well"]),
        ("end_time", ["well", "badly"]),
    ],
)
def test_runs_are_ordered_by_a_time_and_those_without_it_are_the_oldest(
    instance: DagsterInstance, runs: dict[str, str], order: str, found: list[str]
) -> None:
    ids = [runs[name] for name in found]

    down = [one.dagster_run.run_id for one in instance.get_run_records(order_by=order)]
    up = [one.dagster_run.run_id for one in instance.get_run_records(order_by=order, ascending=True)]

    assert down[: len(ids)] == ids
    assert up[-len(ids) :] == ids[::-1]
    assert len(down) == len(up) == 5


def test_pages_go_on_after_a_run_that_does_not_fit_and_end_after_one_that_is_not_there(
    instance: DagsterInstance, runs: dict[str, str]
) -> None:
    asked = dg.RunsFilter(statuses=[FAILURE, SUCCESS])

    assert [run.run_id for run in instance.get_runs(asked, cursor=runs["badly"])] == [runs["well"]]
    assert len(instance.get_runs(cursor=runs["started"])) == 2
    assert instance.get_runs(cursor="gone") == []


def test_the_lists_of_runs_that_a_question_starts_from_are_right(instance: DagsterInstance) -> None:
    story, folded = Story(), Runs()
    ids = story.end_tick(story.start_tick("s"), "1", "2")
    story.start_run(ids[0])
    story.succeed(ids[0])
    story.fail(ids[0])
    folded.apply(0, story.events)

    def names(rows: object) -> list[str]:
        return [row.run for row in rows if isinstance(row, Run)]  # type: ignore[attr-defined]

    assert names(folded.unfinished()) == [ids[1]]
    assert names(folded.of_job("j")) == ids
    assert names(reversed(folded)) == ids[::-1]
    assert names(folded.of_job("k")) == []


def test_what_is_no_filter_or_order_is_refused(instance: DagsterInstance) -> None:
    with pytest.raises(dg.CheckError, match=r"filters is \{'job_name': 'j'\} \(dict\): give a RunsFilter"):
        instance.get_runs({"job_name": "j"})  # type: ignore[arg-type]
    with pytest.raises(dg.CheckError, match="ordered by 'age': choose from id, create_timestamp"):
        instance.get_run_records(order_by="age")
