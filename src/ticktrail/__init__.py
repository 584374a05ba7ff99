"""ticktrail: a sensor engine whose only source of truth is an append-only event log.

``import ticktrail as dg`` gives the names that a Dagster sensor author knows.
"""

from typing import TYPE_CHECKING

from ticktrail.adapters.cron import cron_moments
from ticktrail.adapters.instance import DagsterInstance, instance_for_test
from ticktrail.adapters.package_modules import *
from ticktrail.adapters.package_modules import __all__ as _package_names
from ticktrail.adapters.runs.process import run_started
from ticktrail.adapters.system import SystemClock, chance, environment, new_run_id, sleep
from ticktrail.core.authoring import *
from ticktrail.core.authoring import __all__ as _names
from ticktrail.core.authoring.absent import absent
from ticktrail.core.host import set_host

set_host(
    SystemClock(),
    new_run_id,
    sleep,
    chance,
    environment,
    DagsterInstance.ephemeral,
    run_started,
    cron_moments,
)

if TYPE_CHECKING:
    from ticktrail.adapters.backtesting import BacktestResult, backtest

__all__ = list(_names) + list(_package_names)
__all__ += ["BacktestResult", "DagsterInstance", "backtest", "instance_for_test"]

if not TYPE_CHECKING:  # for a type checker, a name that is not above is an error

    def __getattr__(name: str) -> object:
        """Say what to use in place of a name of Dagster's that is not here."""
        if name in ("BacktestResult", "backtest"):
            # Only who looks back needs those; importing the package is not to wait for them.
            from ticktrail.adapters import backtesting

            return getattr(backtesting, name)
        raise absent(__name__, name)
