"""Named points at which a process of the engine kills itself with -9, planted from outside.

Set ``TICKTRAIL_CRASH`` to a folder. ``odds.json`` in it maps names of points to probabilities; each
kill is noted in ``kills``, each acknowledged append in ``acks``, before the process goes on or dies.
The program under test knows nothing of this.
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from eventsourcing.sqlite import SQLiteApplicationRecorder

from ticktrail.adapters.daemon.evaluators import Evaluators
from ticktrail.adapters.event_log.recorder import RecorderLog
from ticktrail.adapters.runs import worker
from ticktrail.adapters.runs.launcher import LocalLauncher

FOLDER = Path(os.environ.get("TICKTRAIL_CRASH", "."))

#: Every point, and where it lies.
POINTS = {
    "engine: before an append": "decided, nothing written",
    "engine: inside the transaction": "rows inserted, not committed",
    "engine: after an append": "durable and acknowledged, nothing handed out",
    "engine: before an evaluation": "the tick's start is durable",
    "engine: after an evaluation": "the result is not decided on",
    "launcher: before a launch": "the run is owed, nobody told the host",
    "launcher: after a launch": "the host was told",
    "host: before a fork": "the host takes its queue along",
    "worker: before the claim": "the process is there, the log does not know",
    "worker: inside the transaction": "rows inserted, not committed",
    "worker: after the claim": "claimed, nothing executed",
    "worker: after the steps": "executed, the end is not written",
    "worker: after the end": "the end is durable, the process has not ended",
}


def maybe_die(point: str) -> None:
    """Kill this process with the point's probability."""
    if random.random() < _odds().get(point, 0.0):
        note("kills", point)
        os.kill(os.getpid(), signal.SIGKILL)


def note(name: str, line: str) -> None:
    """Add a line to a file that several processes write."""
    descriptor = os.open(FOLDER / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, line.encode() + b"\n")
    os.close(descriptor)


def content_digest(events: Sequence[Any]) -> str:
    """Return a digest of what the events say."""
    return blake2b(msgspec.msgpack.encode(list(events)), digest_size=12).hexdigest()


@functools.cache
def _odds() -> dict[str, float]:
    odds: dict[str, float] = json.loads((FOLDER / "odds.json").read_text())
    return odds


def _around(owner: Any, name: str, before: str | None, after: str | None) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if before:
            maybe_die(before)
        result = original(*arguments, **options)
        if after:
            maybe_die(after)
        return result

    setattr(owner, name, wrapped)


def _plant_in_appends() -> None:
    append = RecorderLog.append

    def acknowledged(self: RecorderLog, events: Sequence[Any], **options: Any) -> int:
        engine = options["writer"].startswith("engine:")
        if engine:
            maybe_die("engine: before an append")
        first = append(self, events, **options)
        note("acks", f"{first} {len(events)} {content_digest(events)}")
        if engine:
            maybe_die("engine: after an append")
        return first

    RecorderLog.append = acknowledged  # type: ignore[method-assign]


def _plant_in_transactions() -> None:
    insert = SQLiteApplicationRecorder._insert_events

    def inserted(self: Any, cursor: Any, events: Sequence[Any], **options: Any) -> Any:
        ids = insert(self, cursor, events, **options)
        in_worker = Path("/proc/self/fd/1").resolve().name == "stdout"
        maybe_die("worker: inside the transaction" if in_worker else "engine: inside the transaction")
        return ids

    SQLiteApplicationRecorder._insert_events = inserted  # type: ignore[method-assign, assignment]


def plant() -> None:
    """Plant every point in this process and in those it forks."""
    random.seed()
    os.register_at_fork(after_in_child=random.seed)
    _plant_in_appends()
    _plant_in_transactions()
    _around(Evaluators, "_evaluate", "engine: before an evaluation", "engine: after an evaluation")
    _around(LocalLauncher, "_launch", "launcher: before a launch", "launcher: after a launch")
    # The host's module runs as __main__, a copy that patches of the imported one do not reach.
    if "ticktrail.adapters.runs.host" in sys.orig_argv:
        _around(os, "fork", "host: before a fork", None)
    _around(worker.RunWriter, "claim", "worker: before the claim", "worker: after the claim")
    _around(worker, "execute_job", None, "worker: after the steps")
    _around(worker, "_work", None, "worker: after the end")
