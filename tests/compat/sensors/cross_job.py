"""A job that follows each success of another, and one that waits for two assets."""

import os

import ticktrail as dg

RUNNING = dg.DefaultSensorStatus.RUNNING


class After(dg.Config):
    run_id: str


@dg.asset
def left():
    return None


@dg.asset
def right():
    return None


@dg.op
def publish(config: After):
    with open("published", "a") as file:
        file.write(f"{config.run_id}\n")


@dg.op
def join():
    with open("joined", "a") as file:
        file.write("joined\n")


@dg.job
def publish_job():
    publish()


@dg.job
def join_job():
    join()


left_job = dg.define_asset_job("left_job", selection=[left])
right_job = dg.define_asset_job("right_job", selection=[right])


@dg.sensor(jobs=[left_job, right_job], minimum_interval_seconds=1, default_status=RUNNING)
def begin():
    for name in sorted(os.listdir("begin")):
        yield dg.RunRequest(run_key=name, job_name=name)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[left_job],
    request_job=publish_job,
    default_status=RUNNING,
)
def after_left(context: dg.RunStatusSensorContext):
    run_id = context.dagster_run.run_id
    return dg.RunRequest(run_key=run_id, run_config=dg.RunConfig(ops={"publish": After(run_id=run_id)}))


@dg.multi_asset_sensor(
    monitored_assets=[dg.AssetKey("left"), dg.AssetKey("right")], job=join_job, default_status=RUNNING
)
def both(context: dg.MultiAssetSensorEvaluationContext):
    records = context.latest_materialization_records_by_key()
    if all(records.values()):
        context.advance_all_cursors()
        return dg.RunRequest()
    return dg.SkipReason("one is missing")


defs = dg.Definitions(
    assets=[left, right],
    jobs=[left_job, right_job, publish_job, join_job],
    sensors=[begin, after_left, both],
)
