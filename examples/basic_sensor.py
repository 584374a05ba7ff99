"""One run for each file that lands in a folder.

Try it: mkdir inbox, run `ticktrail dev -f examples/basic_sensor.py`, and copy files into inbox/.
"""

import os
import shutil

import ticktrail as dg

INBOX = os.environ.get("INBOX", "inbox")
ARCHIVE = os.environ.get("ARCHIVE", "archive")


class FileConfig(dg.Config):
    filename: str


@dg.asset
def archived_file(context: dg.AssetExecutionContext, config: FileConfig):
    """Move the file out of the inbox and say how large it was."""
    source = os.path.join(INBOX, config.filename)
    size = os.path.getsize(source)
    os.makedirs(ARCHIVE, exist_ok=True)
    shutil.move(source, os.path.join(ARCHIVE, config.filename))
    context.log.info("archived %s", config.filename)
    return dg.MaterializeResult(metadata={"filename": config.filename, "bytes": size})


archive_job = dg.define_asset_job("archive_job", selection=[archived_file])


@dg.sensor(job=archive_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def new_file_sensor():
    filenames = sorted(os.listdir(INBOX))
    if not filenames:
        yield dg.SkipReason(f"no files in {INBOX}")
    for filename in filenames:
        yield dg.RunRequest(
            run_key=filename,
            run_config=dg.RunConfig(ops={"archived_file": FileConfig(filename=filename)}),
        )


defs = dg.Definitions(assets=[archived_file], jobs=[archive_job], sensors=[new_file_sensor])
