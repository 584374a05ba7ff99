"""What asks for runs."""

from collections.abc import Iterator

import ticktrail as dg

from .assets.orders import OrderFile
from .resources import Folder


@dg.sensor(job_name="order_job", minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def inbox_sensor(inbox: Folder) -> Iterator[dg.RunRequest]:
    for name in inbox.names():
        yield dg.RunRequest(run_key=name, run_config=dg.RunConfig(ops={"orders": OrderFile(name=name)}))
