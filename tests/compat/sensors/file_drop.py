"""A run for each file that lands in a folder."""

import os

import ticktrail as dg


class FileConfig(dg.Config):
    filename: str


@dg.asset
def imported(context: dg.AssetExecutionContext, config: FileConfig):
    with open(os.path.join("inbox", config.filename)) as file:
        rows = len(file.readlines())
    context.log.info(f"imported {rows} rows of {config.filename}")
    return dg.MaterializeResult(metadata={"file": config.filename, "rows": rows})


import_job = dg.define_asset_job("import_job", selection=[imported])


@dg.sensor(job=import_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def new_files(context: dg.SensorEvaluationContext):
    for filename in sorted(os.listdir("inbox")):
        yield dg.RunRequest(
            run_key=filename,
            run_config=dg.RunConfig(ops={"imported": FileConfig(filename=filename)}),
        )


defs = dg.Definitions(assets=[imported], jobs=[import_job], sensors=[new_files])
