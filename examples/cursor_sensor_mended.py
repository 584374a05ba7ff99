"""The sensor of cursor_sensor.py without its gap: files whose time equals that of the last look, or is older, are seen.

Its cursor holds each file's time, in place of the newest time of all. Try what it would have asked for on the ticks
of the other: ticktrail backtest updated_file_sensor --code examples/cursor_sensor_mended.py
"""

import json
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
    seen = json.loads(context.cursor) if context.cursor else {}
    now = {}
    for entry in sorted(os.scandir(DATA), key=lambda entry: entry.name):
        changed = entry.stat().st_mtime
        if not entry.is_file():
            continue
        now[entry.name] = changed
        if seen.get(entry.name) != changed:
            yield dg.RunRequest(
                run_key=f"{entry.name}:{changed}",
                run_config={"ops": {"file_report": {"config": {"filename": entry.name}}}},
            )
    context.update_cursor(json.dumps(now))


defs = dg.Definitions(assets=[file_report], jobs=[report_job], sensors=[updated_file_sensor])
