"""The definitions of the crash campaign: one keyed run per file, each of which leaves a trace."""

import os
from collections.abc import Iterator

import ticktrail as dg

FILES = os.environ["CRASH_FILES"]
TRACES = os.environ["CRASH_TRACES"]


@dg.op
def trace(context: dg.OpExecutionContext) -> None:
    """Leave one line per execution."""
    descriptor = os.open(TRACES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, f"{context.op_config['file']}\n".encode())
    os.close(descriptor)


@dg.job
def trace_job() -> None:
    trace()


@dg.sensor(job=trace_job, minimum_interval_seconds=0.2, default_status=dg.DefaultSensorStatus.RUNNING)
def every_file(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
    names = sorted(os.listdir(FILES))
    for name in names:
        yield dg.RunRequest(run_key=name, run_config={"ops": {"trace": {"config": {"file": name}}}})
    context.update_cursor(str(len(names)))


@dg.sensor(job=trace_job, minimum_interval_seconds=0.02, default_status=dg.DefaultSensorStatus.RUNNING)
def new_files(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
    """Keyed runs for files it has not seen, by cursor; its keys are its own."""
    seen = int(context.cursor or 0)
    names = sorted(os.listdir(FILES))
    for name in names[seen:]:
        yield dg.RunRequest(run_key=name, run_config={"ops": {"trace": {"config": {"file": "new:" + name}}}})
    context.update_cursor(str(len(names)))


defs = dg.Definitions(jobs=[trace_job], sensors=[every_file, new_files])
