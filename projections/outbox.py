"""The outbox: runs that are owed or under way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from ..core.events import (
    AnyEvent,
    RunCanceled,
    RunFailed,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
)
from ..core.run_key_tries import try_of
from .fold import Fold, are_all


class OpenRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run that was requested and has not ended.

    Attributes:
        offset: Offset of its `RunRequested`.
        launched: Offset of the latest `RunLaunched`, None if it was never handed to a worker.
        started: Its `RunStarted`, None while no worker has claimed it.
        started_offset: Offset of its `RunStarted`.
    """

    offset: int
    request: RunRequested
    launched: int | None = None
    started: RunStarted | None = None
    started_offset: int | None = None


class Outbox(Fold):
    """The open runs, and which requests with a run key had runs that failed.

    Other ended runs are forgotten, so memory follows what is under way, and what has failed.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pending: dict[str, OpenRun] = {}
        self._running: dict[str, OpenRun] = {}
        self._failed_tries: dict[int, int] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            RunRequested: self._requested,
            RunLaunched: self._launched,
            RunStarted: self._started,
            RunSucceeded: self._ended,
            RunFailed: self._failed,
            RunCanceled: self._ended,
        }

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """See `Folded.take`. The requests of a tick, which may be a hundred thousand, are taken in at once."""
        picked = list(picked)
        if are_all(RunRequested, picked) and picked[0][0] >= self.checkpoint:
            requests: Any = picked
            self._pending |= {event.run: OpenRun(offset=offset, request=event) for offset, event in requests}
            picked = []
        super().take(picked, checkpoint)

    def pending(self) -> Iterator[OpenRun]:
        """Yield the runs that nobody has started, launched or not, in the order of their requests."""
        return iter(list(self._pending.values()))

    def running(self) -> Iterator[OpenRun]:
        """Yield the runs that are started and have not ended, in the order of their starts."""
        return iter(list(self._running.values()))

    def dump(self) -> bytes:
        """Return all open runs, to be kept."""
        return msgspec.msgpack.encode(
            (list(self._pending.values()), list(self._running.values()), self._failed_tries)
        )

    def load(self, dumped: bytes) -> None:
        """Take up what `dump` returned; the checkpoint is the caller's to set."""
        kind = tuple[list[OpenRun], list[OpenRun], dict[int, int]]
        pending, running, self._failed_tries = msgspec.msgpack.decode(dumped, type=kind)
        self._pending = {run.request.run: run for run in pending}
        self._running = {run.request.run: run for run in running}

    def request_of(self, run: str) -> RunRequested | None:
        """Return the request of an open run, None for any other."""
        found = self._pending.get(run) or self._running.get(run)
        return None if found is None else found.request

    def is_open(self, run: str) -> bool:
        """Whether the run was requested and has not ended."""
        return run in self._pending or run in self._running

    def start_of(self, run: str) -> RunStarted | None:
        """Return who claimed an open run, None while nobody has and for any other run."""
        found = self._running.get(run)
        return None if found is None else found.started

    def _requested(self, offset: int, event: RunRequested) -> None:
        self._pending[event.run] = OpenRun(offset=offset, request=event)

    def _launched(self, offset: int, event: RunLaunched) -> None:
        if (run := self._pending.get(event.run)) is not None:
            self._pending[event.run] = replace(run, launched=offset)

    def _started(self, offset: int, event: RunStarted) -> None:
        if (run := self._pending.pop(event.run, None)) is not None:
            self._running[event.run] = replace(run, started=event, started_offset=offset)

    def failed_try(self, offset: int) -> int | None:
        """Return which try of its run key a request was whose run has failed; None for any other."""
        return self._failed_tries.get(offset)

    def _failed(self, offset: int, event: RunFailed) -> None:
        run = self._pending.get(event.run) or self._running.get(event.run)
        if run is not None and run.request.run_key and run.request.sensor is not None:
            self._failed_tries[run.offset] = try_of(run.request)
        self._ended(offset, event)

    def _ended(self, offset: int, event: RunSucceeded | RunFailed | RunCanceled) -> None:
        self._pending.pop(event.run, None)
        self._running.pop(event.run, None)
