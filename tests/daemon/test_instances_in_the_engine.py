"""What sensors and steps ask and report through `context.instance`, with the whole engine."""

from __future__ import annotations

from collections.abc import Callable

from harness.daemon import Daemon
from ticktrail.core.events import DynamicPartitionsChanged, RunFailed, RunRequested, TickFailed

Make = Callable[[str], Daemon]

ONE_AT_A_TIME = """
@dg.op
def works(context):
    context.instance.add_dynamic_partitions("runs", [context.run_id])
    wait_for("go")

@dg.job
def slow():
    works()

@every(0.1, job=slow)
def one_at_a_time(context):
    busy = dg.RunsFilter(job_name="slow", statuses=[
        dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED
    ])
    [*running] = context.instance.get_runs(busy)
    if running:
        return dg.SkipReason(f"{running[0].run_id} is at work")
    if context.instance.get_runs_count(dg.RunsFilter(job_name="slow")) == 2:
        return dg.SkipReason("two are enough")
    return dg.RunRequest()

defs = dg.Definitions(jobs=[slow], sensors=[one_at_a_time])
"""

NO_KEYS = """
@dg.op
def adds(context):
    context.instance.add_dynamic_partitions("days", [1])

@dg.job
def adding():
    adds()

@every(0.1, job=adding)
def tries(context):
    if not context.cursor:
        context.update_cursor("tried")
        return dg.RunRequest(run_key="once")
    context.instance.add_dynamic_partitions("days", [2])

defs = dg.Definitions(jobs=[adding], sensors=[tries])
"""


def test_a_sensor_asks_whether_its_job_runs_before_it_asks_for_another_run(daemon: Make) -> None:
    engine = daemon(ONE_AT_A_TIME)
    engine.start()
    engine.wait_for("RunStarted")
    engine.wait_for("TickSkipped")
    first = engine.events(RunRequested)
    engine.make("go")

    engine.wait_for("RunSucceeded", 2)
    engine.wait_for("TickSkipped", reason="two are enough")

    assert engine.stop() == 0
    assert len(first) == 1
    runs = [event.run for event in engine.events(RunRequested)]
    changes = engine.events(DynamicPartitionsChanged)
    assert [(one.added, one.run, one.actor) for one in changes] == [([run], run, None) for run in runs]
    assert len(runs) == 2
    assert engine.violations() == []


def test_a_key_that_is_no_text_fails_the_step_and_the_tick_and_leaves_the_log_as_it_is(daemon: Make) -> None:
    """Fails without the checks of keys and of events: the log then ends with a frame that nobody can read."""
    engine = daemon(NO_KEYS)
    engine.start()

    engine.wait_for("RunFailed")
    engine.wait_for("TickFailed")

    assert engine.stop() == 0
    [failed] = engine.events(RunFailed)
    assert failed.error == "CheckError: the partition key 1 is a int: keys are str"
    assert engine.events(TickFailed)[0].error == "CheckError: the partition key 2 is a int: keys are str"
    assert engine.events(DynamicPartitionsChanged) == []
    assert engine.violations() == []
