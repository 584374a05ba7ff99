"""ticktrail: a sensor engine whose only source of truth is an append-only event log.

``import ticktrail as dg`` gives the names that a Dagster sensor author knows. They are loaded when one of them is used
first: commands that only read the log need none.
"""

from typing import TYPE_CHECKING

from ticktrail.adapters.cron import cron_moments
from ticktrail.adapters.runs.process import run_started
from ticktrail.adapters.system import SystemClock, chance, environment, new_run_id, sleep
from ticktrail.core.host import set_host

if TYPE_CHECKING:
    from ticktrail.adapters.author_names import __all__ as _names
    from ticktrail.adapters.backtesting import BacktestResult, backtest
    from ticktrail.adapters.instance import DagsterInstance, instance_for_test
    from ticktrail.adapters.package_modules import *
    from ticktrail.core.authoring import *

    __all__ = list(_names)
    __all__ += ["BacktestResult", "DagsterInstance", "backtest", "instance_for_test"]

else:  # for a type checker, a name that is not above is an error
    _LOOKING_BACK = ("BacktestResult", "backtest")

    def __getattr__(name: str) -> object:
        """Load what is used first, and say what to use in place of a name of Dagster's that is not here."""
        if name in _LOOKING_BACK:
            from ticktrail.adapters import backtesting

            return getattr(backtesting, name)
        from ticktrail.adapters import author_names

        if name == "__all__":
            return [*author_names.__all__, *_LOOKING_BACK]
        if name in author_names.__all__:
            return globals().setdefault(name, getattr(author_names, name))
        from ticktrail.core.authoring.absent import absent

        raise absent(__name__, name)

    def __dir__() -> list[str]:
        """Return the names that there are, loaded or not."""
        return sorted({*globals(), *__getattr__("__all__")})


def _new_instance() -> "DagsterInstance":
    from ticktrail.adapters.instance import DagsterInstance

    return DagsterInstance.ephemeral()


set_host(SystemClock(), new_run_id, sleep, chance, environment, _new_instance, run_started, cron_moments)
