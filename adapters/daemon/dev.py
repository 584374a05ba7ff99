"""`ticktrail dev`: one engine on one home, in the foreground."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from importlib.metadata import version

from rich.console import Console

from ...core.authoring.sensor import SensorDefinition
from ...core.engine import Engine
from ...core.engine_parts import EngineSensor
from ...core.events import (
    AnyEvent,
    ConcurrencyLimitSet,
    RunCanceled,
    RunFailed,
    RunStarted,
    RunSucceeded,
)
from ...core.log import EventLog
from ...core.python_version import PYTHON
from ...core.run_queue import QueuedRun
from ...projections.blobs import Blobs
from ...projections.concurrency_limits import ConcurrencyLimits
from ...projections.dynamic_partitions import DynamicPartitions
from ...projections.outbox import OpenRun, Outbox
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..cyclic_gc import collect_rarely
from ..definitions_file import LoadedDefinitions
from ..folding import fold
from ..home import Home
from ..instance import DagsterInstance
from ..run_key_index import MappedRunKeyIndex
from ..run_key_index.errors import RunKeyIndexNoRoom
from ..runs.launcher import LocalLauncher
from ..state_snapshot import StateSnapshot
from ..system import SystemClock, new_run_id, new_run_ids
from ..tape import install, rebind_code, secrets
from .account import Account
from .driver import RETRY, TRYING_AGAIN, EngineDriver
from .evaluators import Evaluators

logger = logging.getLogger(__name__)

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
    with home.engine_lock(), ExitStack() as opened:
        log = home.log()
        opened.callback(log.close)
        account = Account(opened.enter_context(_json_stream()) if json else say, json=json)
        notes = Console(stderr=True, highlight=False, markup=False) if json else say
        return _Session(home, log, loaded, max_runs or os.cpu_count() or 1, account, notes).run()


@contextmanager
def _json_stream() -> Iterator[Console]:
    """Keep standard output for the account: what sensors print goes to standard error meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with open(kept, "w", encoding="utf-8", closefd=False) as file:
            yield Console(file=file)
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


