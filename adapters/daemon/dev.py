"""`ticktrail dev`: one engine on one home, in the foreground."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Sequence
from hashlib import blake2b
from importlib.metadata import version

from rich.console import Console

from ...core.authoring.sensor import SensorDefinition
from ...core.engine import Engine, EngineSensor
from ...core.events import AnyEvent, RunCanceled, RunFailed, RunStarted, RunSucceeded
from ...core.log import EventLog
from ...projections.outbox import Outbox
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..definitions_file import LoadedDefinitions
from ..home import Home
from ..runs.launcher import LocalLauncher
from ..system import SystemClock, new_run_id
from .account import Account
from .driver import EngineDriver
from .evaluators import Evaluators

#: Seconds that runs get to end when the engine stops; after that they go on without it.
_RUN_GRACE = 10.0


def run(home: Home, loaded: LoadedDefinitions, *, max_runs: int | None, json: bool, say: Console) -> int:
    """Run the engine until SIGINT or SIGTERM.

    Args:
        max_runs: How many runs go on at once; None for as many as there are cores.
        say: Where the account is written.

    Returns:
        The exit code, 0.

    Raises:
        EngineRunning: Another engine holds the home.
        EngineSuperseded: Another engine took the log over.
    """
    with home.engine_lock():
        log = home.log()
        try:
            return _Session(
                home, log, loaded, max_runs or os.cpu_count() or 1, Account(say, json=json), say
            ).run()
        finally:
            log.close()


class _Session:
    """The parts of one engine's life, wired."""

    def __init__(
        self,
        home: Home,
        log: EventLog,
        loaded: LoadedDefinitions,
        max_runs: int,
        account: Account,
        say: Console,
    ) -> None:
        self._account, self._say = account, say
        self._index, self._outbox = home.run_keys(log.head()), Outbox()
        sensors = {sensor.name: sensor for sensor in loaded.definitions.sensors}
        self._engine = Engine(
            log,
            states=SensorStates(),
            run_keys=self._index,
            run_key_fold=RunKeys(self._index),
            open_runs=self._outbox,
            sensors={name: _engine_sensor(sensor, loaded) for name, sensor in sensors.items()},
            clock=SystemClock(),
            new_id=new_run_id,
            name=new_run_id(),
        )
        self._driver = EngineDriver(self._engine, log, tell=self._tell, complain=say.print)
        self._evaluators = Evaluators(loaded.definitions, sensors, self._driver.finish)
        source = home.definitions
        assert source is not None
        self._launcher = LocalLauncher(
            home,
            source,
            max_runs=max_runs,
            head=lambda: self._engine.head,
            report=self._driver.report,
        )

    def run(self) -> int:
        """Open the engine, drive it until a signal comes, close everything in order."""
        step = self._engine.open(
            where=f"process {os.getpid()} on {socket.gethostname()}", release=version("ticktrail")
        )
        self._stop_on_signals()
        self._launcher.start()
        for run in self._outbox.running():
            if run.started is not None:
                self._launcher.heed(run.started)
        for run in self._outbox.pending():
            self._launcher.offer(run.offset, run.request)
        for first_offset, events in step.news:
            self._tell(first_offset, events)
        reason = self._driver.run(self._evaluators, self._launcher)
        left = self._launcher.stop(_RUN_GRACE)
        self._index.save()
        self._index.close()
        runs = f"; {left} runs go on in their own processes" if left else ""
        self._say.print(f"stopped: {reason}{runs}")
        return 0

    def _tell(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        for event in events:
            if isinstance(event, RunStarted | RunSucceeded | RunFailed | RunCanceled):
                self._launcher.heed(event)
        self._account.tell(first_offset, events)

    def _stop_on_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda signum, _: self._driver.stop(signal.Signals(signum).name))


def _engine_sensor(sensor: SensorDefinition, loaded: LoadedDefinitions) -> EngineSensor:
    return EngineSensor(
        name=sensor.name,
        kind=sensor.sensor_type.value,
        interval=sensor.interval_seconds,
        default_status=sensor.default_status.value,
        fingerprint=loaded.fingerprints[sensor.name],
        source=_digest(loaded.sources[sensor.name]),
        timeout=sensor.evaluation_timeout_seconds,
    )


def _digest(source: str | None) -> str | None:
    return None if source is None else blake2b(source.encode(), digest_size=16).hexdigest()
