"""The local launcher: starts requested runs in worker processes, a bounded number at a time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue

import msgspec

from ...core.engine_parts import RunReport
from ...core.events import (
    ConcurrencyLimitSet,
    RunCanceled,
    RunFailed,
    RunRequested,
    RunStarted,
    RunSucceeded,
)
from ...core.run_limits import ALL_RUNS
from ...core.run_queue import QueuedRun, RunQueue
from ..home import DefinitionsSource, Home
from .host import Exited, Launch, NotStarted, Ready
from .process import describe_exit, is_alive

#: Seconds between two looks at workers that are not children of our run host.
_LOOK = 0.25

#: How often a run is launched whose worker dies before it claims the run.
_ATTEMPTS = 3

#: A run that goes on without our having been asked to start it.
_UNKNOWN = QueuedRun(cause=-1, run="", job="", tags={})

#: Our ends of run hosts' standard inputs.
_inputs: set[int] = set()


def _close_inputs_in_child() -> None:
    """A child that a sensor forked must not keep a run host alive, which ends with its input."""
    for descriptor in _inputs:
        os.close(descriptor)
    _inputs.clear()


os.register_at_fork(after_in_child=_close_inputs_in_child)


class _Again(msgspec.Struct):
    cause: int


class _Heard(msgspec.Struct):
    offset: int
    event: RunStarted | RunSucceeded | RunFailed | RunCanceled | ConcurrencyLimitSet


class _HostGone(msgspec.Struct):
    host: subprocess.Popen[bytes]


class _Stop(msgspec.Struct):
    deadline: float


class LocalLauncher:
    """Starts each offered run in a worker process; tells how it went through *report*.

    Runs are started in the order of their queue, see `RunQueue`. A run may be offered, and started, again: the
    worker's claim in the log lets only the first one execute. Workers live on when this process
    ends, and the next launcher watches over them.
    """

    def __init__(
        self,
        home: Home,
        source: DefinitionsSource,
        *,
        max_runs: int,
        report: Callable[[RunReport], None],
    ) -> None:
        """Take the parts; nothing starts before `start`.

        Args:
            max_runs: How many workers run at once, >= 1, unless there is a limit for all runs.
            report: Called from the launcher's thread.
        """
        self._home, self._source, self._max_runs = home, source, max_runs
        self._queue = RunQueue({ALL_RUNS: max_runs})
        self._busy_runs: dict[str, QueuedRun] = {}
        self._report, self._heard = report, 0
        self._inbox: SimpleQueue[object] = SimpleQueue()
        self._launched: dict[str, QueuedRun] = {}
        self._started: dict[str, RunStarted] = {}
        self._ended: set[str] = set()
        self._lost: dict[int, tuple[QueuedRun, int]] = {}
        self._host: subprocess.Popen[bytes] | None = None
        self._host_ready: bool | None = None
        self._problem: str | None = None
        self._stopping: _Stop | None = None
        self._looked = 0.0
        self._thread = threading.Thread(target=self._manage, name="ticktrail-launcher", daemon=True)

    # --- from other threads ------------------------------------------------------------------

    def start(
        self, running: Iterable[tuple[QueuedRun, RunStarted]], limits: Mapping[str, int], head: int
    ) -> None:
        """Begin; the run host starts loading the definitions at once.

        Args:
            running: The runs that go on from before.
            limits: How many runs may go on at once, by the name of the limit.
            head: The offset up to which *running* and *limits* are all that is known.
        """
        for name, max_runs in limits.items():
            self._queue.set_limit(name, max_runs)
        for queued, started in running:
            self._started[started.run], self._busy_runs[started.run] = started, queued
        self._heard = head
        self._thread.start()

    def offer(self, cause: int, request: RunRequested) -> None:
        """Start the run as soon as there is room."""
        self._inbox.put(QueuedRun(cause, request.run, request.job, request.tags))

    def offer_again(self, cause: int) -> None:
        """Start the run once more whose loss was reported; no worker had claimed it."""
        self._inbox.put(_Again(cause))

    def heed(
        self, offset: int, event: RunStarted | RunSucceeded | RunFailed | RunCanceled | ConcurrencyLimitSet
    ) -> None:
        """Take note of what the log says of a run, or of limits; to be told in the order of the log."""
        self._inbox.put(_Heard(offset, event))

    def stop(self, grace: float) -> int:
        """Start nothing more, wait up to *grace* seconds for workers, and end.

        Returns:
            How many workers still run; they go on without us.
        """
        self._inbox.put(_Stop(time.monotonic() + grace))
        self._thread.join()
        return len(self._busy())

    def hurry(self) -> None:
        """Let `stop` wait no longer; safe from a signal handler."""
        self._inbox.put(_Stop(0.0))

    # --- the launcher's thread ---------------------------------------------------------------

    def _manage(self) -> None:
        self._start_host()
        while self._stopping is None or (self._busy() and time.monotonic() < self._stopping.deadline):
            self._take(self._next_message())
            if self._watching() and time.monotonic() - self._looked >= _LOOK:
                self._look_after_orphans()
            if self._stopping is None:
                self._fill()
        self._end_host()

    def _next_message(self) -> object:
        """Wait for a message, None if there is something else to do."""
        try:
            return self._inbox.get(timeout=_LOOK if self._watching() or self._stopping else None)
        except Empty:
            return None

    def _take(self, message: object) -> None:
        match message:
            case QueuedRun():
                self._queue.add(message)
            case _Again():
                self._queue.add(self._lost[message.cause][0])
            case _Heard(_, ConcurrencyLimitSet() as event):
                lifted = self._max_runs if event.limit == ALL_RUNS else None
                self._queue.set_limit(event.limit, lifted if event.max_runs is None else event.max_runs)
            case _Heard(offset, RunStarted() as event):
                queued = self._hear(offset, event.run)
                self._started[event.run] = event
                if queued is not None:
                    self._busy_runs[event.run] = queued
            case _Heard(offset, RunSucceeded() | RunFailed() | RunCanceled() as event):
                self._hear(offset, event.run)
                self._forget(event.run, event.cause)
            case Ready():
                self._host_ready = message.problem is None
                self._problem = message.problem
            case Exited():
                self._exited(message)
            case NotStarted():
                why = f"no process could be started for it: {message.problem}"
                self._give_up(self._launched.pop(message.run), why)
            case _HostGone():
                self._host_gone(message.host)
            case _Stop():
                self._stopping = message
                self._queue.clear()

    def _hear(self, offset: int, run: str) -> QueuedRun | None:
        """Know the log up to *offset*, and what waits here as not claimed: a run that was waits no longer."""
        self._heard = offset + 1
        return self._queue.discard(run)

    def _fill(self) -> None:
        if self._host is None and self._queue and self._problem is None:
            self._start_host()
        if self._problem is not None:
            for waiting in self._queue.drain():
                self._give_up(waiting, f"the run host could not start: {self._problem}")
            self._problem = None
        while self._host_ready and (offer := self._next_offer()) is not None:
            self._launch(offer)

    def _next_offer(self) -> QueuedRun | None:
        if not self._queue:
            return None
        # Of a run that somebody else asked for and claimed at once nothing is known but that it is one.
        return self._queue.next(self._busy_runs.get(run, _UNKNOWN) for run in self._busy())

    def _launch(self, offer: QueuedRun) -> None:
        run = offer.run
        # Told first: when the host is gone the offer waits here until its end is noticed.
        self._launched[run] = self._busy_runs[run] = offer
        self._report(RunReport(run=run, cause=offer.cause, launcher=f"local@{socket.gethostname()}"))
        self._write(Launch(run=run, cause=offer.cause, since=self._heard))

    def _exited(self, exited: Exited) -> None:
        offer, worker = self._launched.pop(exited.run), (socket.gethostname(), exited.pid)
        started = self._started.get(exited.run)
        if exited.run in self._ended or (started is not None and (started.host, started.pid) == worker):
            self._started.pop(exited.run, None)
        if exited.run in self._ended:
            self._ended.discard(exited.run)
        else:
            self._give_up(offer, describe_exit(exited.pid, exited.status), worker)

    def _give_up(self, offer: QueuedRun, why: str, worker: tuple[str, int] | None = None) -> None:
        """Say that this worker is gone; the engine knows whether its run has ended, or is another's."""
        attempts = self._lost.get(offer.cause, (offer, 0))[1] + 1
        self._lost[offer.cause] = offer, attempts
        again = attempts < _ATTEMPTS
        self._report(RunReport(run=offer.run, cause=offer.cause, lost=why, worker=worker, again=again))

    def _busy(self) -> set[str]:
        """The runs that have, or may have, a process."""
        busy = self._launched.keys() | self._started.keys()
        for run in self._busy_runs.keys() - busy:
            del self._busy_runs[run]
        return busy

    def _forget(self, run: str, cause: int) -> None:
        """Drop what is kept of an ended run; a child of ours keeps its place until it has exited."""
        self._lost.pop(cause, None)
        if run in self._launched:
            self._ended.add(run)
        else:
            self._started.pop(run, None)

    # --- workers whose host is gone ----------------------------------------------------------

    def _watching(self) -> bool:
        return any(run not in self._launched for run in self._started)

    def _look_after_orphans(self) -> None:
        here, self._looked = socket.gethostname(), time.monotonic()
        for run, started in list(self._started.items()):
            if run in self._launched or started.host != here:
                continue
            if not is_alive(started.pid, started.process_started):
                del self._started[run]
                why = f"its process {started.pid} on {here} is gone"
                worker = (here, started.pid)
                self._report(RunReport(run=run, cause=started.cause, lost=why, worker=worker))

    # --- the run host ------------------------------------------------------------------------

    def _start_host(self) -> None:
        kind = "file" if self._source.file else "module"
        where = self._source.file or self._source.module or ""
        command = [sys.executable, "-m", "ticktrail.adapters.runs.host", str(self._home.path), kind, where]
        self._host = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._source.folder,
            start_new_session=True,
        )
        assert self._host.stdin is not None
        _inputs.add(self._host.stdin.fileno())
        self._host_ready = None
        threading.Thread(
            target=self._listen, args=(self._host,), name="ticktrail-replies", daemon=True
        ).start()

    def _listen(self, host: subprocess.Popen[bytes]) -> None:
        assert host.stdout is not None
        for line in host.stdout:
            self._inbox.put(msgspec.json.decode(line, type=Ready | Exited | NotStarted))
        self._inbox.put(_HostGone(host))

    def _write(self, launch: Launch) -> None:
        assert self._host is not None and self._host.stdin is not None
        try:
            self._host.stdin.write(msgspec.json.encode(launch) + b"\n")
            self._host.stdin.flush()
        except BrokenPipeError:
            # Its end is on its way to the inbox, and brings the offer back.
            return

    def _host_gone(self, host: subprocess.Popen[bytes]) -> None:
        """Offer again what no worker has claimed; watch over the workers that have."""
        host.wait()
        if host is not self._host:
            return
        self._end_host()
        if self._host_ready is None:
            self._problem = f"it ended with exit code {host.returncode} while it loaded the definitions"
        self._host, self._host_ready = None, None
        unclaimed = [offer for run, offer in self._launched.items() if run not in self._started]
        for offer in unclaimed:
            self._queue.add(offer)
        for run in self._ended:
            self._started.pop(run, None)
        self._launched.clear()
        self._ended.clear()

    def _end_host(self) -> None:
        if self._host is not None and self._host.stdin is not None and not self._host.stdin.closed:
            _inputs.discard(self._host.stdin.fileno())
            # What it was told last may still wait in our buffer; a host that is gone cannot take it.
            with suppress(BrokenPipeError):
                self._host.stdin.close()
