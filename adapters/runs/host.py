"""The run host: a process that has loaded the definitions once and forks a worker for each run.

It has one thread, so forking is safe, and a run costs milliseconds instead of an interpreter's
start. It reads one JSON object per line from its standard input (`Launch`) and writes one per line
to what was its standard output (`Ready`, `Exited`). It ends when its input does; workers that still
run go on by themselves.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import msgspec

from ...core.errors import TickTrailError
from ..definitions_file import LoadedDefinitions, load_definitions
from ..home import Home
from .worker import work


class Launch(msgspec.Struct, tag="launch"):
    """Start a run; see `work` for the fields."""

    run: str
    cause: int
    since: int


class Ready(msgspec.Struct, tag="ready"):
    """The definitions are loaded; or they are not, and *problem* says why."""

    problem: str | None = None


class Exited(msgspec.Struct, tag="exited"):
    """The worker of a run has ended.

    Attributes:
        status: As `os.waitpid` gives it.
    """

    run: str
    pid: int
    status: int


class NotStarted(msgspec.Struct, tag="not started"):
    """The system gave no process for a run."""

    run: str
    problem: str


class RunHost:
    """Forks workers on request and tells how they ended."""

    def __init__(self, home: Home, loaded: LoadedDefinitions, replies: int) -> None:
        self._home, self._loaded, self._replies = home, loaded, replies
        self._workers: dict[int, str] = {}
        self._pending = b""
        self._child_ended, wake = os.pipe()
        for end in (self._child_ended, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Work until the standard input ends."""
        while True:
            ready, _, _ = select.select([0, self._child_ended], [], [])
            if 0 in ready and not self._take_requests():
                return
            if self._child_ended in ready:
                os.read(self._child_ended, 4096)
                self._reap()

    def _take_requests(self) -> bool:
        received = os.read(0, 65536)
        *lines, self._pending = (self._pending + received).split(b"\n")
        for line in lines:
            self._launch(msgspec.json.decode(line, type=Launch))
        return bool(received)

    def _launch(self, launch: Launch) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as error:
            reply(self._replies, NotStarted(run=launch.run, problem=str(error)))
            return
        if pid == 0:
            os._exit(self._in_child(launch))
        self._workers[pid] = launch.run

    def _in_child(self, launch: Launch) -> int:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.close(self._replies)
            code = work(self._home, self._loaded, launch.run, launch.cause, launch.since)
        except BaseException:  # noqa: BLE001 the child must end here, whatever happens
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        return code

    def _reap(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if (run := self._workers.pop(pid, None)) is not None:
                reply(self._replies, Exited(run=run, pid=pid, status=status))


def reply(descriptor: int, message: Ready | Exited | NotStarted) -> None:
    """Write *message* as one line."""
    os.write(descriptor, msgspec.json.encode(message) + b"\n")


def main(home: str, file: str | None, module: str | None) -> int:
    """Load the definitions, then serve for as long as there is somebody to serve."""
    try:
        return _serve(home, file, module)
    except BrokenPipeError:
        # The engine is gone; workers that still run tell the log of their ends themselves.
        return 0


def _serve(home: str, file: str | None, module: str | None) -> int:
    replies = os.dup(1)
    os.dup2(2, 1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        opened = Home.open(home, create=False)
        loaded = load_definitions(None if file is None else Path(file), module)
    except TickTrailError as error:
        reply(replies, Ready(problem=str(error)))
        return 1
    host = RunHost(opened, loaded, replies)
    reply(replies, Ready())
    host.serve()
    return 0


if __name__ == "__main__":
    kind, where = sys.argv[2], sys.argv[3]
    sys.exit(main(sys.argv[1], where if kind == "file" else None, where if kind == "module" else None))
