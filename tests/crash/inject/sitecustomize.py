"""Python imports this at its start when the folder is on PYTHONPATH: it plants the crash points."""

import os

if "TICKTRAIL_CRASH" in os.environ:
    import crash_points

    crash_points.plant()
