"""A daily partition for each file that is named by its day."""

import os

import ticktrail as dg

days = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-02-01")


@dg.asset(partitions_def=days)
def measurements(context: dg.AssetExecutionContext):
    with open(os.path.join("inbox", f"{context.partition_key}.csv")) as file:
        return dg.MaterializeResult(metadata={"rows": len(file.readlines())})


measurements_job = dg.define_asset_job("measurements_job", selection=[measurements], partitions_def=days)


@dg.sensor(job=measurements_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def daily_files():
    for filename in sorted(os.listdir("inbox")):
        day, _ = os.path.splitext(filename)
        yield dg.RunRequest(run_key=filename, partition_key=day)


defs = dg.Definitions(assets=[measurements], jobs=[measurements_job], sensors=[daily_files])
