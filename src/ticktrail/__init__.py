"""ticktrail: a sensor engine whose only source of truth is an append-only event log.

``import ticktrail as dg`` gives the names that a Dagster sensor author knows.
"""

from ticktrail.adapters.system import SystemClock, new_run_id
from ticktrail.core.authoring import *
from ticktrail.core.authoring import __all__ as _names
from ticktrail.core.host import set_host

set_host(SystemClock(), new_run_id)

__all__ = list(_names)
