"""Shows the durable ticks a second of an engine on a PostgreSQL log.

python postgres_ticks_run.py URL SENSORS SECONDS
"""

from __future__ import annotations

import sys

from children import show
from ticks import ours

show(
    what="ticks",
    sensors=int(sys.argv[2]),
    rate=ours(int(sys.argv[2]), float(sys.argv[3]), "--log", sys.argv[1]),
)
