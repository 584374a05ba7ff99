"""What a sensor asks of the instance is on its tape, and what it reports happens once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import ticktrail as dg
from harness.engine import EngineHarness
from harness.tapes import play, record
from story import BEGIN, Story
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.home import Home
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.adapters.past import NoSuchPosition
from ticktrail.adapters.tape import install
from ticktrail.core.authoring.sensor import SensorDefinition
from ticktrail.core.instance import Instance
from ticktrail.core.replay import Replayed, replay
from ticktrail.core.tape import NotOnTape, Player, under
from ticktrail.core.taped_instance import TapedInstance
from ticktrail.projections.past_ticks import past_ticks

A, B = dg.AssetKey("a"), dg.AssetKey(["p", "b/c"])


def instance_with_a_past() -> DagsterInstance:
    story = Story()
    story.define("s")
    runs = story.end_tick(story.start_tick("s"), "1", "2", "3")
    story.start_run(runs[0])
    story.log_step(runs[0], "hello")
    story.materialize("a", "2026-01-01", run=runs[0])
    story.succeed(runs[0])
    story.start_run(runs[1])
    story.fail(runs[1])
    story.materialize(B.to_user_string())
    story.observe("a")
    story.change_partitions("files", add=["x", "y"])
    log = MemoryEventLog()
    for events in story.appends:
        log.append(events, expected=None, recorded_at=BEGIN, writer="engine:1")
    return DagsterInstance(log)


def first(instance: Any) -> str:
    return str(instance.get_runs()[-1].run_id)


def refusal(instance: Any) -> str:
    with pytest.raises(NoSuchPosition) as raised:
        instance.as_of(99).get_runs()
    return str(raised.value)


READS: dict[str, Callable[[Any], Any]] = {
    "runs": lambda it: it.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]), limit=5),
    "run records": lambda it: it.get_run_records(order_by="update_timestamp"),
    "a run": lambda it: (
        it.get_run_by_id(first(it)),
        it.get_run_record_by_id(first(it)),
        it.get_run_by_id("no"),
    ),
    "counts": lambda it: (it.get_runs_count(), it.has_run("no"), it.has_asset_key(A), it.head()),
    "logs": lambda it: it.all_logs(first(it)),
    "status changes": lambda it: (
        it.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, 5),
        it.status_changes(dg.DagsterRunStatus.FAILURE, after=-1, limit=5),
        it.latest_status_change(dg.DagsterRunStatus.FAILURE),
    ),
    "event records": lambda it: it.get_event_records(
        dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, A)
    ),
    "materializations": lambda it: (
        it.fetch_materializations(A, 5),
        it.fetch_observations(A, 5),
        it.materializations_after(A, after=-1, limit=5),
        it.latest_materialization(A, "2026-01-01"),
        it.get_latest_materialization_event(A),
        it.get_latest_materialization_event(dg.AssetKey("no")),
        it.get_latest_materialization_events([A, B]),
        it.get_materialized_partitions(A),
    ),
    "assets": lambda it: (it.all_asset_keys(), it.get_asset_records([B]), it.get_asset_records()),
    "partitions": lambda it: (it.get_dynamic_partitions("files"), it.has_dynamic_partition("files", "x")),
    "the past": lambda it: (it.as_of(5).get_runs(), it.get_runs()),
    "an error": lambda it: refusal(it),
}


def nobody() -> Any:
    raise AssertionError("the instance was asked")


@pytest.mark.parametrize("name", READS)
def test_an_answer_is_the_same_from_the_tape(name: str) -> None:
    """Seen to fail when an answer came back as the plain data that is on the tape."""
    instance = instance_with_a_past()
    ask = READS[name]

    then, tape = record(lambda: ask(TapedInstance(lambda: instance)))

    assert tape.complete, tape.uncovered
    assert then == ask(instance)
    assert play(tape, lambda: ask(TapedInstance(nobody))) == then


def test_every_question_that_an_instance_answers_can_be_on_a_tape() -> None:
    """Seen to fail without one of them."""
    asked = {
        name
        for kind in (DagsterInstance, Instance)
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
    }
    taped = TapedInstance(nobody)

    for name in asked:
        if not name.startswith("_"):
            assert getattr(taped, name) is not None, name


def verdicts(engine: EngineHarness, sensor: Any) -> list[Replayed]:
    return [replay(past, sensor, engine.definitions) for past in past_ticks(engine.log, sensor.name)]


@dg.op
def work() -> None:
    pass


@dg.job
def work_job() -> None:
    work()


def every_second(function: Callable[[dg.SensorEvaluationContext], Any]) -> SensorDefinition:
    running = dg.DefaultSensorStatus.RUNNING
    return dg.sensor(job=work_job, default_status=running, minimum_interval_seconds=1)(function)


def test_a_sensor_that_asks_the_instance_is_replayed() -> None:
    """Seen to fail when what the instance told was on no tape."""

    @every_second
    def backfilling(context: dg.SensorEvaluationContext) -> Any:
        runs = context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        if len(runs) >= 2:
            return dg.SkipReason(f"{len(runs)} wait, the last is {runs[0].run_id}")
        return dg.RunRequest(run_key=str(len(runs)), tags={"waiting": str(len(runs))})

    engine = EngineHarness(backfilling, jobs=[work_job], record=True)
    for _ in range(4):
        engine.beat(1)

    assert [each.verdict for each in verdicts(engine, backfilling)] == ["equal"] * 4
    assert len(engine.requests()) == 2


def test_what_a_sensor_reports_happens_once() -> None:
    """Seen to fail when replay refused the report, and so failed ticks that had gone well."""

    @every_second
    def adding(context: dg.SensorEvaluationContext) -> Any:
        known = context.instance.get_dynamic_partitions("files")
        context.instance.add_dynamic_partitions("files", [f"file-{len(known)}"])
        return dg.RunRequest(run_key=str(context.instance.get_dynamic_partitions("files")))

    engine = EngineHarness(adding, jobs=[work_job], record=True)
    for _ in range(3):
        engine.beat(1)

    assert [each.verdict for each in verdicts(engine, adding)] == ["equal"] * 3
    assert DagsterInstance(engine.log).get_dynamic_partitions("files") == ["file-0", "file-1", "file-2"]


def test_another_report_is_refused_and_named() -> None:
    """Seen to fail when a report of other code reached the instance."""
    instance = instance_with_a_past()
    _, tape = record(lambda: TapedInstance(lambda: instance).add_dynamic_partitions("files", ["z"]))
    player = Player(tape)

    with under(player), pytest.raises(NotOnTape):
        TapedInstance(lambda: instance).add_dynamic_partitions("files", ["other"])

    assert instance.get_dynamic_partitions("files") == ["x", "y", "z"]
    assert player.missing == ["add_dynamic_partitions 'files', ['other']"]


def test_the_instance_of_the_home_is_asked_on_the_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Seen to fail when its log's own statements were on the tape."""
    monkeypatch.setenv("TICKTRAIL_HOME", str(tmp_path))
    log = Home.open(tmp_path, create=True).log()
    log.close()

    def read() -> int:
        with dg.DagsterInstance.get() as instance:
            return int(instance.get_runs_count())

    then, tape = record(read)

    assert list(tape.channels) == ["instance"] and tape.complete, tape
    monkeypatch.setenv("TICKTRAIL_HOME", str(tmp_path / "none"))
    assert play(tape, read) == then == 0


def test_the_tick_history_is_named_as_such_and_not_by_what_it_is_read_with() -> None:
    """Seen to fail when statements of the history were named like those of the sensor."""
    install()
    instance = TapedInstance(instance_with_a_past)

    ticks, tape = record(
        lambda: instance.history.sql("SELECT count(*) FROM ticks").filter("1 = 1").fetchall()
    )

    assert ticks == [(1,)] and tape.uncovered == ("context.instance.history",)
