"""The loop that drives the engine: waits, lets it append, hands out what became durable."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ...core.decision import FinishedTick
from ...core.engine import Engine
from ...core.engine_parts import RunReport, Step
from ...core.errors import LogUnavailable
from ...core.events import AnyEvent, RunRequested, RunStarted
from ...core.log import EventLog
from .evaluators import STALL, Evaluators
from .wake import Wake

#: Seconds between two attempts while the storage refuses, and what people are told then.
RETRY = 1.0
TRYING_AGAIN = f"trying again every {RETRY:g} s, nothing is lost meanwhile"

#: Seconds that the loop sleeps at most. A signal that comes just as the thread goes to sleep, or that the system
#: hands to another thread, does not wake it; its handler runs when it wakes.
HEED = 0.5

#: Seconds that ticks in flight get to end when the engine is told to stop.
GRACE = 5.0


class Launcher(Protocol):
    """Starts runs, each at least once; that it starts once is the worker's claim."""

    def offer(self, cause: int, request: RunRequested) -> None:
        """Start the run as soon as there is room."""

    def offer_again(self, cause: int) -> None:
        """Start a run again whose worker was lost before it claimed the run."""


class EngineDriver:
    """Runs an opened engine on the calling thread until `stop`."""

    def __init__(
        self,
        engine: Engine,
        log: EventLog,
        *,
        tell: Callable[[int, Sequence[AnyEvent]], None],
        complain: Callable[[str], None],
    ) -> None:
        """Take the engine and its log.

        Args:
            tell: Given everything that became durable, as (first offset, events), in order.
            complain: Given one line when the storage refuses, and one when it works again.
        """
        self._engine, self._log, self._tell, self._complain = engine, log, tell, complain
        self._wake = Wake()
        self._others_appended = True
        self._stop: str | None = None
        self._hurry = False
        self._thread = threading.get_ident()

    def stop(self, reason: str) -> None:
        """Ask the loop to end; asked again, it waits for no tick in flight.

        Safe from any thread and from a signal handler.
        """
        self._hurry = self._stop is not None
        self._stop = reason
        self._wake.ring()

    def finish(self, finished: FinishedTick) -> None:
        """Hand an evaluation in, from any thread."""
        self._engine.finish(finished)
        self._wake.ring()

    def report(self, report: RunReport) -> None:
        """Hand a launcher's report in, from any thread."""
        self._engine.report(report)
        self._wake.ring()

    def run(self, evaluators: Evaluators, launcher: Launcher) -> str:
        """Drive the engine until it is told to stop.

        Returns:
            The reason given to `stop`.

        Raises:
            EngineSuperseded: Another engine took the log over.
        """
        self._thread = threading.get_ident()
        subscription = self._log.subscribe(self._appended)
        try:
            while self._stop is None:
                self._take(self._attempt(self._engine.run_once), evaluators, launcher)
                self._wait(evaluators)
            self._wind_down(evaluators, launcher)
            return self._stop
        finally:
            subscription.close()

    def _appended(self) -> None:
        if threading.get_ident() != self._thread:
            self._others_appended = True
            self._wake.ring()

    def _wait(self, evaluators: Evaluators) -> None:
        until = self._engine.wait_until()
        timeout = HEED if until is None else min(max(until - time.monotonic(), 0.0), HEED)
        if evaluators.waiting:
            timeout = min(timeout, STALL)
        # While this thread decides, evaluators hardly get to run: that is no stall of theirs.
        evaluators.watch()
        self._wake.wait(timeout)
        evaluators.tend()

    def _attempt(self, act: Callable[[], Step]) -> Step:
        """Call *act* at the head, again and again while the storage refuses; nothing gets lost by it."""
        refused = False
        while True:
            try:
                if self._others_appended:
                    self._others_appended = False
                    self._engine.catch_up()
                step = act()
            except LogUnavailable as error:
                if self._stop is not None:
                    raise
                if not refused:
                    self._complain(f"{error}; {TRYING_AGAIN}")
                refused = self._others_appended = True
                self._pause(RETRY)
                continue
            if refused:
                self._complain("the log can be written again")
            return step

    def _pause(self, seconds: float) -> None:
        """Wait, whatever happens meanwhile, unless told to stop."""
        end = time.monotonic() + seconds
        while self._stop is None and (left := end - time.monotonic()) > 0:
            self._wake.wait(left)

    def _take(self, step: Step, evaluators: Evaluators, launcher: Launcher) -> None:
        evaluators.submit(step.tickets)
        for cause in step.unclaimed:
            launcher.offer_again(cause)
        for first_offset, events in step.news:
            for offset, request in owed_runs(first_offset, events):
                launcher.offer(offset, request)
            self._tell(first_offset, events)

    def _wind_down(self, evaluators: Evaluators, launcher: Launcher) -> None:
        """Let ticks in flight end, for a while; what does not end is marked as interrupted."""
        deadline = time.monotonic() + GRACE
        while self._engine.in_flight and not self._hurry and time.monotonic() < deadline:
            self._take(self._engine.run_once(start_ticks=False), evaluators, launcher)
            if self._engine.in_flight:
                self._wake.wait(0.05)
                evaluators.tend()
        self._engine.catch_up()
        self._take(self._engine.run_once(start_ticks=False), evaluators, launcher)
        self._take(self._engine.close(self._stop or ""), evaluators, launcher)


def owed_runs(first_offset: int, events: Sequence[AnyEvent]) -> Iterator[tuple[int, RunRequested]]:
    """Yield the requests among *events*, with their offsets, of runs that nobody has claimed.

    A run in process is asked for and claimed in one append.
    """
    claimed = {event.run for event in events if type(event) is RunStarted}
    for offset, event in enumerate(events, first_offset):
        if type(event) is RunRequested and event.run not in claimed:
            yield offset, event
