"""One run for each file in a folder that changed since the last look; the cursor remembers when that was.

Try it: mkdir data, run `ticktrail dev -f examples/cursor_sensor.py`, and write or touch files in data/.
"""

import os

import ticktrail as dg

DATA = os.environ.get("DATA", "data")


@dg.asset
def file_report(context: dg.AssetExecutionContext):
    """Count the lines of the file that the run's config names."""
    filename = context.op_config["filename"]
    with open(os.path.join(DATA, filename)) as file:
        lines = sum(1 for _ in file)
    context.log.info("%s has %d lines", filename, lines)
    return dg.MaterializeResult(metadata={"filename": filename, "lines": lines})


report_job = dg.define_asset_job("report_job", selection=[file_report])


@dg.sensor(job=report_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def updated_file_sensor(context):
    since = float(context.cursor) if context.cursor else 0.0
    newest = since
    for entry in sorted(os.scandir(DATA), key=lambda entry: entry.name):
        changed = entry.stat().st_mtime
        if not entry.is_file() or changed <= since:
            continue
        yield dg.RunRequest(
            run_key=f"{entry.name}:{changed}",
            run_config={"ops": {"file_report": {"config": {"filename": entry.name}}}},
        )
        newest = max(newest, changed)
    context.update_cursor(str(newest))


defs = dg.Definitions(assets=[file_report], jobs=[report_job], sensors=[updated_file_sensor])
