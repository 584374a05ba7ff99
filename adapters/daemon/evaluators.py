"""The threads that evaluate sensors: as many as it takes for none to wait for another."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue

from ...core.authoring.definitions import Definitions
from ...core.authoring.sensor import SensorDefinition
from ...core.decision import FinishedTick
from ...core.engine_parts import Ticket
from ...core.evaluation import evaluate
from ...core.instance import Instance
from ...core.tape import Recorder, under
from ...core.tape.limits import TapeLimits
from ...core.tick_context import tick_context
from .last_tapes import LastTapes

#: Threads kept when there is nothing to do.
_BASE = 2

#: A queue that does not move for this long (seconds) has all its threads in slow sensors.
STALL = 0.005

#: Seconds after which an idle thread above the base ends.
_IDLE = 10.0


class Evaluators:
    """Evaluates tickets in threads; a sensor that waits or hangs holds up only its own thread."""

    def __init__(
        self,
        definitions: Definitions,
        sensors: Mapping[str, SensorDefinition],
        instance: Instance,
        done: Callable[[FinishedTick], None],
        limits: TapeLimits,
    ) -> None:
        """Take the sensors, what they find in ``context.instance``, and how much their tapes may have.

        *done* is called from the evaluating thread.
        """
        self._definitions, self._sensors, self._done = definitions, sensors, done
        self._instance, self._limits = instance, limits
        self._queue: SimpleQueue[Ticket] = SimpleQueue()
        self._threads = 0
        self._taken = 0
        self._looked, self._taken_at_last_look = 0.0, -1
        self._lock = threading.Lock()
        self._last_tapes = LastTapes()

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Evaluate *tickets* as soon as threads are free."""
        for ticket in tickets:
            self._queue.put(ticket)
        if tickets and self._threads < _BASE:
            self._add(_BASE - self._threads)

    @property
    def waiting(self) -> bool:
        """Whether a ticket waits for a thread: then `tend` is to be called every `STALL` seconds or so."""
        return not self._queue.empty()

    def watch(self) -> None:
        """Begin to look for a stall: from now on nobody but the evaluators has work to do."""
        self._looked, self._taken_at_last_look = time.monotonic(), self._taken

    def tend(self) -> None:
        """Double the threads if nothing was taken from the queue for `STALL` seconds; call it any time."""
        now = time.monotonic()
        if self._taken != self._taken_at_last_look or not self.waiting:
            self._looked, self._taken_at_last_look = now, self._taken
        elif now - self._looked >= STALL:
            self._add(min(self._threads, self._queue.qsize()))
            self._looked = now

    def _add(self, count: int) -> None:
        with self._lock:
            self._threads += count
        for _ in range(count):
            threading.Thread(target=self._work, name="ticktrail-evaluator", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                ticket = self._queue.get(timeout=_IDLE)
            except Empty:
                with self._lock:
                    if self._threads > _BASE:
                        self._threads -= 1
                        return
                continue
            self._taken += 1
            self._done(self._evaluate(ticket))

    def _evaluate(self, ticket: Ticket) -> FinishedTick:
        process = os.getpid()
        started = time.monotonic()
        sensor = self._sensors[ticket.sensor]
        context = tick_context(sensor, ticket.state, ticket.scheduled_for, self._definitions, self._instance)
        last = self._last_tapes.take(ticket.sensor)
        recorder = Recorder(last, self._limits) if sensor.record else None
        with under(recorder):
            evaluation = evaluate(sensor, context, self._definitions)
        if os.getpid() != process:
            _end_forked_child(ticket.sensor)
        tape = None if recorder is None else recorder.tape()
        if tape is not None:
            self._last_tapes.keep(ticket.sensor, tape)
        return FinishedTick(
            tick=ticket.tick,
            sensor=ticket.sensor,
            evaluation=evaluation,
            duration=time.monotonic() - started,
            tape=tape,
        )


def _end_forked_child(sensor: str) -> None:
    """End a child process that a sensor forked and that came back here: the parent decides alone."""
    said = (
        f"sensor {sensor!r} forked, and the child returned from the sensor's function: the child ends here; "
        "end forked children inside the function, with os._exit\n"
    )
    # Not through sys.stderr: another thread may have held its lock at the fork.
    os.write(2, said.encode())
    os._exit(70)