class _Session:
    """The parts of one engine's life, wired."""

    def __init__(
        self,
        home: Home,
        log: EventLog,
        loaded: LoadedDefinitions,
        max_runs: int,
        account: Account,
        notes: Console,
    ) -> None:
        self._log, self._account, self._notes, self._where = log, account, notes, home.path
        self._states, self._outbox, self._partitions = SensorStates(), Outbox(), DynamicPartitions()
        self._limits, self._blobs = ConcurrencyLimits(), Blobs()
        self._index = _run_keys(home, log, self._note)
        self._run_keys = RunKeys(self._index)
        self._snapshot = StateSnapshot(
            home.states_path, log, self._states, self._outbox, self._partitions, self._limits, self._blobs
        )
        sensors, name = loaded.sensors, new_run_id()
        self._engine = Engine(
            log,
            states=self._states,
            run_keys=self._run_keys,
            open_runs=self._outbox,
            partitions=self._partitions,
            blobs=self._blobs,
            followers=[self._limits],
            sensors={name: _engine_sensor(sensor, loaded) for name, sensor in sensors.items()},
            clock=SystemClock(),
            new_ids=new_run_ids,
            name=name,
        )
        self._driver = EngineDriver(self._engine, log, tell=self._tell, complain=self._note)
        instance = DagsterInstance(log, writer=f"instance:{name}")
        tapes = home.tape_settings()
        secrets.use(tapes.secrets)
        self._evaluators = Evaluators(
            loaded.definitions, sensors, instance, self._driver.finish, tapes.limits
        )
        source = home.definitions
        assert source is not None
        self._launcher = LocalLauncher(home, source, max_runs=max_runs, report=self._driver.report)
        self._stopping = False

    def run(self) -> int:
        """Open the engine, drive it until a signal comes, close everything in order."""
        install()
        rebind_code()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._snapshot.restore()
        self._read_log()
        collect_rarely()
        step = self._engine.open(
            where=f"process {os.getpid()} on {socket.gethostname()}", release=version("ticktrail")
        )
        running = [(_queued(run), run.started) for run in self._outbox.running() if run.started is not None]
        self._launcher.start(running, self._limits.max_runs(), self._engine.head)
        for run in self._outbox.pending():
            self._launcher.offer(run.offset, run.request)
        self._greet()
        for first_offset, events in step.news:
            self._tell(first_offset, events)
        reason = self._driver.run(self._evaluators, self._launcher)
        left = self._launcher.stop(_RUN_GRACE)
        self._snapshot.save()
        self._index.save()
        self._index.close()
        self._note(f"stopped: {reason}{_going_on(left)}")
        return 0

    def _read_log(self) -> None:
        """Bring the read models up to the head before the engine does, where a person may watch it."""
        small = self._states, self._outbox, self._partitions, self._limits, self._blobs
        fold(self._log, self._run_keys, *small)

    def _greet(self) -> None:
        states = [self._states.get(name) for name in self._states.names()]
        defined = [state for state in states if state.defined]
        running = sum(state.running for state in defined)
        self._note(
            f"ticktrail {version('ticktrail')} on {self._where}: {running} of {len(defined)} sensors running; "
            "stop with Ctrl-C"
        )
        if defined and not running:
            self._note("nothing ticks until you start a sensor: `ticktrail sensor start NAME`")

    def _note(self, text: str) -> None:
        with _unless_the_reader_is_gone():
            self._notes.print(text, soft_wrap=True)

    def _tell(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        for offset, event in enumerate(events, first_offset):
            if isinstance(event, RunStarted | RunSucceeded | RunFailed | RunCanceled | ConcurrencyLimitSet):
                self._launcher.heed(offset, event)
        with _unless_the_reader_is_gone():
            self._account.tell(first_offset, events)
        self._snapshot.save_if_due()

    def _stop(self, number: int, _: object) -> None:
        """Stop on the first signal; from the second on, wait for no tick and no run."""
        if self._stopping:
            self._launcher.hurry()
        self._stopping = True
        self._driver.stop(signal.Signals(number).name)


def _run_keys(home: Home, log: EventLog, complain: Callable[[str], None]) -> MappedRunKeyIndex:
    """Open the run-key index; while the disk has no room for it, try again as the engine does for its log."""
    told = False
    while True:
        try:
            return home.run_keys(log)
        except RunKeyIndexNoRoom as error:
            if not told:
                complain(f"{error}; {TRYING_AGAIN}")
            told = True
            time.sleep(RETRY)


@contextmanager
def _unless_the_reader_is_gone() -> Iterator[None]:
    """Go on although nothing can be written for people; the log is what counts.

    A full disk stops the engine's account together with its log, and only the log waits for room.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        logger.debug("the account could not be written: %s", error)


def _queued(run: OpenRun) -> QueuedRun:
    return QueuedRun(run.offset, run.request.run, run.request.job, run.request.tags)


def _going_on(runs: int) -> str:
    if runs == 1:
        return "; 1 run goes on in its own process"
    return f"; {runs} runs go on in their own processes" if runs else ""


def _engine_sensor(sensor: SensorDefinition, loaded: LoadedDefinitions) -> EngineSensor:
    return EngineSensor(
        name=sensor.name,
        kind=sensor.kind,
        interval=sensor.interval_seconds,
        default_status=sensor.default_status.value,
        fingerprint=loaded.fingerprints[sensor.name],
        source=_digest(loaded.sources[sensor.name]),
        timeout=sensor.evaluation_timeout_seconds,
        least_gap=sensor.least_gap_seconds,
        wake_up=sensor.wake_up(loaded.definitions.get_repository_def()),
        polls=sensor.polls,
        cron_schedule=sensor.cron_text,
        timezone=sensor.timezone,
        moments=sensor.moments,
        limits=sensor.limits,
        run_key_policy=sensor.run_key_policy,
        record=sensor.record,
        python=PYTHON,
    )


def _digest(source: str | None) -> str | None:
    return None if source is None else blake2b(source.encode(), digest_size=16).hexdigest()
