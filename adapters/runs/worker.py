"""One run in its own process: claim it, execute it, say how it ended."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from threading import Lock

from ...core.errors import LogConflict, LogUnavailable, TickTrailError
from ...core.events import (
    AnyEvent,
    RunCanceled,
    RunFailed,
    RunRequested,
    RunStarted,
    RunSucceeded,
    StepLogged,
)
from ...core.execution import execute_job
from ...core.log import EventLog
from ..definitions_file import LoadedDefinitions
from ..home import Home
from ..instance import DagsterInstance
from ..system import SystemClock, chance, sleep
from .pickled_values import PickledValues
from .process import run_started

#: Log lines that are gathered before they are appended; marks of a step's course do not wait.
_LINES = 200

#: Seconds between two attempts to append while the storage refuses.
_RETRY = 1.0


class RunWriter:
    """Appends what a run says. Log lines are gathered until something that matters is said.

    While the storage refuses it waits: what a run has done is not undone by a full disk. A step's own
    threads may use it too.
    """

    def __init__(self, log: EventLog, run: str) -> None:
        self._log, self._clock, self._writer = log, SystemClock(), f"run:{run}"
        self._run, self._process, self._known = run, os.getpid(), 0
        self._gathered: list[AnyEvent] = []
        self._lock = Lock()

    def emit(self, event: AnyEvent) -> None:
        """Take an event; when one that is no log line has been taken, all so far are durable."""
        # Before the lock, which a thread of the parent may have held when the child was forked.
        self._end_forked_child()
        with self._lock:
            self._gathered.append(event)
            if not isinstance(event, StepLogged) or event.kind != "LOG" or len(self._gathered) >= _LINES:
                batch, self._gathered = self._gathered, []
                self._append(batch)

    def claim(self, started: RunStarted, since: int) -> bool:
        """Append *started* unless the run was claimed or given up before.

        Args:
            since: An offset up to which the run is known to be unclaimed.
        """
        self._known = since
        while (claimed := self._try_to_claim(started)) is None:
            pass
        return claimed

    def _try_to_claim(self, started: RunStarted) -> bool | None:
        """Claim the run at the head; None if it has to be tried once more."""
        try:
            for frame in self._log.read(self._known):
                for event in frame.events:
                    if _ends_the_wish(event, self._run):
                        # Ours, if the storage reported an error for it and stored it all the same.
                        return event == started
                self._known = frame.next_offset
            now = self._clock.now()
            first = self._log.append([started], expected=self._known, recorded_at=now, writer=self._writer)
        except LogConflict:
            return None
        except LogUnavailable as error:
            self._pause(error)
            return None
        self._known = first + 1
        return True

    def _append(self, events: Sequence[AnyEvent]) -> None:
        now, refused = self._clock.now(), False
        while True:
            try:
                if refused and self._is_stored(events):
                    return
                first = self._log.append(events, expected=None, recorded_at=now, writer=self._writer)
            except LogUnavailable as error:
                refused = True
                self._pause(error)
            else:
                self._known = first + len(events)
                return

    def _is_stored(self, events: Sequence[AnyEvent]) -> bool:
        """Whether an append that the storage reported an error for was stored all the same."""
        ours = [
            event
            for frame in self._log.read(self._known)
            if frame.writer == self._writer
            for event in frame.events
        ]
        # What steps report through their instance has the same writer, and lies between appends of ours.
        places = range(len(ours) - len(events) + 1)
        return any(ours[place : place + len(events)] == list(events) for place in places)

    def _pause(self, error: LogUnavailable) -> None:
        sys.stderr.write(f"{error}; trying again in {_RETRY:g} s\n")
        sys.stderr.flush()
        time.sleep(_RETRY)

    def _end_forked_child(self) -> None:
        """End a child process that a step forked and that came back here: the parent tells of the run."""
        if os.getpid() != self._process:
            os.write(2, b"a step forked, and the child came back from the step's function: it ends here\n")
            os._exit(70)


def work(home: Home, loaded: LoadedDefinitions, run: str, cause: int, since: int) -> int:
    """Execute a run in this process, whose output goes to the run's folder from now on.

    Args:
        cause: Offset of the `RunRequested`.
        since: An offset up to which the run is known to be unclaimed.

    Returns:
        The exit code: 0 when the log knows how the run ended, or when it belongs to another.
    """
    _redirect_output(home, run)
    log = home.log()
    try:
        return _work(log, home, loaded, run, cause, since)
    except TickTrailError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        log.close()
        sys.stdout.flush()
        sys.stderr.flush()


def _work(log: EventLog, home: Home, loaded: LoadedDefinitions, run: str, cause: int, since: int) -> int:
    request = next(frame.events[0] for frame in log.read(cause, cause + 1))
    if not isinstance(request, RunRequested) or request.run != run:
        raise TickTrailError(f"offset {cause} holds no request of run {run}, but {request!r}")
    writer = RunWriter(log, run)
    if not writer.claim(run_started(run, cause), since):
        sys.stderr.write(f"run {run} was claimed by another process: nothing to do here\n")
        return 0
    instance = DagsterInstance(log, writer=f"run:{run}", actor=None, run=run)
    writer.emit(_execute(writer, home, loaded, request, cause, instance))
    return 0


def _execute(
    writer: RunWriter,
    home: Home,
    loaded: LoadedDefinitions,
    request: RunRequested,
    cause: int,
    instance: DagsterInstance,
) -> RunSucceeded | RunFailed:
    clock, run = SystemClock(), request.run
    try:
        job = loaded.definitions.get_job_def(request.job)
        outcome = execute_job(
            job,
            run_id=run,
            run_config=request.run_config,
            tags=request.tags,
            asset_selection=request.asset_selection,
            emit=writer.emit,
            clock=clock,
            sleep=sleep,
            chance=chance,
            kept=PickledValues(home.storage_path),
            instance=instance,
        )
    except TickTrailError as error:
        return RunFailed(at=clock.now(), run=run, cause=cause, error=f"{type(error).__name__}: {error}")
    if outcome.error is None:
        return RunSucceeded(at=clock.now(), run=run, cause=cause)
    return RunFailed(
        at=clock.now(),
        run=run,
        cause=cause,
        error=outcome.error,
        step=outcome.step,
        traceback=outcome.traceback,
    )


def _ends_the_wish(event: AnyEvent, run: str) -> bool:
    return isinstance(event, RunStarted | RunFailed | RunCanceled) and event.run == run


def _redirect_output(home: Home, run: str) -> None:
    folder = home.run_folder(run, create=True)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(target, descriptor)
        os.close(target)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
