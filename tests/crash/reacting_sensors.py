"""The definitions of the reaction campaign: a failure sensor that leaves a trace of each call."""

import os

import ticktrail as dg

TRACES = os.environ["CRASH_TRACES"]
RUNNING = dg.DefaultSensorStatus.RUNNING

#: One failure in so many is answered with a run.
ANSWERED = 100


def leave(line: str) -> None:
    """Add a line to the traces."""
    descriptor = os.open(TRACES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


@dg.op
def nothing() -> None:
    """What the campaign says has run."""


@dg.op
def mend(context: dg.OpExecutionContext) -> None:
    """Leave a trace of the run."""
    leave(f"mended {context.run_tags['dagster/run_key']}")


@dg.job
def failing_job() -> None:
    nothing()


@dg.job
def other_job() -> None:
    nothing()


@dg.job
def mending_job() -> None:
    mend()


@dg.run_failure_sensor(monitored_jobs=[failing_job], request_job=mending_job, default_status=RUNNING)
def on_failure(context: dg.RunFailureSensorContext) -> dg.RunRequest | None:
    """See each failure, answer some of them, and fail at some others."""
    run = context.dagster_run.run_id
    number = int(run.removeprefix("run-"))
    leave(f"seen {run}")
    if number % ANSWERED == 1:
        raise ValueError(f"no reaction to {run}")
    return dg.RunRequest(run_key=run) if number % ANSWERED == 0 else None


defs = dg.Definitions(jobs=[failing_job, other_job, mending_job], sensors=[on_failure])
